"""Selected runs without networks: one is shown, several are drawn over each other."""

from builders.app import figures, live_charts, plain, show_component, without_error
from builders.runs import write_model_run, write_training_run
from mammo_core.jobs.training_runs import list_training_runs
from ui.run_comparison import show_chosen


def by_name(workspace):
    return sorted(list_training_runs(workspace), key=lambda run: run.name)


def test_a_single_run_is_shown_with_its_state_and_curves(workspace):
    write_training_run(workspace, "first", "stopped")
    app = without_error(show_component(show_chosen, workspace, by_name(workspace)))
    assert plain(app.markdown[0].value).startswith("**first** ")
    assert len(live_charts(app)) == 3
    assert app.button(key="resume")


def test_several_runs_have_curves_roc_and_calibration_in_the_same_colours(workspace):
    write_training_run(workspace, "a_failed", "failed", epochs=1)
    for name in ("first", "second"):
        write_model_run(workspace, name)
    app = without_error(show_component(show_chosen, workspace, by_name(workspace)))
    (_, loss), *_ = live_charts(app)
    colours = {trace["name"]: trace["line"]["color"] for trace in loss["data"] if "line" in trace}
    roc, calibration = figures(app)
    assert [trace["name"] for trace in roc["data"]] == ["first", "second", "chance"]
    assert [trace["name"] for trace in calibration["data"]] == ["first", "second", "perfect"]
    for figure in (roc, calibration):
        assert {trace["name"]: trace["line"]["color"] for trace in figure["data"][:2]} == {
            name: colours[name] for name in ("first", "second")
        }
    assert "a_failed" in colours


def test_a_damaged_model_is_one_sentence_and_the_others_are_drawn(workspace):
    write_model_run(workspace, "first")
    (write_model_run(workspace, "second").path / "model.keras").write_bytes(b"other")
    app = show_component(show_chosen, workspace, by_name(workspace))
    assert not app.exception
    assert ["model.keras was changed" in error.value for error in app.error] == [True]
    assert [trace["name"] for trace in figures(app)[0]["data"]] == ["first", "chance"]


def test_without_a_selection_nothing_is_shown(workspace):
    app = show_component(show_chosen, workspace, [])
    assert not app.main.children
