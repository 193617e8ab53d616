import pytest

from builders.predictions import predictions
from builders.runs import write_model_run, write_training_run
from builders.sweeps import NAME, TABLE, write_sweep
from mammo_core.documents.progress import Progress
from mammo_core.evaluation.report import auc_estimate
from mammo_core.evaluation.units import to_unit
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.sweep_results import (
    active_runs,
    format_setting,
    group_runs,
    list_sweeps,
    pool_folds,
    results_frame,
    results_table,
    sweep_fraction,
)

POOLED = auc_estimate(to_unit(TABLE, "breast"))


def test_group_runs_takes_the_folds_of_a_combination_together(workspace):
    job, _ = write_sweep(workspace)
    first, second, third, fourth = group_runs(workspace, job)
    assert first.settings == {"learning_rate": 0.001, "augment": True}
    assert first.names == (f"{NAME}-01", f"{NAME}-02")
    assert first.auc == POOLED
    assert first.deviation == 0.0  # each fold's report is that of the same model
    assert second.auc == second.runs[0].auc
    assert second.deviation is None
    assert (third.runs, third.auc, fourth.auc) == ((), None, None)
    assert [group.describe_state() for group in (first, second, third)] == [
        *["finished", "1 finished, 1 failed", "waiting"]
    ]


def test_results_table_has_a_row_for_each_combination(workspace):
    job, _ = write_sweep(workspace)
    table = results_table(group_runs(workspace, job))
    assert table["learning rate"].tolist() == ["0.001", "0.001", "0.01", "0.01"]
    assert table["augment"].tolist() == ["yes", "no", "yes", "no"]
    assert table["folds"].tolist() == ["2 of 2", "1 of 2", "0 of 2", "0 of 2"]
    assert table["AUC by breast (95 % CI)"][0] == f"{POOLED.value:.3f} ({POOLED.low:.3f}–{POOLED.high:.3f})"
    assert table["SD over folds"].tolist() == ["0.000", "–", "–", "–"]
    assert table["lowest to highest fold"][1:].tolist() == ["–"] * 3


def test_results_without_folds_are_those_of_single_runs(workspace):
    job, _ = write_sweep(workspace, folds=None)
    groups = group_runs(workspace, job)
    assert list(results_table(groups).columns) == ["learning rate", "augment", "state", "AUC by breast (95 % CI)"]
    assert [group.describe_state() for group in groups] == ["finished", "finished", "waiting", "waiting"]
    frame = results_frame(groups)
    assert list(frame.columns) == ["learning_rate", "augment", "auc", "low", "high"]
    assert frame["augment"].tolist() == [True, False]
    assert frame["auc"].tolist() == [group.auc.value for group in groups[:2]]
    assert pool_folds(workspace, job) == []


def test_pool_folds_names_the_runs_that_count(workspace):
    job, _ = write_sweep(workspace)
    first, second, third, _ = pool_folds(workspace, job)
    assert (first.runs, first.folds, first.auc) == ([f"{NAME}-01", f"{NAME}-02"], 2, POOLED)
    assert first.lowest == first.highest
    assert second.runs == [f"{NAME}-03"]
    assert (third.runs, third.auc, third.lowest, third.deviation) == ([], None, None, None)


def test_folds_that_cannot_be_pooled_have_a_problem(workspace):
    job, _ = write_sweep(workspace)
    (workspace.models / f"{NAME}-02" / "model.keras").write_bytes(b"other")
    first, second, *_ = group_runs(workspace, job)
    assert first.auc is None
    assert "model.keras was changed" in first.problem
    assert (second.problem, second.auc is None) == ("", False)


def test_sweep_fraction_counts_the_run_under_work(workspace):
    job, _ = write_sweep(workspace, folds=None)
    assert sweep_fraction(workspace, job) == 0.5
    run = write_training_run(workspace, f"{NAME}-03", "running")
    with run.lock():
        run.write_progress(Progress(done=1, total=4))
        assert sweep_fraction(workspace, job) == (2 + 0.25) / 4
        assert active_runs(group_runs(workspace, job)) == [f"{NAME}-03"]


def test_list_sweeps_is_newest_first(workspace):
    assert list_sweeps(workspace) == []
    job, folder = write_sweep(workspace)
    later = JobFolder(folder.path.with_name("later"))
    later.write_request(job.model_copy(update={"name": "later"}))
    assert list_sweeps(workspace) == ["later", NAME]
    write_model_run(workspace, "no sweep", predictions())
    assert len(list_sweeps(workspace)) == 2


@pytest.mark.parametrize(
    ("value", "text"), [(None, "none"), (True, "yes"), (1e-4, "0.0001"), (3, "3"), ("class_weights", "class_weights")]
)
def test_format_setting_is_short(value, text):
    assert format_setting(value) == text
