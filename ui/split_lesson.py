"""Show on the Train page how a split by image and a plain accuracy deceive."""

import pandas as pd
import streamlit as st

from mammo_core.dataset.store import Store
from mammo_core.documents.job import FINAL
from mammo_core.documents.metrics import METRICS, read_metrics
from mammo_core.documents.split_lesson import TITLES, SplitLesson
from mammo_core.evaluation.tables import format_ci
from mammo_core.figures.training import CurveMetric, CurveOptions
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.lesson import LessonJob, read_lesson
from mammo_core.jobs.process import launch
from mammo_core.storage.hashing import file_states
from mammo_core.workspace import Workspace
from ui.access.sign_in import request
from ui.literal import literal
from ui.live_chart import live_chart
from ui.run_view import draw, has_points, offer_numbers
from ui.session import errors_shown, errors_shown_here, state_badge
from ui.stop_button import show_stop_button

REFRESH_SECONDS = 1.0
INTRODUCTION = (
    "A network can reach a high accuracy and have learned nothing. Here the same network is trained twice on your images: once "
    "with its test images drawn **image by image**, and once with test images of **other patients**. Then both predict patients "
    "whom neither has seen."
)
SHOWN: tuple[CurveMetric, ...] = ("accuracy", "auc")
EXPLAINED = ("Accuracy", "Split by image", "Split by patient")  # in the order of `SplitLesson.describe`


def show_lesson(workspace: Workspace, store: Store) -> None:
    """Show the lesson of a store, and let the user start it."""
    lesson = st.expander("Show me the lie", icon=":material/school:", key="lesson", on_change="rerun")
    if not lesson.open:
        return
    with lesson:
        job = JobFolder(LessonJob(store=store.name).folder(workspace))
        is_active = job.exists and job.state() not in FINAL
        st.markdown(INTRODUCTION)
        refresh = REFRESH_SECONDS if is_active else None
        st.fragment(errors_shown_here()(follow_lesson), run_every=refresh)(workspace, store.name, job, is_active)


def follow_lesson(workspace: Workspace, store: str, job: JobFolder, was_active: bool) -> None:
    """Show how far a lesson is, and what came of it.

    A fragment calls this every second while it is active.

    Args:
        workspace: the folders to work in.
        store: name of the store.
        job: the lesson's folder.
        was_active: whether the lesson was active when the page around this was drawn.
    """
    state = job.state() if job.exists else None
    if state is not None and state not in FINAL:
        left, right = st.columns([5, 1], vertical_alignment="center")
        left.progress(job.fraction(), text=literal(job.progress_text()))
        with right:
            show_stop_button(job, "It can go on from there later.")
        show_lesson_curves(job)
        return
    if was_active:
        st.rerun()  # the complete page once more, without polling
    lesson = read_lesson(workspace, store)
    if lesson is None and state is not None:
        st.markdown(f"{state_badge(state)} {literal(job.message())}")
    if lesson is not None:
        show_outcome(lesson)
        show_lesson_curves(job)
    offer_lesson(workspace, store, "Show it" if state is None else "Repeat" if lesson else "Go on")


def offer_lesson(workspace: Workspace, store: str, label: str) -> None:
    """Show the button that starts a lesson."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(literal(label), key="start the lesson", icon=":material/play_arrow:"):
            with errors_shown():
                request("train", store)
                launch(LessonJob(store=store), workspace)
            st.rerun()
        st.caption("Trains twice; a few minutes for some hundred images.", width="content")


def show_outcome(lesson: SplitLesson) -> None:
    """Show the figures of both networks, and what there is to learn from them."""
    st.dataframe(outcome_table(lesson), hide_index=True, width="content")
    for column, title, text in zip(st.columns(len(EXPLAINED)), EXPLAINED, lesson.describe(), strict=True):
        column.markdown(f"**{literal(title)}**  \n{literal(text)}")


def outcome_table(lesson: SplitLesson) -> pd.DataFrame:
    """Return a lesson's figures as text, a row for each network and set of images."""
    rows = [
        {
            "network": title,
            "images": kind,
            "number": f"{figures.images:,}",
            "accuracy": f"{100 * figures.accuracy:.1f} %",
            "accuracy of always “negative”": f"{100 * figures.always_negative:.1f} %",
            "AUC (95 % CI)": format_ci(figures.auc),
        }
        for title, outcome in zip(TITLES.values(), (lesson.by_image, lesson.by_patient), strict=True)
        for kind, figures in (("its own test images", outcome.own), ("unseen patients", outcome.unseen))
    ]
    return pd.DataFrame(rows)


def show_lesson_curves(job: JobFolder) -> None:
    """Show the learning curves of both trainings, beside each other."""
    files = {title: job.path / name / METRICS for name, title in TITLES.items()}
    versions = {title: file_states([file]) for title, file in files.items()}
    records = {title: read_metrics(file.parent) for title, file in files.items()}
    drawn = {title: of_run for title, of_run in records.items() if has_points(of_run)}
    if not drawn:
        return
    version = tuple((title, versions[title]) for title in drawn)
    for column, metric in zip(st.columns(len(SHOWN)), SHOWN, strict=True):
        with column:
            live_chart(draw(drawn, version, metric, CurveOptions()), f"{metric} of the lesson on {job.name}")
    offer_numbers(drawn, f"the lesson on {job.name}")
