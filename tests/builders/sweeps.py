"""Sweeps made of the files that their runs write; nothing is trained."""

from builders.predictions import predictions
from builders.runs import write_model_run, write_training_run
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.sweep import SweepJob, variants
from mammo_core.workspace import Workspace

NAME = "demo-sweep-20261101-101500"
VALUES = {"learning_rate": [0.001, 0.01], "augment": [True, False]}
TABLE = predictions(signal=0.1)
FIRST_FOLD = TABLE["patient_id"].astype(int) < 60


def write_sweep(workspace: Workspace, state: str = "stopped", folds: int | None = 2) -> tuple[SweepJob, JobFolder]:
    """Write a sweep of four combinations of settings.

    The first has all its runs, with models. The second has one with a model, and with folds a failed one. The others
    haven't begun.

    Args:
        workspace: the folders to work in.
        state: of the sweep.
        folds: two, or None for one split.
    """
    job = SweepJob(name=NAME, configs=tuple(variants({"store": "demo"}, VALUES, folds)))
    folder = JobFolder(job.folder(workspace))
    folder.write_request(job)
    folder.write_state(state, "The sweep ended.")
    runs = job.training_jobs()
    if folds is None:
        for run in runs[:2]:
            write_model_run(workspace, run.name, TABLE)
        return job, folder
    for run, fold in zip(runs[:3], (FIRST_FOLD, ~FIRST_FOLD, FIRST_FOLD), strict=True):
        write_model_run(workspace, run.name, TABLE[fold])
    write_training_run(workspace, runs[3].name, "failed", epochs=1)
    return job, folder
