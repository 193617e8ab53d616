import json
from pathlib import Path

from mammo_core.cli.jobs import run_job, run_sweep
from mammo_core.jobs.demo import DemoJob
from mammo_core.jobs.sweep import sweep_job, variants
from mammo_core.jobs.training import TrainJob


def small_demo(workspace) -> DemoJob:
    return DemoJob(out=workspace.data / "small", patients=4, rows=256, columns=192)


def test_run_job_prints_its_outcome(workspace, capsys):
    run_job(small_demo(workspace), "images", as_json=True)
    assert Path(json.loads(capsys.readouterr().out)["folder"]) == workspace.data / "small"


def test_run_sweep_prints_each_run_and_one_that_succeeded_is_enough(prepared, monkeypatch, capsys):
    outcome = small_demo(prepared).run

    def run(job, context):
        if job.config.seed == 1:
            raise ValueError("It broke.")
        return outcome(context)

    monkeypatch.setattr(TrainJob, "run", run)
    run_sweep(sweep_job(variants({"store": "demo"}, {"seed": [1, 2]})), as_json=True)
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert [run["state"] for run in runs] == ["failed", "finished"]
