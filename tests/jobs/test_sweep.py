import json
import sys

import pytest

from mammo_core import cli
from mammo_core.errors import ConfigError, JobError, ModelError
from mammo_core.jobs import JobFolder
from mammo_core.jobs import kinds as jobs_module
from mammo_core.jobs import sweep as sweep_module
from mammo_core.jobs.kinds import Outcome
from mammo_core.jobs.runs import model_table
from mammo_core.jobs.sweep import sweep, variants
from mammo_core.models.bundle import open_bundle
from mammo_core.settings import settings


def test_variants_are_all_combinations_on_every_fold():
    found = variants({"store": "x", "seed": 3}, {"epochs": [1, 2], "augment": [True, False]}, folds=2)
    assert len(found) == 8
    assert found[0] == {"store": "x", "seed": 3, "epochs": 1, "augment": True, "folds": 2, "fold": 1}
    assert {(d["epochs"], d["augment"], d["fold"]) for d in found} == {
        (epochs, augment, fold) for epochs in (1, 2) for augment in (True, False) for fold in (1, 2)
    }
    assert variants({"store": "x"}, {}) == [{"store": "x"}]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ModelError("It broke."), "It broke."),
        (MemoryError(), "Out of memory. Choose a smaller batch or fewer workers."),
    ],
)
def test_sweep_continues_after_failed_run(finished, monkeypatch, error, message):
    def job(arguments, progress, should_stop):
        if arguments["config"]["learning_rate"] == 0.01:
            raise error
        return Outcome("finished", "Well.", {})

    monkeypatch.setitem(jobs_module.JOBS, "train", job)
    told = []
    results = sweep(variants({"store": "demo"}, {"learning_rate": [0.01, 0.001]}), on_progress=told.append)
    assert [(r["state"], r["message"], r["settings"]) for r in results] == [
        ("failed", message, {"learning_rate": 0.01}),
        ("finished", "Well.", {"learning_rate": 0.001}),
    ]
    assert [progress["done"] for progress in told] == [1, 2]
    log = settings().models / results[0]["run"] / "work.log"
    assert (
        isinstance(error, ModelError) or "MemoryError" in log.read_text()
    )  # the sentence says that it has the details


def test_sweep_run_not_started_by_worker_is_failed(finished, monkeypatch):
    monkeypatch.setattr(sweep_module, "_side_by_side", lambda tasks, scheduler: (path for path, _ in tasks))
    (result,) = sweep([{"store": "demo"}], "tcp://elsewhere:8786")
    assert (result["state"], result["message"]) == ("failed", sweep_module.NEVER_BEGUN)


def test_sweep_without_successful_run_exits_with_status_1(finished, monkeypatch, capsys):
    def job(*_):
        raise ModelError("It broke.")

    monkeypatch.setitem(jobs_module.JOBS, "train", job)
    monkeypatch.setattr(sys, "argv", ["mammo_core", "train", "demo", "--set", "seed=1,2", "--json"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    out, error = capsys.readouterr()
    assert end.value.code == 1
    assert [run["state"] for run in json.loads(out)["runs"]] == ["failed", "failed"]
    assert "None of the 2 runs ended well. The first one: It broke." in " ".join(error.split())


def test_sweep_validates_all_runs_before_starting(finished):
    before = sorted(settings().models.iterdir())
    with pytest.raises(ConfigError, match="network"):
        sweep(variants({"store": "demo"}, {"network": ["compact", "huge"]}))
    with pytest.raises(JobError, match="No Dask scheduler answers"):
        sweep([{"store": "demo"}], "tcp://127.0.0.1:9")
    assert sorted(settings().models.iterdir()) == before


@pytest.mark.slow
def test_sweep_folds_on_dask_cluster_finish_like_local_runs(finished):
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:
        results = sweep(
            variants({"store": "demo", "epochs": 1, "test_share": 0}, {}, folds=2), cluster.scheduler_address
        )
    assert [(r["state"], r["epochs"], r["settings"]) for r in results] == [
        ("finished", 1, {"fold": 1}),
        ("finished", 1, {"fold": 2}),
    ]
    assert all(0 <= r["auc"]["value"] <= 1 for r in results)
    table = model_table().set_index("model")
    assert table.loc[results[1]["run"], "settings"] == "epochs 1, test share 0.0, folds 2, fold 2"
    assert open_bundle(settings().models / results[0]["run"]).evaluation().part == "test"
    for r in results:
        assert not JobFolder(settings().models / r["run"]).is_alive()
