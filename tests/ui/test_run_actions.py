"""Actions on runs that have no network."""

import streamlit as st

from builders.app import plain, show_component
from builders.runs import write_model_run, write_training_run
from mammo_core.documents.run_tags import read_tags
from mammo_core.jobs.run_table import tabulate_runs
from mammo_core.jobs.training_runs import list_training_runs, read_run
from mammo_core.models.registry import activate, read_note
from ui.run_actions import delete, describe_runs, offer_undo, show_run_actions


def act(workspace, names):
    """Show undo and actions as the page does, on those of the runs that are there."""
    from mammo_core.jobs.run_table import filter_options, tabulate_runs
    from mammo_core.jobs.training_runs import list_training_runs
    from ui.run_actions import show_run_actions

    offer_undo()
    runs = list_training_runs(workspace)
    chosen = [run for run in runs if run.name in names]
    show_run_actions(chosen, tabulate_runs(runs), filter_options(runs).tags)


def listed(workspace):
    return sorted(run.name for run in list_training_runs(workspace))


def test_tags_and_note_are_saved_together(workspace):
    folder = write_training_run(workspace, "first").path
    app = show_component(act, workspace, ["first"])
    app.session_state["tags of first"] = ["new *tag*"]
    app.text_area(key="note of first").set_value("look again")
    app.button(key="save tags of first").click().run()
    assert not app.exception
    assert read_tags(folder).tags == ("new *tag*",)
    assert read_note(workspace, "first") == "look again"
    assert app.session_state["announcement"] == "Saved tags and note of first."


def test_a_tag_that_is_too_long_is_one_sentence_and_changes_nothing(workspace):
    folder = write_training_run(workspace, "first").path
    app = show_component(act, workspace, ["first"])
    app.session_state["tags of first"] = ["x" * 41]
    app.button(key="save tags of first").click().run()
    assert app.session_state["announcement"].startswith("A run has at most 20 tags of at most 40 characters.")
    assert read_tags(folder).tags == ()


def test_archived_runs_come_back_by_undo(workspace):
    for name in ("first", "second"):
        write_training_run(workspace, name)
    app = show_component(act, workspace, ["first", "second"])
    app.button(key="archive runs").click().run()
    assert [run.tags.archived for run in list_training_runs(workspace)] == [True, True]
    assert "Archived 2 runs." in [plain(caption.value) for caption in app.caption]
    app.button(key="undo of runs").click().run()
    assert [run.tags.archived for run in list_training_runs(workspace)] == [False, False]
    app.button(key="archive runs").click().run()
    app.button(key="bring back runs").click().run()
    assert not read_run(workspace, "first").tags.archived


def test_deleted_runs_come_back_by_undo(workspace):
    for name in ("first", "second"):
        write_training_run(workspace, name)
    app = show_component(act, workspace, ["first", "second"])
    app.button(key="delete runs").click().run()
    assert listed(workspace) == ["first", "second"]  # a dialog has to be confirmed
    app.button(key="delete runs now").click().run()
    assert not app.exception
    assert listed(workspace) == []
    app.button(key="undo of runs").click().run()
    assert listed(workspace) == ["first", "second"]


def test_active_run_and_active_model_stay_with_one_sentence(workspace):
    write_model_run(workspace, "used")
    activate(workspace, "used")
    running = write_training_run(workspace, "running", "running")
    with running.lock():
        for name, sentence in (("used", "used is the active model"), ("running", "running is running")):
            app = show_component(delete, [name])
            assert app.session_state["announcement"].startswith(f"{sentence} and can't be deleted.")
            assert "removed runs" not in app.session_state
    assert listed(workspace) == ["running", "used"]


def test_without_a_selection_only_the_table_can_be_taken_along(workspace):
    write_training_run(workspace, "first")
    app = show_component(act, workspace, [])
    assert not app.button
    assert [button.label for button in app.download_button] == ["Download, CSV"]


def test_downloaded_table_holds_no_formula(workspace, monkeypatch):
    write_training_run(workspace, "=SUM(1)")
    runs, taken = list_training_runs(workspace), []
    monkeypatch.setattr(st, "download_button", lambda label, data, *rest, **options: taken.append(data()))
    show_component(lambda: None)
    show_run_actions([], tabulate_runs(runs), [])
    assert taken[0].splitlines()[1].startswith("'=SUM(1),finished,demo,compact,")


def test_describe_runs_names_one_and_counts_several():
    assert describe_runs(["a"]) == "a"
    assert describe_runs(["a", "b"]) == "2 runs"
