from datetime import UTC, datetime

import pytest
import streamlit as st

from builders.app import plain, show_component, without_error
from builders.doctor import report
from mammo_core.dataset.store_checks import StoreCheck
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.progress import Progress
from mammo_core.errors import AccessError, JobError
from mammo_core.jobs.doctor import STOPPED, DoctorJob, check_job
from mammo_core.jobs.folder import JobFolder
from ui import check_status
from ui.check_status import show_check


@pytest.fixture
def launched(monkeypatch):
    """The jobs that are launched from now on."""
    jobs = []
    monkeypatch.setattr(check_status, "launch", lambda job, workspace: jobs.append(job))
    return jobs


@pytest.fixture
def other(prepared, store):
    """A store of another data set, of the same preprocessing."""
    folder = prepared.prepared / "other"
    folder.mkdir()
    store.preprocessing.write(folder / store.preprocessing.file_name)
    store.source().model_copy(update={"csv": "other/train.csv"}).write(folder / StoreSource.file_name)
    return "other"


def show(store, check=None):
    return show_component(_show, store, check)


def _show(store, check):
    show_check(st.container(), store, 73, check, False)


def requested(store, workspace, **changes) -> JobFolder:
    job = check_job(workspace, store.name)
    job.write_request(DoctorJob(store=store.name, **changes))
    return job


def test_check_compares_with_the_chosen_stores(store, other, launched):
    app = without_error(show(store))
    assert app.button(key="check images").label == "Check the images"
    app.multiselect(key="compare demo").set_value([other]).run()
    app.button(key="check images").click().run()
    assert launched == [DoctorJob(store="demo", others=(other,))]


def test_stopped_check_is_resumed_with_the_same_stores(prepared, store, other, launched):
    requested(store, prepared, others=(other, "deleted since")).write_state("stopped", STOPPED)
    app = without_error(show(store))
    assert plain(app.markdown[0].value).endswith(STOPPED)
    assert app.button(key="check images").label == "Resume the check"
    app.button(key="check images").click().run()
    assert launched == [DoctorJob(store="demo", others=(other,))]


def test_failed_check_says_why(prepared, store, launched):
    requested(store, prepared).write_state("failed", "It *broke*.")
    app = without_error(show(store))
    assert "It *broke*." in plain(app.markdown[0].value)
    assert ":red-badge[" in app.markdown[0].value


def test_running_check_shows_phase_and_progress_and_can_be_stopped(prepared, store):
    job = requested(store, prepared)
    job.write_state("running")
    job.write_progress(Progress(done=3, total=9, phase="Comparing similar images"))
    with job.lock():
        app = without_error(show(store))
        assert [button.label for button in app.button] == ["Stop"]
        text = app.get("progress")[0].proto.text
        assert plain(text) == "Comparing similar images · 3 of 9 images …"
        app.button[0].click().run()
        assert app.button[0].label == "Stop now"
    assert job.stop_requested()


def test_check_that_ended_is_announced_and_the_page_shown_again(prepared, store, monkeypatch):
    monkeypatch.setattr(st, "rerun", st.stop)  # here the same would be shown for ever
    job = requested(store, prepared)
    job.write_state("finished", "Done.")
    app = show_component(check_status.follow_check, job)
    assert app.session_state["announcement"] == "Check of demo: finished."
    assert not app.get("progress")


def test_check_that_cannot_start_says_why(store, monkeypatch):
    def fail(job, workspace):
        raise JobError("The disk is full.")

    monkeypatch.setattr(check_status, "launch", fail)
    app = show(store)
    app.button(key="check images").click().run()
    assert [plain(error.value) for error in app.error] == ["The disk is full."]


def test_whoever_may_not_check_starts_nothing_and_reads_why(store, launched, monkeypatch):
    def deny(action, name):
        raise AccessError(f"Not allowed: {action}, {name}.")

    monkeypatch.setattr(check_status, "request", deny)
    app = show(store)
    app.button(key="check images").click().run()
    assert [plain(error.value) for error in app.error] == ["Not allowed: check data, demo."]
    assert launched == []


def test_store_with_a_report_offers_another_check(store, launched):
    check = StoreCheck(report(), datetime.now(UTC), outdated=False)
    app = without_error(show(store, check))
    assert app.button(key="check images").label == "Check again"
    assert not app.info
