import pandas as pd
import pytest

from builders.runs import write_model_run, write_training_run
from mammo_core.documents.estimate import Estimate
from mammo_core.jobs.run_table import (
    AUC,
    COLUMNS,
    DEFAULT_COLUMNS,
    DIFFERENCE,
    DIFFERENCE_INTERVAL,
    RUN,
    SETTINGS,
    RunFilter,
    differing_columns,
    filter_options,
    format_bounds,
    sort_table,
    sweep_of,
    tabulate_runs,
    with_differences,
)
from mammo_core.jobs.run_tags import archive_runs, write_tags
from mammo_core.jobs.training_runs import list_training_runs
from mammo_core.models.registry import write_note


@pytest.fixture
def runs(workspace):
    """Three runs: a failed one on other data, one with a model, tags and a note, and a damaged one."""
    write_training_run(workspace, "failed", "failed", epochs=0, age_seconds=90, store="rsna", network="original")
    write_model_run(
        workspace, "rsna-sweep-20261101-101500-02", epochs=2, age_seconds=60, learning_rate=0.01, augment=False
    )
    write_tags(workspace, "rsna-sweep-20261101-101500-02", ["good", "look again"])
    write_note(workspace, "rsna-sweep-20261101-101500-02", "first\nsecond")
    (write_training_run(workspace, "damaged", epochs=0).path / "work.json").write_text("{}")
    return sorted(list_training_runs(workspace), key=lambda run: run.name)


def test_tabulate_runs_has_every_result_and_setting(runs):
    table = tabulate_runs(runs).set_index(RUN)
    assert tuple(table.reset_index().columns) == COLUMNS
    assert set(SETTINGS.values()) | set(DEFAULT_COLUMNS) <= set(COLUMNS)
    row = table.loc["rsna-sweep-20261101-101500-02"]
    assert row[["store", "network", "learning rate", "max. epochs"]].tolist() == ["demo", "compact", 0.01, 12]
    assert row[["epochs", "best epoch", "validation AUC", "minutes"]].tolist() == [2, 2, 0.2, 1.0]
    assert row[["tags", "note", "sweep"]].tolist() == ["good, look again", "first second", "rsna-sweep-20261101-101500"]
    assert not row["augment"]
    assert 0.5 < row[AUC] < 1
    assert table.loc["damaged", ["store", "seed", AUC]].isna().all()
    assert table["seed"].dtype == "Int64"


@pytest.mark.parametrize(
    ("chosen", "kept"),
    [
        ({}, ["damaged", "failed", "rsna-sweep-20261101-101500-02"]),
        ({"states": ["failed"]}, ["failed"]),
        ({"stores": ["rsna"]}, ["failed"]),
        ({"networks": ["compact", "large"]}, ["rsna-sweep-20261101-101500-02"]),
        ({"tags": ["look again", "other"]}, ["rsna-sweep-20261101-101500-02"]),
        ({"tags": ["good"], "networks": ["original"]}, []),
    ],
)
def test_filter_keeps_runs_that_have_one_of_each_kind(runs, chosen, kept):
    assert [run.name for run in runs if RunFilter(**chosen).keeps(run)] == kept


def test_filter_leaves_archived_runs_out_unless_they_are_wanted(runs, workspace):
    archive_runs(workspace, ["failed"])
    listed = list_training_runs(workspace)
    assert "failed" not in [run.name for run in listed if RunFilter().keeps(run)]
    assert "failed" in [run.name for run in listed if RunFilter(archived=True).keeps(run)]


def test_filter_options_are_the_values_that_runs_have(runs):
    options = filter_options(runs)
    assert options.stores == ["demo", "rsna"]
    assert options.networks == ["compact", "original"]
    assert options.tags == ["good", "look again"]


def test_sweep_of_is_read_from_the_name():
    assert sweep_of("a-sweep-20261101-101500-12") == "a-sweep-20261101-101500"
    assert sweep_of("a-sweep-20261101-101500-2-12") == "a-sweep-20261101-101500-2"
    assert sweep_of("a-sweep-20261101-101500") is sweep_of("demo-compact-20261101-101500-2") is None


def test_format_bounds_without_an_interval_is_none():
    assert format_bounds(Estimate(value=0.75, low=0.5, high=1.0)) == "0.500–1.000"
    assert format_bounds(Estimate(value=0.75)) is format_bounds(None) is None


def test_with_differences_tells_what_is_not_comparable(runs):
    table = with_differences(
        tabulate_runs(runs),
        {"failed": Estimate(value=-0.125, low=-0.25, high=0.5), "damaged": None},
        "rsna-sweep-20261101-101500-02",
    ).set_index(RUN)
    assert table.loc["failed", [DIFFERENCE, DIFFERENCE_INTERVAL]].tolist() == [-0.125, "-0.250 to +0.500"]
    assert table.loc["damaged", DIFFERENCE_INTERVAL] == "not comparable"
    assert table[DIFFERENCE].isna().tolist() == [True, False, True]
    assert table.loc["rsna-sweep-20261101-101500-02", DIFFERENCE_INTERVAL] == "baseline"
    few = with_differences(tabulate_runs(runs[:1]), {"damaged": Estimate(value=0.125)}, "other")
    assert few[DIFFERENCE_INTERVAL].tolist() == ["no interval"]
    assert list(few.columns).index(DIFFERENCE) == list(few.columns).index(AUC) + 2


def test_differing_columns_are_those_in_which_rows_differ_and_the_names():
    table = pd.DataFrame({RUN: ["a", "b"], "seed": [1, 1], "rate": [None, None], "fold": [None, 2]})
    assert differing_columns(table) == [RUN, "fold"]
    assert differing_columns(table[:1]) == [RUN, "seed", "rate", "fold"]


@pytest.mark.parametrize(
    ("column", "descending", "order"),
    [("rate", False, "bac"), ("rate", True, "abc"), ("note", False, "acb"), ("unknown", True, "abc")],
)
def test_sort_table_puts_missing_values_last(column, descending, order):
    table = pd.DataFrame({RUN: list("abc"), "rate": [10.0, 9.0, None], "note": ["a", None, "B"]}).convert_dtypes()
    assert "".join(sort_table(table, column, descending=descending)[RUN]) == order
