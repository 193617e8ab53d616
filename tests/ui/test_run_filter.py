"""Filters, columns and order of the list of runs."""

from builders.app import show_component, without_error
from builders.runs import write_training_run
from mammo_core.jobs.run_table import DEFAULT_COLUMNS, RUN, STARTED, RunFilter
from mammo_core.jobs.training_runs import list_training_runs
from ui.run_filter import choose_columns, choose_filter, choose_order


def test_choose_filter_returns_what_is_chosen(workspace):
    write_training_run(workspace, "first", "failed")
    write_training_run(workspace, "second", store="rsna", network="original")
    runs = list_training_runs(workspace)
    app = show_component(choose_filter, runs)
    assert app.session_state["result"] == RunFilter([], [], [], [])
    app.multiselect(key="states").set_value(["failed"])
    app.multiselect(key="stores").set_value(["rsna", "demo"])
    app.toggle(key="archived").set_value(True)
    without_error(app.run())
    assert app.session_state["result"] == RunFilter(["failed"], ["rsna", "demo"], [], [], archived=True)


def choose_among(workspace):
    """Choose among the runs that there are at this moment."""
    from mammo_core.jobs.training_runs import list_training_runs
    from ui.run_filter import choose_filter

    return choose_filter(list_training_runs(workspace))


def test_choose_filter_forgets_a_value_that_no_run_has_any_more(workspace):
    write_training_run(workspace, "first", "failed")
    app = show_component(choose_among, workspace)
    app.multiselect(key="states").set_value(["failed"]).run()
    write_training_run(workspace, "first", "finished")
    without_error(app.run())
    assert app.session_state["result"].states == []


def test_choose_columns_keeps_their_order_and_the_name():
    app = show_component(choose_columns)
    assert app.session_state["result"] == (list(DEFAULT_COLUMNS), False)
    app.multiselect(key="columns").set_value(["seed", "AUC"])
    app.toggle(key="differing").set_value(True).run()
    assert app.session_state["result"] == ([RUN, "AUC", "seed"], True)


def test_choose_order_begins_with_the_newest_and_forgets_a_hidden_column():
    columns = [RUN, "AUC", STARTED]
    app = show_component(choose_order, columns)
    assert app.session_state["result"] == (STARTED, True)
    app.selectbox(key="sort").select("AUC")
    app.toggle(key="ascending").set_value(True).run()
    assert app.session_state["result"] == ("AUC", False)
    columns.remove("AUC")
    app.run()
    assert app.session_state["result"] == (STARTED, False)
