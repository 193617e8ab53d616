import json
import sys
from contextlib import nullcontext

import pytest

from builders.runs import write_model_run, write_training_run
from mammo_core import cli
from mammo_core.assessment.model_table import model_table
from mammo_core.documents.job import DemoResult, SweepResult
from mammo_core.documents.progress import Progress, ignore_progress
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import ConfigError, DataError, JobError, ModelError
from mammo_core.jobs import sweep as sweep_module
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.process import run_for_result, run_in_process
from mammo_core.jobs.runs import list_runs
from mammo_core.jobs.spec import JobOutcome
from mammo_core.jobs.specs import read_spec
from mammo_core.jobs.sweep import (
    STOPPED_BEFORE,
    SweepJob,
    can_resume_sweep,
    resume_sweep_job,
    run_or_sweep,
    start_sweep,
    sweep_folder,
    sweep_job,
    variants,
)
from mammo_core.jobs.training import TrainJob
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import activate
from mammo_core.settings import Settings

pytestmark = pytest.mark.slow

GOOD = JobOutcome("finished", "Well.", DemoResult(folder="nowhere"))


def sweep(workspace, configs, scheduler=None, on_progress=ignore_progress):
    """Run a sweep in this process and return its runs."""
    return run_for_result(sweep_job(configs, scheduler), workspace, SweepResult, on_progress).runs


def test_variants_are_all_combinations_on_every_fold():
    configs = variants({"store": "x", "seed": 3}, {"epochs": [1, 2], "augment": [True, False]}, folds=2)
    assert len(configs) == 8
    assert configs[0] == TrainingConfig(store="x", seed=3, epochs=1, augment=True, folds=2, fold=1)
    assert {(config.epochs, config.augment, config.fold) for config in configs} == {
        (epochs, augment, fold) for epochs in (1, 2) for augment in (True, False) for fold in (1, 2)
    }
    assert variants({"store": "x"}, {}) == [TrainingConfig(store="x")]


def test_variants_unknown_value_raises_config_error():
    with pytest.raises(ConfigError, match="network"):
        variants({"store": "demo"}, {"network": ["compact", "huge"]})


@pytest.mark.parametrize(
    ("error", "message", "logged"),
    [
        (ModelError("It broke."), "It broke.", []),
        (MemoryError(), "Out of memory. Choose a smaller batch or fewer workers.", ["MemoryError"]),
    ],
)
def test_sweep_continues_after_failed_run(prepared, monkeypatch, error, message, logged):
    def run(job, context):
        if job.config.learning_rate == 0.01:
            raise error
        return GOOD

    monkeypatch.setattr(TrainJob, "run", run)
    roots, seen = prepared, []
    configs = variants({"store": "demo"}, {"learning_rate": [0.01, 0.001]})
    results = sweep(roots, configs, on_progress=seen.append)
    assert [(result.state, result.message, result.settings) for result in results] == [
        ("failed", message, {"learning_rate": 0.01}),
        ("finished", "Well.", {"learning_rate": 0.001}),
    ]
    assert [(progress.done, progress.total, progress.unit) for progress in seen] == [
        *[(0, 2, "runs"), (1, 2, "runs"), (2, 2, "runs")]
    ]
    logs = (roots.models / results[0].run).glob("work.log")
    assert [log.read_text().splitlines()[-1] for log in logs] == logged


def test_sweep_run_not_started_by_worker_is_failed(prepared, monkeypatch):
    roots = prepared
    monkeypatch.setattr(
        sweep_module,
        "_run_in_parallel",
        lambda jobs, context, scheduler: (job.folder(context.workspace) for job in jobs),
    )
    monkeypatch.setattr(sweep_module, "open_cluster", lambda scheduler: nullcontext())
    (result,) = sweep(roots, variants({"store": "demo"}, {}), "tcp://elsewhere:8786")
    assert (result.state, result.message) == ("failed", sweep_module.NOT_STARTED)


def test_sweep_job_is_stored_and_read_like_every_job_and_is_no_run(prepared, monkeypatch):
    monkeypatch.setattr(TrainJob, "run", lambda job, context: GOOD)
    job = sweep_job(variants({"store": "demo"}, {"seed": [1, 2]}))
    outcome = run_in_process(job, prepared)
    assert (outcome.state, outcome.message) == ("finished", "2 of 2 runs ended without an error.")
    assert read_spec(JobFolder(job.folder(prepared))) == job
    assert sorted(run.run for run in list_runs(prepared) if run.state != "shipped") == [
        f"{job.name}-01",
        f"{job.name}-02",
    ]


def test_stopped_sweep_stops_its_run_and_starts_no_other(prepared, monkeypatch):
    job = sweep_job(variants({"store": "demo"}, {"seed": [1, 2]}))

    def run(run, context):
        JobFolder(job.folder(prepared)).request_stop()
        context.progress(Progress(done=1, total=2))
        assert context.should_stop()
        return JobOutcome("stopped", "Stopped early.", DemoResult(folder="nowhere"))

    monkeypatch.setattr(TrainJob, "run", run)
    outcome = run_in_process(job, prepared)
    assert outcome.state == "stopped"
    assert [(run.state, run.message) for run in outcome.document.runs] == [
        ("stopped", "Stopped early."),
        ("stopped", STOPPED_BEFORE),
    ]
    assert not job.training_jobs()[1].folder(prepared).exists()


def test_resumed_sweep_does_what_is_not_done(prepared, monkeypatch):
    job = sweep_job(variants({"store": "demo"}, {"seed": [1, 2, 3]}))
    done = []

    def run(run, context):
        done.append(run.config.seed)
        if done == [1, 2]:
            JobFolder(job.folder(prepared)).request_stop()
            return JobOutcome("stopped", "Stopped early.", DemoResult(folder="nowhere"))
        return GOOD

    monkeypatch.setattr(TrainJob, "run", run)
    run_in_process(job, prepared)
    folder = JobFolder(sweep_folder(prepared, job.name))
    assert (folder.state(), done) == ("stopped", [1, 2])
    assert can_resume_sweep(prepared, folder)
    seen = []
    outcome = run_in_process(resume_sweep_job(prepared, job.name), prepared, seen.append)
    assert done == [1, 2, 2, 3]
    assert outcome.message == "3 of 3 runs ended without an error."
    assert [(progress.done, progress.total) for progress in seen] == [(1, 3), (2, 3), (3, 3)]
    assert not can_resume_sweep(prepared, folder)
    with pytest.raises(JobError, match="only a sweep with a run that hasn't finished can be resumed"):
        resume_sweep_job(prepared, job.name)


def write_sweep(workspace, state="stopped"):
    """Write the folder of a sweep of two runs that haven't begun."""
    job = sweep_job(variants({"store": "demo"}, {"seed": [1, 2]}))
    folder = JobFolder(job.folder(workspace))
    folder.write_request(job)
    folder.write_state(state)
    return job, folder


def test_resumed_sweep_would_replace_no_active_model_and_disturb_no_active_run(workspace):
    job, _ = write_sweep(workspace)
    run = write_model_run(workspace, f"{job.name}-01", state="stopped")
    activate(workspace, run.name)
    with pytest.raises(JobError, match="is the active model, and resuming would replace it"):
        resume_sweep_job(workspace, job.name)
    other = write_training_run(workspace, f"{job.name}-02", "running")
    (workspace.models / "active.json").unlink()
    with other.lock(), pytest.raises(JobError, match="-02 is running"):
        resume_sweep_job(workspace, job.name)
    with pytest.raises(JobError, match="nothing is not a sweep"):
        resume_sweep_job(workspace, "nothing")


def test_start_sweep_of_the_same_settings_twice_is_one_sweep(prepared, monkeypatch):
    launched = []

    def launch(job, workspace):
        folder = JobFolder(job.folder(workspace))
        folder.write_request(job)
        folder.write_state("running")
        launched.append(job)
        return folder

    monkeypatch.setattr(sweep_module, "launch", launch)
    configs = variants({"store": "demo"}, {"seed": [1, 2]})
    folder = start_sweep(prepared, configs)
    with folder.lock():
        assert start_sweep(prepared, configs) == folder
        assert len(launched) == 1
        start_sweep(prepared, variants({"store": "demo"}, {"seed": [3, 4]}))  # within the same second
    assert len({job.name for job in launched}) == 2


def test_stop_and_resume_commands_know_sweeps(workspace, monkeypatch, capsys):
    job, folder = write_sweep(workspace, "running")
    assert run_or_sweep(workspace, job.name) == folder
    assert run_or_sweep(workspace, "other").path == workspace.models / "other"
    with folder.lock():
        monkeypatch.setattr(sys, "argv", ["mammo", "stop", job.name])
        with pytest.raises(SystemExit) as end:
            cli.main()
    assert end.value.code == 0
    assert folder.stop_requested()
    assert f"{job.name}: stopping." in capsys.readouterr().out
    resumed = []
    monkeypatch.setattr(cli.runs, "run_sweep", lambda job, as_json: resumed.append(job))
    monkeypatch.setattr(sys, "argv", ["mammo", "resume", job.name])
    folder.write_state("stopped")
    with pytest.raises(SystemExit):
        cli.main()
    assert resumed == [job]


def test_sweep_without_successful_run_exits_with_status_1(prepared, monkeypatch, capsys):
    def run(job, context):
        raise ModelError("It broke.")

    monkeypatch.setattr(TrainJob, "run", run)
    monkeypatch.setattr(sys, "argv", ["mammo", "train", "demo", "--set", "seed=1,2", "--json"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    out, error = capsys.readouterr()
    assert end.value.code == 1
    runs = json.loads(out)["runs"]
    assert [run["state"] for run in runs] == ["failed", "failed"]
    assert [run["settings"] for run in runs] == [{"seed": 1}, {"seed": 2}]
    assert "All 2 runs failed. The first: It broke." in " ".join(error.split())


def test_sweep_checks_all_runs_before_starting(prepared):
    roots = prepared
    roots.models.mkdir()
    before = sorted(roots.models.iterdir())
    with pytest.raises(DataError, match="no prepared store 'nothing'"):
        sweep(roots, [TrainingConfig(store="demo"), TrainingConfig(store="nothing")])
    with pytest.raises(JobError, match="Can't reach a Dask scheduler at tcp"):
        sweep(roots, [TrainingConfig(store="demo")], "tcp://127.0.0.1:9")
    assert sorted(roots.models.iterdir()) == before


def test_sweep_on_a_cluster_without_workers_ends_with_one_sentence(prepared, monkeypatch):
    from distributed import LocalCluster

    monkeypatch.setattr("mammo_core.jobs.cluster.NO_WORKER_SECONDS", 0.2)
    monkeypatch.setattr(sweep_module, "POLL_SECONDS", 0.3)
    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address=None) as cluster,
        pytest.raises(JobError, match=r"There has been no Dask worker for 0\.2 s"),
    ):
        sweep(prepared, variants({"store": "demo"}, {}, folds=2), cluster.scheduler_address)
    (folder,) = (prepared.models / ".sweeps").iterdir()
    assert JobFolder(folder).state() == "failed"


def test_start_sweep_on_a_cluster_that_the_settings_name(prepared, monkeypatch):
    from distributed import LocalCluster

    def prepare(job, workspace):
        job.prepare(workspace)
        launched.append(job)
        return JobFolder(job.folder(workspace))

    launched, configs = [], variants({"store": "demo"}, {}, folds=2)
    monkeypatch.setattr(sweep_module, "launch", prepare)
    with LocalCluster(n_workers=0, processes=False, dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        with pytest.raises(ConfigError, match="isn't a scheduler that this server may use"):
            start_sweep(prepared, configs, address)
        monkeypatch.setattr(sweep_module, "settings", lambda: Settings(schedulers=f"tls://other:8786, {address}"))
        start_sweep(prepared, configs, address)
    assert [(job.scheduler, job.configs) for job in launched] == [(address, tuple(configs))]


def test_sweep_folds_on_dask_cluster_finish_like_local_runs(prepared):
    from distributed import LocalCluster

    roots = prepared
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:
        configs = variants({"store": "demo", "network": "original", "epochs": 1, "test_share": 0}, {}, folds=2)
        results = sweep(roots, configs, cluster.scheduler_address)
    assert [(result.state, result.epochs, result.settings) for result in results] == [
        ("finished", 1, {"fold": 1}),
        ("finished", 1, {"fold": 2}),
    ]
    (pooled,) = JobFolder(next((roots.models / ".sweeps").iterdir())).spec(SweepJob).result(roots).pooled
    assert (pooled.settings, pooled.runs, pooled.folds) == ({}, [result.run for result in results], 2)
    assert pooled.auc.value is not None
    assert pooled.lowest <= pooled.highest
    reports = [open_bundle(roots.models / result.run).evaluation() for result in results]
    assert [result.auc for result in results] == [report.auc for report in reports]
    assert [report.part for report in reports] == ["test", "test"]
    table = model_table(roots, list_runs(roots)).set_index("model")
    assert table.loc[results[1].run, "settings"] == "epochs 1, test share 0.0, folds 2, fold 2"
    for result in results:
        assert not JobFolder(roots.models / result.run).is_alive()
