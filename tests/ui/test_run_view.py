"""One training run, made of the files that a trainer writes."""

import time

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from builders.app import PATIENCE, live_charts, plain, show_component
from mammo_core.documents.card import PartCounts
from mammo_core.documents.metrics import METRICS, EpochRecord, StartRecord, append_record
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.documents.verification import VERIFICATION, Verification
from mammo_core.figures.training import CurveOptions
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.training import TrainJob
from mammo_core.jobs.training_runs import store_runs
from mammo_core.models.example_maps import without_epochs, write_example_maps
from mammo_core.workspace import Workspace
from ui import run_view
from ui.live_chart import to_drawing

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
    return show_component(run_view.show_run, workspace, name, others or [], CurveOptions(smoothing=0.5))


def test_show_run_states_its_end_and_draws_its_curves(workspace):
    write_run(workspace, "first_run")
    app = show(workspace, "first_run")
    assert (
        plain(app.markdown[0].value) == "**first_run** :gray-badge[:material/check_circle: finished] first_run ended."
    )
    figures = [figure for _, figure in live_charts(app)]
    assert {figure["layout"]["uirevision"] for figure in figures} == {"loss", "auc", "accuracy"}
    values = app.table[0].value.set_index("run").iloc[:, 0]
    assert (values["network"], values["epochs"]) == ("compact", "2 of at most 3")
    assert not app.get("progress")


def test_show_run_shows_its_example_breasts(workspace):
    run = write_run(workspace, "first_run")
    pictures = without_epochs(np.zeros((1, 8, 8), np.uint8), np.array([1]))
    write_example_maps(run.path, pictures.with_epoch(1, np.array([0.75]), np.ones((1, 2, 2))))
    app = show(workspace, "first_run")
    assert ":orange-badge[positive] predicted 0.75 after epoch 1" in [caption.value for caption in app.caption]


def test_show_run_charts_keep_their_identity_when_metrics_are_appended(workspace):
    run = write_run(workspace, "first")
    app = show(workspace, "first")
    before = live_charts(app)
    append_record(run.path / METRICS, epoch(3))
    after = live_charts(app.run())
    assert [identity for identity, _ in after] == [identity for identity, _ in before]
    assert after[0][1]["data"] != before[0][1]["data"]


def test_show_run_draws_new_records_once_for_all_who_follow_the_run(workspace, monkeypatch):
    drawn = []
    monkeypatch.setattr(run_view, "to_drawing", lambda figure: drawn.append(figure) or to_drawing(figure))
    run = write_run(workspace, "first")
    charts = live_charts(show(workspace, "first"))
    assert live_charts(show(workspace, "first")) == charts
    assert len(drawn) == 3
    append_record(run.path / METRICS, epoch(3))
    show(workspace, "first")
    assert len(drawn) == 6


def test_show_run_compared_runs_are_in_the_same_charts(workspace):
    for name in ("first", "second"):
        write_run(workspace, name)
    write_run(workspace, "just_begun", "running", epochs=0)
    app = show(workspace, "first", ["second", "just_begun"])
    charts = live_charts(app)
    assert len(charts) == 3
    for _, figure in charts:
        assert {trace["name"] for trace in figure["data"]} >= {"first", "second"}
    assert "Without a point yet: just_begun." in [plain(caption.value) for caption in app.caption]


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
    assert sentence in [plain(caption.value) for caption in show(workspace, "first").caption]


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
    run.write_state("stopped", "Stopped.")
    app.run()
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


def choose(workspace, address=None):
    import streamlit as st

    from mammo_core.jobs.training_runs import store_runs
    from ui.run_view import choose_run

    choose_run(store_runs(workspace, "demo"), workspace, st.container(horizontal=True))


def open_runs(workspace: Workspace, **address: str | list[str]) -> AppTest:
    app = AppTest.from_function(choose, args=(workspace,), default_timeout=PATIENCE)
    app.query_params.update(address)
    return app.run()


def test_choose_run_compares_with_other_runs_only(workspace):
    for name in ("first", "second"):
        write_run(workspace, name)
    app = open_runs(workspace, run="second")
    assert app.selectbox(key="run").value == "second"
    assert len(app.multiselect(key="others").options) == 1
    app.selectbox(key="run").select("first").run()
    assert plain(app.markdown[0].value).startswith("**first** ")
    assert app.query_params["run"] in ("first", ["first"])


def test_choose_run_begins_with_the_one_that_is_active(workspace):
    running = write_run(workspace, "running", "running")
    with running.lock():
        time.sleep(0.01)
        write_run(workspace, "newer")
        app = open_runs(workspace)
        assert app.selectbox(key="run").value == "running"
        assert [toggle.label for toggle in app.toggle] == ["Live", "Logarithmic loss"]
        app.selectbox(key="run").select("newer").run()
        assert [toggle.label for toggle in app.toggle] == ["Logarithmic loss"]


def end_and_choose(workspace):
    import streamlit as st

    from mammo_core.jobs.folder import JobFolder
    from mammo_core.jobs.training_runs import store_runs
    from ui.run_view import choose_run

    runs = store_runs(workspace, "demo")
    JobFolder(workspace.models / "running").write_state("stopped", "Stopped.")
    choose_run(runs, workspace, st.container(horizontal=True))


def test_choose_run_that_ends_while_the_page_is_drawn_is_shown_as_ended(workspace):
    running = write_run(workspace, "running", "running")
    with running.lock():
        app = AppTest.from_function(end_and_choose, args=(workspace,), default_timeout=PATIENCE).run()
    assert "running" not in app.selectbox(key="run").options[0]


def test_choose_run_address_names_the_run_and_those_beside_it(workspace):
    for name in ("first", "second", "third"):
        write_run(workspace, name)
    app = open_runs(workspace, run="first", others=["third", "gone"])
    assert (app.selectbox(key="run").value, app.multiselect(key="others").value) == ("first", ["third"])
    assert not app.info


def test_choose_run_address_names_one_that_is_gone(workspace):
    write_run(workspace, "first")
    app = open_runs(workspace, run="*gone*")
    assert [plain(info.value) for info in app.info] == ["There is no run *gone* on these data."]
    assert app.selectbox(key="run").value == "first"
    app.run()
    assert not app.info


def test_show_runs_lists_each_run_with_its_result(workspace):
    write_run(workspace, "first", "stopped")
    app = show_component(run_view.show_runs, store_runs(workspace, "demo"))
    (row,) = app.dataframe[0].value.to_dict("records")
    assert (row["run"], row["state"], row["network"], row["epochs"]) == ("first", "stopped", "compact", "2")


def test_show_other_runs_links_to_a_training_on_other_data(workspace):
    run = write_run(workspace, "elsewhere", "running")
    with run.lock():
        assert (
            not AppTest.from_function(others, args=([run], store_runs(workspace, "demo")), default_timeout=PATIENCE)
            .run()
            .get("page_link")
        )


def others(jobs, runs):
    from ui.run_view import show_other_runs

    show_other_runs(jobs, runs)
