import pytest

from builders.app import plain, show_component
from builders.runs import write_training_run
from builders.sweeps import NAME, write_sweep
from mammo_core.assessment.checklist import Step
from mammo_core.jobs.doctor import DoctorJob
from mammo_core.jobs.evaluation import EvaluationJob
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.lesson import LessonJob
from ui import job_status
from ui.job_status import show_checklist


def test_show_checklist_highlights_only_the_first_step_that_is_not_done():
    steps = [
        Step("data", "Add", "my_set", True),
        Step("data", "Import", "advice", False),
        Step("train", "Train", "later", False),
    ]
    app = show_component(links_of, steps)
    assert app.session_state["result"] == [
        ("**1 · Add** :small[my_set]", ":material/check_circle:"),
        ("**2 · Import** :blue-badge[next] :small[advice]", ":material/arrow_circle_right:"),
        ("**3 · Train** :small[later]", ":material/radio_button_unchecked:"),
    ]


def links_of(steps):
    import streamlit as st

    shown = []
    page_link, st.page_link = st.page_link, lambda page, label, icon, **_: shown.append((plain(label), icon))
    try:
        show_checklist(steps)
    finally:
        st.page_link = page_link
    return shown


def write_job(workspace, kind):
    """Write a job of a kind, and return its folder."""
    if kind == "sweep":
        return write_sweep(workspace, "running")[1]
    if kind == "run":
        return write_training_run(workspace, "first", "running")
    job = {
        "lesson": LessonJob(store="demo"),
        "evaluation": EvaluationJob(model="demo", identity="a" * 64, store="demo"),
        "check": DoctorJob(store="demo"),
    }[kind]
    folder = JobFolder(job.folder(workspace))
    folder.write_request(job)
    folder.write_state("running")
    return folder


@pytest.mark.parametrize(
    ("kind", "page", "parameters", "name"),
    [
        ("run", "train", {"run": "first"}, "first"),
        ("sweep", "train", {"section": "Sweeps", "sweep": NAME}, NAME),
        ("lesson", "train", {"store": "demo"}, "Lesson on demo"),
        ("evaluation", "models", None, "Evaluation on demo"),
        ("check", "explore", None, "Check of demo"),  # of a store that is gone
    ],
)
def test_show_running_links_to_where_a_job_is_followed(workspace, monkeypatch, kind, page, parameters, name):
    links = []
    monkeypatch.setattr(
        job_status.st,
        "page_link",
        lambda page, label, icon, query_params: links.append((page, plain(label), query_params)),
    )
    with write_job(workspace, kind).lock():
        app = show_component(job_status.show_running)
    assert not app.exception
    assert links == [(f"pages/{page}.py", f"**{name}** :blue-badge[:material/play_circle: running]", parameters)]


def test_running_check_of_a_store_is_followed_among_its_findings(prepared, monkeypatch):
    links = []
    monkeypatch.setattr(
        job_status.st, "page_link", lambda page, **options: links.append((page, options["query_params"]))
    )
    with write_job(prepared, "check").lock():
        assert not show_component(job_status.show_running).exception
    assert links == [("pages/explore.py", {"dataset": "demo", "tab": "Quality", "prepared": "demo"})]
