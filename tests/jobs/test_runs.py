import pytest

from mammo_core.errors import DataError
from mammo_core.jobs import JobFolder
from mammo_core.jobs.runs import (
    active_jobs,
    any_alive,
    compare_with_active,
    list_runs,
    model_table,
    read_metrics,
    run_folder,
)
from mammo_core.models.registry import activate, write_note
from mammo_core.workspace import Workspace


def test_list_runs_finished_run_has_state_epochs_and_report(finished):
    runs = {row["run"]: row for row in list_runs()}
    assert (runs["trained"]["state"], runs["trained"]["epochs"]) == ("finished", 2)
    assert runs["trained"]["report"].auc == runs["trained"]["auc"]
    assert runs["demo"]["state"] == "shipped"
    assert active_jobs() == []


def test_model_table_shows_training_data_note_and_verdict(finished):
    write_note(Workspace.from_environment(), "trained", " a first try ")
    row = model_table().set_index("model").loc["trained"]
    assert (row["network"], row["data"], row["note"]) == ("compact", "demo", "a first try")
    assert row["verdict"]
    assert model_table().set_index("model").loc["demo", ""] == "active"


def test_compare_with_active_different_patients_raises_data_error(finished):
    with pytest.raises(DataError, match="different patients"):
        compare_with_active("trained")
    activate(Workspace.from_environment(), "trained")
    assert "no other active model" in compare_with_active("trained")


def test_read_metrics_contains_start_and_every_epoch(finished):
    records = read_metrics(run_folder("trained"))
    assert records[0]["kind"] == "start"
    assert [record["epoch"] for record in records if record["kind"] == "epoch"] == [1, 2]


def test_any_alive_true_if_one_run_is_active(finished):
    beside = JobFolder(run_folder("beside"))
    beside.write_request("train", {"config": {}})
    assert any_alive(["trained", "beside"])
    beside.write_state("finished")
    assert not any_alive(["trained", "beside"])
