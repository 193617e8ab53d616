"""Sweeps made of files: their state, results, charts and actions; nothing is trained."""

from streamlit.testing.v1 import AppTest

from builders.app import PATIENCE, figures, plain, show_component, without_error
from builders.runs import write_training_run
from builders.sweeps import NAME, write_sweep
from mammo_core.jobs.folder import JobFolder
from mammo_core.workspace import Workspace
from ui import sweep_view
from ui.sweep_view import follow_sweep


def show(workspace):
    import streamlit as st

    from ui.sweep_view import choose_section, show_sweeps

    bar = st.container(horizontal=True)
    if choose_section(bar) == "Sweeps":
        show_sweeps(workspace, bar)


def open_sweeps(workspace: Workspace, **address: str) -> AppTest:
    app = AppTest.from_function(show, args=(workspace,), default_timeout=PATIENCE)
    app.query_params.update({"section": "Sweeps"} | address)
    return app.run()


def test_without_a_sweep_it_says_how_to_start_one(workspace):
    assert [info.value for info in open_sweeps(workspace).info] == [
        "There is no sweep yet. Under “Train”, open “New run”, then “Vary settings and folds”."
    ]


def test_stopped_sweep_has_its_results_charts_and_can_be_resumed(workspace, monkeypatch):
    resumed = []
    monkeypatch.setattr(sweep_view, "resume_sweep", lambda workspace, name: resumed.append(name))
    write_sweep(workspace)
    app = without_error(open_sweeps(workspace))
    assert app.query_params["sweep"] in (NAME, [NAME])
    assert plain(app.markdown[0].value) == f"**{NAME}** :grey-badge[:material/stop_circle: stopped] The sweep ended."
    assert app.dataframe[0].value["folds"].tolist() == ["2 of 2", "1 of 2", "0 of 2", "0 of 2"]
    assert [figure["data"][0]["type"] for figure in figures(app)] == ["scatter", "parcoords"]
    assert not app.get("progress")
    app.button(key="resume sweep").click().run()
    assert resumed == [NAME]


def test_chart_is_over_the_setting_that_is_chosen(workspace):
    write_sweep(workspace, "finished")
    app = open_sweeps(workspace)
    assert figures(app)[0]["layout"]["xaxis"]["title"]["text"] == "learning rate"
    app.segmented_control(key=f"setting of {NAME}").set_value("augment").run()
    assert figures(app)[0]["layout"]["xaxis"]["title"]["text"] == "augment"
    assert figures(app)[0]["data"][0]["x"] == ["no", "yes"]


def test_running_sweep_and_its_run_are_stopped_by_buttons_of_their_own(workspace):
    _, folder = write_sweep(workspace, "running")
    run = write_training_run(workspace, f"{NAME}-05", "running")
    with folder.lock(), run.lock():
        app = show_component(follow_sweep, workspace, folder, True)
        assert len(app.get("progress")) == 1
        assert [button.label for button in app.button] == ["Stop all", "Stop this run", "Compare its runs"]
        app.button[1].click().run()
        assert (run.stop_requested(), folder.stop_requested()) == (True, False)
        assert [button.label for button in app.button] == ["Stop all", "Compare its runs"]  # a second stop ends all
        app.button[0].click().run()
        assert folder.stop_requested()
        assert app.button[0].label == "Stop now"


def test_compare_leads_to_the_runs_in_the_list(workspace):
    write_sweep(workspace)
    app = open_sweeps(workspace)
    app.button(key="compare runs of the sweep").click().run()
    assert app.session_state["section"] == "All runs"
    assert app.query_params["chosen"] == [f"{NAME}-0{number}" for number in range(1, 5)]


def test_a_sweep_that_was_just_started_is_shown(workspace):
    job, folder = write_sweep(workspace)
    JobFolder(folder.path.with_name("newer")).write_request(job.model_copy(update={"name": "newer"}))
    app = AppTest.from_function(show, args=(workspace,), default_timeout=PATIENCE)
    app.session_state["started sweep"] = NAME
    app.run()
    assert app.session_state["section"] == "Sweeps"
    assert app.selectbox(key="sweep").value == NAME


def test_damaged_sweep_is_one_error(workspace):
    _, folder = write_sweep(workspace)
    (folder.path / "work.json").write_text("{}")
    app = open_sweeps(workspace)
    assert not app.exception
    assert ["work.json" in error.value for error in app.error] == [True]


def test_folds_that_cannot_be_pooled_are_one_warning(workspace):
    write_sweep(workspace)
    (workspace.models / f"{NAME}-02" / "model.keras").write_bytes(b"other")
    app = without_error(open_sweeps(workspace))
    assert ["model.keras was changed" in plain(warning.value) for warning in app.warning] == [True]
