import pytest
from streamlit.testing.v1 import AppTest

from builders.app import PATIENCE
from builders.jobs import FakeJob
from mammo_core.jobs.folder import JobFolder


def button(path):
    from pathlib import Path

    from mammo_core.jobs.folder import JobFolder
    from ui.stop_button import show_stop_button

    show_stop_button(JobFolder(Path(path)), "The best model so far is kept.")


@pytest.fixture
def job(tmp_path) -> JobFolder:
    folder = JobFolder(tmp_path / "fake")
    folder.write_request(FakeJob())
    return folder


def test_stop_button_requests_a_stop_and_then_offers_to_end_at_once(job):
    with job.lock():
        app = AppTest.from_function(button, args=(str(job.path),), default_timeout=PATIENCE).run()
        assert [shown.label for shown in app.button] == ["Stop"]
        app.button[0].click().run()
    assert job.stop_requested()
    assert [shown.label for shown in app.button] == ["Stop now"]
    assert not app.toast


def test_stop_button_shows_as_a_toast_why_a_job_cannot_be_ended(job):
    job.request_stop()
    with job.lock():
        app = AppTest.from_function(button, args=(str(job.path),), default_timeout=PATIENCE).run()
        app.button[0].click().run()
    assert [toast.value for toast in app.toast] == [
        "fake can't be ended at once: its process is not known yet. Try again in a few seconds."
    ]
    assert not app.exception
