import pytest

from builders.app import live_charts, plain, show_component, widget
from builders.lessons import make_lesson
from mammo_core.dataset.store import open_store
from mammo_core.documents.metrics import METRICS, EpochRecord, append_record
from mammo_core.documents.split_lesson import BY_IMAGE, BY_PATIENT, SplitLesson
from mammo_core.errors import JobError
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.lesson import LessonJob
from ui import split_lesson


@pytest.fixture
def job(prepared):
    """The folder of the lesson on the store "demo", which wasn't begun."""
    return JobFolder(LessonJob(store="demo").folder(prepared))


@pytest.fixture
def launched(monkeypatch):
    """The jobs that are launched from now on."""
    jobs = []
    monkeypatch.setattr(split_lesson, "launch", lambda job, workspace: jobs.append(job))
    return jobs


def show(prepared, job, was_active=False):
    app = show_component(split_lesson.follow_lesson, prepared, "demo", job, was_active)
    assert not app.exception
    return app


def write_epochs(job, *names):
    for name in names:
        (job.path / name).mkdir()
        record = EpochRecord(
            time=0.0, epoch=1, seconds=1.0, loss=0.5, val_loss=0.25, auc=0.75, val_auc=0.5, accuracy=0.5,
            val_accuracy=0.5, learning_rate=1e-3,
        )  # fmt: skip
        append_record(job.path / name / METRICS, record)


def write_outcome(job):
    lesson = make_lesson()
    lesson.write(job.path / SplitLesson.file_name)
    return lesson


def test_lesson_that_was_not_begun_can_be_started(prepared, job, launched):
    app = show(prepared, job)
    assert not app.dataframe
    widget(app, "button", "Show it").click().run()
    assert launched == [LessonJob(store="demo")]


def test_lesson_that_cannot_be_started_says_why(prepared, job, monkeypatch):
    def fail(job, workspace):
        raise JobError("The disk is full.")

    monkeypatch.setattr(split_lesson, "launch", fail)
    app = show(prepared, job)
    widget(app, "button", "Show it").click().run()
    assert [plain(error.value) for error in app.error] == ["The disk is full."]


def test_running_lesson_shows_progress_and_the_curves_of_what_has_begun(prepared, job, launched):
    job.write_request(LessonJob(store="demo"))
    job.write_state("running")
    write_epochs(job, BY_IMAGE)
    with job.lock():
        app = show(prepared, job)
        assert [button.label for button in app.button] == ["Stop"]
        assert len(app.get("progress")) == 1
        assert len(live_charts(app)) == 2


def test_finished_lesson_shows_figures_what_they_mean_and_both_curves(prepared, job, launched):
    job.write_request(LessonJob(store="demo"))
    job.write_state("finished", "Both networks are trained and compared.")
    write_epochs(job, BY_IMAGE, BY_PATIENT)
    lesson = write_outcome(job)
    app = show(prepared, job)
    table = app.dataframe[0].value
    assert table[["network", "images"]].values.tolist() == [
        ["Split by image", "its own test images"],
        ["Split by image", "unseen patients"],
        ["Split by patient", "its own test images"],
        ["Split by patient", "unseen patients"],
    ]
    assert set(table["accuracy"]) == {"90.0 %"}
    shown = [plain(text.value) for text in app.markdown]
    assert all(any(text in one for one in shown) for text in lesson.describe())
    for _, figure in live_charts(app):
        assert {trace["name"] for trace in figure["data"]} >= {"Split by image", "Split by patient"}
    widget(app, "button", "Repeat").click().run()
    assert launched == [LessonJob(store="demo")]


def test_stopped_lesson_can_go_on(prepared, job, launched):
    job.write_request(LessonJob(store="demo"))
    job.write_state("stopped", "Stopped.")
    app = show(prepared, job)
    assert any("Stopped." in plain(text.value) for text in app.markdown)
    assert [button.label for button in app.button] == ["Go on"]


def test_damaged_outcome_is_one_sentence(prepared, job, launched):
    job.write_request(LessonJob(store="demo"))
    job.write_state("finished", "Both networks are trained and compared.")
    (job.path / SplitLesson.file_name).write_text("[]")
    app = show_component(split_lesson.errors_shown_here()(split_lesson.follow_lesson), prepared, "demo", job, False)
    assert ["lesson.json" in error.value for error in app.error] == [True]


def test_show_lesson_is_closed_until_someone_opens_it(prepared, launched):
    app = show_component(split_lesson.show_lesson, prepared, open_store(prepared, "demo"))
    assert [expander.label for expander in app.expander] == ["Show me the lie"]
    assert not app.button
