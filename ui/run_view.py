"""Show one training run: state, progress, result, learning curves, actions."""

from collections.abc import Mapping
from contextlib import suppress

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mammo_core.documents.job import FINAL, State
from mammo_core.documents.metrics import METRICS, EpochRecord, StepRecord, read_metrics
from mammo_core.documents.verification import describe_verification
from mammo_core.errors import DataError
from mammo_core.figures.training import (
    CURVES,
    PROGRESSIONS,
    CurveMetric,
    CurveOptions,
    Records,
    epochs_table,
    learning_curves,
)
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.runs import any_active, run_folder
from mammo_core.jobs.training import can_resume, resume
from mammo_core.jobs.training_runs import TrainingRun, first_run, read_run, run_table, short_names, summary_table
from mammo_core.storage.hashing import FileStates, file_states
from mammo_core.storage.spreadsheet import spreadsheet_csv
from mammo_core.workspace import Workspace
from ui.access.sign_in import request
from ui.example_breasts import show_example_breasts
from ui.literal import literal, literal_table
from ui.live_chart import Drawing, live_chart, to_drawing
from ui.run_notice import offer_notice
from ui.run_result import show_result
from ui.session import errors_shown, errors_shown_here, state_badge
from ui.stop_button import show_stop_button

REFRESH_SECONDS = 1.0
TABLE_ROWS = 8  # shown at once; more are scrolled


def choose_run(runs: list[TrainingRun], workspace: Workspace, bar: DeltaGenerator) -> None:
    """Let the user choose a run, and show it.

    The user also chooses other runs to compare it with, and how to draw them. The view is refreshed while one of them is
    active.

    Args:
        runs: at least one.
        workspace: the folders to work in.
        bar: a horizontal container for the choices.
    """
    labels = {run.name: run.label() for run in runs}
    first = first_run(runs)
    adopt_address(list(labels))
    if st.session_state.get("run") not in labels and first is not None:
        st.session_state["run"] = first.name
    if "run" in st.session_state:  # set anew, or the browser would keep the label that the run had when it was chosen
        st.session_state["run"] = st.session_state["run"]
    with bar:
        name = st.selectbox("Run", list(labels), key="run", format_func=labels.__getitem__, width=260)
        others = st.multiselect(
            "Compare with",
            [run for run in labels if run != name],
            key="others",
            format_func=labels.__getitem__,
            placeholder="no other run",
            width=230,
        )
        active = any(run.is_active for run in runs if run.name in (name, *others))
        options, polled = choose_options(active)
    keep_address({"run": [name], "others": others})
    refresh = REFRESH_SECONDS if polled else None
    st.fragment(errors_shown_here()(show_run), run_every=refresh)(workspace, name, others, options, active)


def adopt_address(known: list[str]) -> None:
    """Choose the runs that the page's address names, if it has changed.

    Another page or a reload changes it. It may name a run that was deleted meanwhile, or is of other data.

    Streamlit's own binding would put the labels of the runs there, which change while they run.
    """
    given = {key: st.query_params.get_all(key) for key in ("run", "others")}
    if given == st.session_state.get("address of runs"):
        return
    if given["run"] and given["run"][0] in known:
        st.session_state["run"] = given["run"][0]
        st.session_state["others"] = [name for name in given["others"] if name in known and name != given["run"][0]]
    elif given["run"]:
        st.info(f"There is no run {literal(given['run'][0])} on these data.", icon=":material/search_off:")


def keep_address(chosen: dict[str, list[str]]) -> None:
    """Put the chosen runs into the page's address."""
    st.session_state["address of runs"] = chosen
    for key, names in chosen.items():
        if st.query_params.get_all(key) != names:
            st.query_params[key] = names


def choose_options(active: bool) -> tuple[CurveOptions, bool]:
    """Let the user choose how curves are drawn, and whether they are updated.

    Args:
        active: whether one of the runs is.
    """
    with st.popover("Curves", icon=":material/tune:"):
        live = active and st.toggle("Live", True, help="Updated every second. Zoom and legend choices are kept.")
        progression = st.segmented_control("Horizontal axis", PROGRESSIONS, default="epoch", required=True)
        logarithmic = st.toggle("Logarithmic loss")
        smoothing = st.slider(
            "Smoothing", 0.0, 0.98, 0.8, help="Moving average of the steps; 0 shows them as they are."
        )
    return CurveOptions(logarithmic, smoothing, progression), live


def show_run(workspace: Workspace, name: str, others: list[str], options: CurveOptions, active: bool = False) -> None:
    """Show one run.

    A fragment calls this every second while the run, or one that it is compared with, is active.

    Args:
        workspace: the folders to work in.
        name: of the run.
        others: names of the runs that it is compared with.
        options: how curves are drawn.
        active: whether one of the runs was, when the page around this was drawn.
    """
    job = JobFolder(run_folder(workspace, name))
    state = job.state()
    head, action = st.columns([5, 1], vertical_alignment="center")
    head.markdown(f"**{literal(name)}** {run_badge(state)} {literal(job.message())}")
    with action:
        show_actions(workspace, job, state)
    offer_notice([JobFolder(run_folder(workspace, run)) for run in (name, *others)])
    if state not in FINAL:
        st.progress(job.fraction(), text=literal(" · ".join(filter(None, (job.progress_text(), job.age_text())))))
    else:
        with errors_shown_here():
            show_result(workspace, name)
    with errors_shown_here():
        show_curves(workspace, [name, *others], options)
    show_example_breasts(job.path)
    if active and not any_active(workspace, [name, *others]):
        st.rerun()  # the complete page once more, without polling


def run_badge(state: State) -> str:
    """Return the badge of a run's state.

    An end isn't green: its result shows whether the model is any good.
    """
    return ":gray-badge[:material/check_circle: finished]" if state == "finished" else state_badge(state)


def show_actions(workspace: Workspace, job: JobFolder, state: str) -> None:
    """Show the button that stops or resumes a run."""
    if state not in FINAL:
        show_stop_button(job, "The best model so far is kept.")
    elif can_resume(job) and st.button("Resume", icon=":material/resume:", width="stretch", key="resume"):
        with errors_shown():
            request("train", job.name)
            resume(workspace, job.name)
        st.rerun()


def show_curves(workspace: Workspace, names: list[str], options: CurveOptions) -> None:
    """Show the learning curves of one or several runs, and a summary of each."""
    runs = [read_run(workspace, name) for name in names]
    titles = short_names(runs)
    versions = {titles[name]: file_states([run_folder(workspace, name) / METRICS]) for name in names}
    records = {titles[name]: records_of(workspace, name) for name in names}
    drawn = {title: of_run for title, of_run in records.items() if has_points(of_run)}
    version = tuple((title, versions[title]) for title in drawn)
    left, right = st.columns(2)
    for column, metric in zip((left, right, left), CURVES, strict=True):
        with column:
            if drawn:
                live_chart(draw(drawn, version, metric, options), f"{metric} of {' '.join(names)}")
    with right if drawn else left:
        show_summary(workspace, runs)
        if drawn:
            offer_numbers(drawn, " ".join(names))
        if len(drawn) > 1:
            st.caption("Solid lines: validation. Dotted lines: training. Star: best validation AUC.")
        if missing := [title for title in records if title not in drawn and len(names) > 1]:
            st.caption(f"Without a point yet: {literal(', '.join(missing))}.")


def offer_numbers(runs: Mapping[str, Records], key: str) -> None:
    """Offer the metrics of each epoch of runs as a CSV.

    The charts' own tools save pictures.
    """
    st.download_button(
        "Learning curves, CSV",
        lambda: spreadsheet_csv(epochs_table(runs)),
        "learning-curves.csv",
        "text/csv",
        icon=":material/download:",
        key=f"numbers of {key}",
        on_click="ignore",
    )


def records_of(workspace: Workspace, name: str) -> Records:
    """Return a run's records; if they are damaged, say so and return none."""
    with errors_shown_here():
        return read_metrics(run_folder(workspace, name))
    return []


def has_points(records: Records) -> bool:
    """Return whether there is anything to draw."""
    return any(isinstance(record, (StepRecord, EpochRecord)) for record in records)


@st.cache_data(show_spinner=False, max_entries=64)
def draw(
    _runs: Mapping[str, Records],
    version: tuple[tuple[str, FileStates], ...],
    metric: CurveMetric,
    options: CurveOptions,
) -> Drawing:
    """Draw a metric of runs, once for all who follow them.

    `version` is the key of their records.
    """
    return to_drawing(learning_curves(_runs, metric, options))


def show_summary(workspace: Workspace, runs: list[TrainingRun]) -> None:
    """Show settings and results of runs side by side."""
    st.table(literal_table(summary_table(runs)), hide_index=True, border="horizontal")
    with errors_shown_here():
        if verification := describe_verification(run_folder(workspace, runs[0].name)):
            st.caption(literal(verification))


def show_other_runs(jobs: list[JobFolder], runs: list[TrainingRun]) -> None:
    """Name trainings that are queued or running on other data, with a link to each."""
    shown = {run.name for run in runs}
    for job in jobs:
        with suppress(DataError):  # its view says what is wrong with it
            if job.kind() == "train" and job.name not in shown:
                st.page_link(
                    "pages/train.py",
                    label=f"{literal(job.name)} is {literal(job.state())}: show it",
                    icon=":material/play_circle:",
                    query_params={"run": job.name},
                )


def show_runs(runs: list[TrainingRun]) -> None:
    """Show a table of runs; a click on one shows it."""
    names = [run.name for run in runs]

    def choose() -> None:
        if rows := st.session_state["table of runs"]["selection"]["rows"]:
            st.session_state["run"] = names[rows[0]]

    st.markdown("**Runs on this data.** Select one to show it.")
    st.dataframe(
        run_table(runs),
        hide_index=True,
        on_select=choose,
        selection_mode="single-row",
        key="table of runs",
        height="content" if len(runs) <= TABLE_ROWS else "auto",
    )
