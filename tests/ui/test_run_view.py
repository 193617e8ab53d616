"""One training run, made of the files that a trainer writes."""

import pytest
from streamlit.testing.v1 import AppTest

from builders.app import live_charts, plain, show_component, widget
from mammo_core.documents.card import PartCounts
from mammo_core.documents.metrics import METRICS, EpochRecord, StartRecord, append_record
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.documents.verification import VERIFICATION, Verification
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.training import TrainJob
from mammo_core.workspace import Workspace
from ui import run_view

COUNTS = PartCounts(images=4, patients=2, positive_images=1, positive_patients=1)
START = StartRecord(time=0.0, parts={"train": COUNTS, "validation": COUNTS, "test": COUNTS})
CONFIG = TrainingConfig(store="demo", epochs=3)


def epoch(number: int) -> EpochRecord:
    return EpochRecord(
        time=0.0, epoch=number, seconds=1.0, loss=0.5, val_loss=0.25, auc=0.75, val_auc=0.5, accuracy=0.5,
        val_accuracy=0.5, learning_rate=1e-3,
    )  # fmt: skip


def write_run(workspace: Workspace, name: str, state: str = "finished", epochs: int = 2) -> JobFolder:
    """Write the folder of a run with a state and some epochs."""
    folder = JobFolder(workspace.models / name)
    folder.write_request(TrainJob(name=name, config=CONFIG))
    folder.write_state(state, f"{name} ended.")
    for record in (START, *map(epoch, range(1, epochs + 1))):
        append_record(folder.path / METRICS, record)
    return folder


def show(workspace: Workspace, name: str, others: list[str] | None = None) -> AppTest:
    return show_component(run_view.show_run, workspace, name, others or [], False, 0.5)


def test_show_run_states_its_end_and_draws_its_curves(workspace):
    write_run(workspace, "first_run")
    app = show(workspace, "first_run")
    assert (
        plain(app.markdown[0].value) == "**first_run** :green-badge[:material/check_circle: finished] first_run ended."
    )
    figures = [figure for _, figure in live_charts(app)]
    assert [figure["layout"]["uirevision"] for figure in figures] == ["loss", "scores"]
    assert app.caption[-1].value == "Dashed line: a model that always predicts “negative”."
    assert not app.get("progress")


def test_show_run_charts_keep_their_identity_when_metrics_are_appended(workspace):
    run = write_run(workspace, "first")
    app = show(workspace, "first")
    before = live_charts(app)
    append_record(run.path / METRICS, epoch(3))
    after = live_charts(app.run())
    assert [identity for identity, _ in after] == [identity for identity, _ in before]
    assert after[0][1]["data"] != before[0][1]["data"]


def test_show_run_compares_several_runs(workspace):
    for name in ("first", "second"):
        write_run(workspace, name)
    charts = live_charts(show(workspace, "first", ["second"]))
    assert len(charts) == 4
    for _, figure in charts[2:]:
        assert {trace["name"] for trace in figure["data"]} == {
            "first",
            "first, best epoch",
            "second",
            "second, best epoch",
        }


@pytest.mark.parametrize(
    ("verified", "sentence"),
    [
        (True, "Saved model verified (reloaded; same predictions on 9 images)."),
        (False, "Saved model not verified: after reloading, its predictions on 9 images differ by up to 0.2."),
    ],
)
def test_show_run_states_whether_the_saved_model_is_verified(workspace, verified, sentence):
    run = write_run(workspace, "first")
    Verification(verified=verified, largest_difference=0.25, images=9).write(run.path / VERIFICATION)
    assert plain(show(workspace, "first").caption[0].value) == sentence


def test_show_run_damaged_metrics_are_one_error(workspace):
    run = write_run(workspace, "first")
    (run.path / METRICS).write_text("no JSON\n")
    app = show(workspace, "first")
    assert not app.exception
    assert ["metrics.jsonl" in error.value for error in app.error] == [True]


def test_show_run_active_run_has_progress_and_can_be_stopped(workspace):
    run = write_run(workspace, "first", "running", epochs=0)
    with run.lock():
        app = show(workspace, "first")
        assert len(app.get("progress")) == 1
        assert [button.label for button in app.button] == ["Stop"]
        assert app.session_state["followed"] == ["first"]
    run.write_state("stopped", "Stopped.")
    app.run()
    assert "followed" not in app.session_state
    assert not app.get("progress")


def test_show_actions_stopped_run_can_be_resumed(workspace, monkeypatch):
    resumed = []
    monkeypatch.setattr(run_view, "resume", lambda workspace, name: resumed.append(name))
    write_run(workspace, "first", "stopped")
    app = show(workspace, "first")
    app.button(key="resume").click().run()
    assert resumed == ["first"]
    write_run(workspace, "second", "finished")
    assert not show(workspace, "second").button


def test_choose_run_compares_with_other_runs_only(workspace):
    for name in ("first", "second"):
        write_run(workspace, name)
    app = show_component(run_view.choose_run, ["second", "first"], workspace)
    assert app.selectbox(key="run").value == "second"
    assert app.multiselect(key="others").options == ["first"]
    widget(app, "selectbox", "Run").select("first").run()
    assert app.multiselect(key="others").options == ["second"]
    assert plain(app.markdown[0].value).startswith("**first** ")
