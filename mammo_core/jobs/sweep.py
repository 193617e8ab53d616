"""Run several trainings that differ in a few settings.

They run one after the other in this process, or in parallel on a Dask cluster.
"""

import itertools
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from pydantic import JsonValue

from mammo_core.documents.job import FINAL, SweepRun
from mammo_core.documents.metrics import read_last_epoch
from mammo_core.documents.progress import Progress, ProgressCallback, ignore_progress
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import MammoError
from mammo_core.jobs.cluster import open_pool
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.process import run_requested
from mammo_core.jobs.runs import read_auc
from mammo_core.jobs.training import TrainJob
from mammo_core.learning.plan import resolve
from mammo_core.settings import apply_environment, as_environment
from mammo_core.workspace import Workspace

NOT_STARTED = "No worker started it. Do all workers see the same data and models folders as this machine?"
_ONE_AT_A_TIME = threading.Lock()  # a Dask worker with several threads would mix the seeds of several trainings


def variants(
    document: Mapping[str, JsonValue], choices: Mapping[str, Sequence[JsonValue]], folds: int | None = None
) -> list[TrainingConfig]:
    """Return one configuration per combination of choices and fold.

    Args:
        document: the settings that all have in common.
        choices: the values of each setting that is varied.
        folds: number of patient-grouped folds, each the test part of one run; None for no folds.

    Raises:
        ConfigError: a setting can't be used.
    """
    if folds is not None:
        choices = {**choices, "folds": [folds], "fold": list(range(1, folds + 1))}
    combinations = itertools.product(*choices.values())
    return [
        TrainingConfig.from_settings({**document, **dict(zip(choices, values, strict=True))}) for values in combinations
    ]


def sweep(
    workspace: Workspace,
    configs: Sequence[TrainingConfig],
    scheduler: str | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> list[SweepRun]:
    """Do several training runs; one that fails does not end the others.

    Args:
        workspace: the folders to work in.
        configs: the settings of each run; all are checked before anything starts.
        scheduler: address of a Dask scheduler whose workers see the same folders; None to do one run after the other
            in this process.
        on_progress: called with the number of runs that have ended.

    Returns:
        One document for each run, in the order of `configs`.

    Raises:
        MammoError: settings or data don't allow one of the runs, or no scheduler answers.
    """
    plans = [resolve(workspace, config) for config in configs]
    base = f"{configs[0].store}-sweep-{datetime.now():%Y%m%d-%H%M%S}"
    jobs = [TrainJob(name=f"{base}-{number:02d}", config=config) for number, config in enumerate(configs, 1)]
    if scheduler:
        ended = _run_in_parallel(jobs, workspace, scheduler)  # without plans, which would be sent to the workers
    else:
        ended = _run_in_sequence([job.with_plan(plan) for job, plan in zip(jobs, plans, strict=True)], workspace)
    for done, _ in enumerate(ended, 1):
        on_progress(Progress(done=done, total=len(jobs), unit="runs"))
    settings = [config.model_dump(mode="json") for config in configs]
    differing = [key for key in settings[0] if len({str(values[key]) for values in settings}) > 1]
    return [
        _describe(job.folder(workspace), {key: values[key] for key in differing})
        for job, values in zip(jobs, settings, strict=True)
    ]


def _describe(path: Path, settings: dict[str, JsonValue]) -> SweepRun:
    folder = JobFolder(path)
    if not folder.exists:
        return SweepRun(run=path.name, state="failed", message=NOT_STARTED, epochs=None, auc=None, settings=settings)
    return SweepRun(
        run=path.name,
        state=folder.state(),
        message=folder.message(),
        epochs=read_last_epoch(path),
        auc=read_auc(path),
        settings=settings,
    )


def train_on_worker(job: TrainJob, workspace: Workspace, environment: dict[str, str]) -> None:
    """Do one run of a sweep in a Dask worker.

    If the worker dies, Dask hands the run to another one, which resumes it.
    """
    with _ONE_AT_A_TIME:
        apply_environment(environment)
        folder = JobFolder(job.folder(workspace))
        if not folder.exists:
            folder.write_request(job)
        if not folder.stop_requested():
            run_requested(folder, job, workspace, in_turn=False)


@contextmanager
def _failure_recorded_by_job(path: Path) -> Iterator[None]:
    """Let a run fail without ending the others, if its folder records the failure."""
    try:
        yield
    except MammoError:
        pass
    except Exception:
        if not JobFolder(path).exists or JobFolder(path).state() not in FINAL:
            raise
        with (path / "work.log").open("a", encoding="utf-8") as log:
            log.write(traceback.format_exc())


def _run_in_sequence(jobs: Sequence[TrainJob], workspace: Workspace) -> Iterator[Path]:
    for job in jobs:
        folder = JobFolder(job.folder(workspace))
        with _failure_recorded_by_job(folder.path):
            folder.write_request(job)
            run_requested(folder, job, workspace)
        yield folder.path


def _run_in_parallel(jobs: Sequence[TrainJob], workspace: Workspace, scheduler: str) -> Iterator[Path]:
    from distributed import KilledWorker, as_completed

    with open_pool(None, scheduler) as pool:
        futures = {
            pool.client.submit(train_on_worker, job, workspace, as_environment(), pure=False): job.folder(workspace)
            for job in jobs
        }
        try:
            for future in as_completed(futures):
                path = futures[future]
                with _failure_recorded_by_job(path), suppress(KilledWorker):
                    future.result()
                yield path
        finally:
            for path in futures.values():  # no run outlives the sweep that requested it
                if JobFolder(path).exists and JobFolder(path).state() not in FINAL:
                    JobFolder(path).request_stop()
