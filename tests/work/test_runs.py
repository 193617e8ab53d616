import pytest

from mammo_core import models
from mammo_core.errors import DataError
from mammo_core.work import WorkFolder
from mammo_core.work.runs import (
    any_alive,
    compare_with_active,
    list_runs,
    model_table,
    read_metrics,
    run_folder,
    under_way,
)  # fmt: skip


def test_a_finished_run_is_listed_with_its_figures(finished):
    runs = {row["run"]: row for row in list_runs()}
    assert (runs["trained"]["state"], runs["trained"]["epochs"]) == ("finished", 2)
    assert runs["trained"]["report"]["auc"] == runs["trained"]["auc"]
    assert runs["demo"]["state"] == "shipped"
    assert under_way() == []


def test_the_table_says_what_it_was_trained_on_and_how_it_did(finished):
    models.write_note("trained", " a first try ")
    row = model_table().set_index("model").loc["trained"]
    assert (row["network"], row["data"], row["note"]) == ("compact", "demo", "a first try")
    assert row["verdict"]
    assert model_table().set_index("model").loc["demo", ""] == "active"


def test_models_judged_on_other_patients_are_not_compared(finished):
    with pytest.raises(DataError, match="different patients"):
        compare_with_active("trained")
    models.activate("trained")
    assert "no other active model" in compare_with_active("trained")


def test_metrics_begin_with_the_parts_and_hold_every_epoch(finished):
    records = read_metrics(run_folder("trained"))
    assert records[0]["kind"] == "start"
    assert [record["epoch"] for record in records if record["kind"] == "epoch"] == [1, 2]


def test_one_living_run_among_several_is_enough(finished):
    beside = WorkFolder(run_folder("beside"))
    beside.write_request("train", {"config": {}})
    assert any_alive(["trained", "beside"])
    beside.write_state("finished")
    assert not any_alive(["trained", "beside"])
