"""The table of all runs, without networks."""

from streamlit.testing.v1 import AppTest

from builders.app import PATIENCE, figures, plain, without_error
from builders.predictions import predictions
from builders.runs import write_model_run, write_training_run
from mammo_core.jobs.run_table import DIFFERENCE, DIFFERENCE_INTERVAL, RUN
from mammo_core.jobs.run_tags import archive_runs, write_tags
from mammo_core.workspace import Workspace
from ui import run_list


def show(workspace):
    import streamlit as st

    from ui.run_list import show_all_runs

    show_all_runs(workspace, st.container(horizontal=True))


def open_list(workspace: Workspace, **address: str | list[str]) -> AppTest:
    app = AppTest.from_function(show, args=(workspace,), default_timeout=PATIENCE)
    app.query_params.update(address)
    return app.run()


def listed(app: AppTest) -> list[str]:
    return app.dataframe[0].value[RUN].tolist()


def test_without_runs_it_says_so(workspace):
    assert [info.value for info in open_list(workspace).info] == ["There is no run yet. Start one under “Train”."]


def test_runs_of_every_state_and_store_are_listed_newest_first(workspace):
    write_training_run(workspace, "old", "failed", age_seconds=90, store="rsna")
    write_training_run(workspace, "new")
    running = write_training_run(workspace, "running", "running", age_seconds=30)
    with running.lock():
        app = without_error(open_list(workspace))
    table = app.dataframe[0].value
    assert table[RUN].tolist() == ["new", "running", "old"]
    assert table["state"].tolist() == ["finished", "running", "failed"]
    assert table["store"].tolist() == ["demo", "demo", "rsna"]


def test_address_filters_sorts_and_leaves_out_what_is_equal(workspace):
    write_training_run(workspace, "failed", "failed")
    write_training_run(workspace, "slow", epochs=1, learning_rate=0.0001)
    write_training_run(workspace, "fast", epochs=3, learning_rate=0.01)
    app = without_error(open_list(workspace, states="finished", sort="epochs", differing="true"))
    table = app.dataframe[0].value
    assert table[RUN].tolist() == ["fast", "slow"]
    assert {"epochs", "learning rate"} < set(table.columns)
    assert {"state", "store", "network", "seed", "AUC"}.isdisjoint(table.columns)


def test_only_what_differs_compares_the_selected_runs(workspace):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_training_run(workspace, name, seed=seed)
    assert "seed" in open_list(workspace, differing="true").dataframe[0].value
    assert "seed" not in open_list(workspace, differing="true", chosen=["a", "b"]).dataframe[0].value
    assert "seed" in open_list(workspace, differing="true", chosen=["a", "c"]).dataframe[0].value


def test_archived_runs_are_listed_only_when_wanted(workspace):
    for name in ("first", "second"):
        write_training_run(workspace, name)
    archive_runs(workspace, ["first"])
    assert listed(open_list(workspace)) == ["second"]
    assert sorted(listed(open_list(workspace, archived="true"))) == ["first", "second"]


def test_filters_that_match_nothing_can_be_cleared(workspace):
    write_training_run(workspace, "first", "failed")
    write_training_run(workspace, "second")
    write_tags(workspace, "second", ["good"])
    app = open_list(workspace, states="failed", tags="good")
    assert [info.value for info in app.info] == ["None of the 2 runs matches these filters."]
    app.button(key="clear filters").click().run()
    assert len(listed(app)) == 2


def test_baseline_gives_every_other_run_its_paired_difference(workspace):
    write_model_run(workspace, "base", predictions(signal=0.05, seed=1))
    write_model_run(workspace, "better")
    write_model_run(workspace, "elsewhere", predictions(patients=60))
    write_training_run(workspace, "failed", "failed")
    app = without_error(open_list(workspace, baseline="base"))
    table = app.dataframe[0].value.set_index(RUN)
    assert table.loc["better", DIFFERENCE] > 0
    assert table.loc["elsewhere", DIFFERENCE_INTERVAL] == "not comparable"
    assert table.loc["base", DIFFERENCE_INTERVAL] == "baseline"
    assert table.loc[["base", "failed"], DIFFERENCE].isna().all()
    reasons = [plain(caption.value) for caption in app.caption if "Not comparable" in caption.value]
    assert [reason[: reason.index(":")] for reason in reasons] == ["1 of 3 other runs"]
    app.multiselect(key="states").set_value(["failed"]).run()
    assert app.selectbox(key="baseline").value is None  # it isn't among what is shown


def test_models_are_compared_again_only_when_one_has_changed(workspace, monkeypatch):
    compared = []
    compare = run_list.differences_from_baseline
    monkeypatch.setattr(
        run_list, "differences_from_baseline", lambda *arguments: compared.append(1) or compare(*arguments)
    )
    for name in ("base", "first"):
        write_model_run(workspace, name)
    app = open_list(workspace, baseline="base")
    app.run()
    assert len(compared) == 1
    write_model_run(workspace, "second")
    app.run()
    assert len(compared) == 2


def test_address_names_the_selected_runs_which_are_drawn_over_each_other(workspace):
    for name in ("first", "second", "third"):
        write_model_run(workspace, name)
    app = without_error(open_list(workspace, chosen=["first", "third", "gone"]))
    assert app.query_params["chosen"] == ["first", "third"]
    assert [trace["name"] for trace in figures(app)[0]["data"]] == ["first", "third", "chance"]


def test_watch_shows_the_page_again_after_an_epoch(workspace, monkeypatch):
    runs = []
    monkeypatch.setattr(run_list.st, "rerun", lambda: runs.append(1))
    write_training_run(workspace, "first", epochs=1)
    run_list.watch(workspace, {"first": ("finished", 1)})
    assert runs == []
    run_list.watch(workspace, {"first": ("running", 1)})
    assert runs == [1]
