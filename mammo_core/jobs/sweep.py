"""Run several trainings that differ in a few settings.

They run one after the other in this process, or in parallel on a Dask cluster.
"""

import itertools
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from mammo_core.documents.job import FINAL, SweepResult, SweepRun
from mammo_core.documents.metrics import read_last_epoch
from mammo_core.documents.progress import Progress
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import MammoError
from mammo_core.jobs.cluster import POLL_SECONDS, open_cluster
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.process import run_requested
from mammo_core.jobs.runs import read_auc
from mammo_core.jobs.spec import JobContext, JobOutcome, JobSpec
from mammo_core.jobs.training import TrainJob
from mammo_core.learning.plan import resolve
from mammo_core.settings import apply_environment, as_environment
from mammo_core.workspace import Workspace

SWEEPS = ".sweeps"  # in the models folder; hidden, since it holds no run
NOT_STARTED = "No worker started it. Do all workers see the same data and models folders as this machine?"
STOPPED_BEFORE = "The sweep was stopped before this run began."
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


class SweepJob(JobSpec):
    """Do several training runs that differ in a few settings.

    One that fails does not end the others.

    Attributes:
        name: the sweep's name, with which those of its runs begin.
        configs: the settings of each run.
        scheduler: address of a Dask scheduler whose workers see the same folders; None to do one run after the other
            in one process.
    """

    kind: Literal["sweep"] = "sweep"
    name: str
    configs: tuple[TrainingConfig, ...]
    scheduler: str | None = None

    def folder(self, workspace: Workspace) -> Path:
        """Return the sweep's own folder, which is not among those of runs."""
        return workspace.models / SWEEPS / self.name

    def prepare(self, workspace: Workspace) -> None:
        """Check the settings of all runs, and that the scheduler answers.

        Raises:
            MammoError: settings or data don't allow one of the runs, or no scheduler answers.
        """
        for config in self.configs:
            resolve(workspace, config)
        if self.scheduler:
            with open_cluster(self.scheduler):
                pass

    def run(self, context: JobContext) -> JobOutcome:
        """Do the runs, and report each as it ends."""
        jobs = self.training_jobs()
        run = partial(_run_in_parallel, scheduler=self.scheduler) if self.scheduler else _run_in_sequence
        for done, _ in enumerate(run(jobs, context), 1):
            context.progress(Progress(done=done, total=len(jobs), unit="runs"))
        stopped = context.should_stop()
        runs = [
            _describe(job.folder(context.workspace), differing, stopped)
            for job, differing in zip(jobs, self._differences(), strict=True)
        ]
        if stopped:
            return JobOutcome("stopped", "Stopped. The runs that have ended are kept.", SweepResult(runs=runs))
        failed = sum(run.state in ("failed", "crashed") for run in runs)
        message = f"{len(runs) - failed} of {len(runs)} runs ended without an error."
        return JobOutcome("finished", message, SweepResult(runs=runs))

    def training_jobs(self) -> list[TrainJob]:
        """Return the job of each run."""
        return [
            TrainJob(name=f"{self.name}-{number:02d}", config=config) for number, config in enumerate(self.configs, 1)
        ]

    def _differences(self) -> list[dict[str, JsonValue]]:
        """Return for each run the settings in which the runs differ."""
        settings = [config.model_dump(mode="json") for config in self.configs]
        differing = [key for key in settings[0] if len({str(values[key]) for values in settings}) > 1]
        return [{key: values[key] for key in differing} for values in settings]


def sweep_job(configs: Sequence[TrainingConfig], scheduler: str | None = None) -> SweepJob:
    """Return the job of several training runs.

    It is named after the store of the first one and the time.

    Args:
        configs: the settings of each run, at least one.
        scheduler: see `SweepJob`.
    """
    name = f"{configs[0].store}-sweep-{datetime.now():%Y%m%d-%H%M%S}"
    return SweepJob(name=name, configs=tuple(configs), scheduler=scheduler)


def _describe(path: Path, settings: dict[str, JsonValue], stopped: bool) -> SweepRun:
    folder = JobFolder(path)
    if not folder.exists:
        state, message = ("stopped", STOPPED_BEFORE) if stopped else ("failed", NOT_STARTED)
        return SweepRun(run=path.name, state=state, message=message, epochs=None, auc=None, settings=settings)
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


def _run_in_sequence(jobs: Sequence[TrainJob], context: JobContext) -> Iterator[Path]:
    """Do one run after the other, and yield the folder of each that has ended."""
    for job in jobs:
        if context.should_stop():
            return
        folder = JobFolder(job.folder(context.workspace))
        with _failure_recorded_by_job(folder.path):
            folder.write_request(job)
            run_requested(folder, job, context.workspace, partial(_pass_on_stop, context, folder))
        yield folder.path


def _pass_on_stop(context: JobContext, folder: JobFolder, progress: Progress) -> None:
    """Stop a run when its sweep is to stop; called with its progress."""
    if context.should_stop() and not folder.stop_requested():
        folder.request_stop()


def _run_in_parallel(jobs: Sequence[TrainJob], context: JobContext, scheduler: str) -> Iterator[Path]:
    """Do the runs on a cluster, and yield the folder of each that has ended."""
    from distributed import KilledWorker, wait

    workspace = context.workspace
    with open_cluster(scheduler) as pool:
        pending = {
            pool.client.submit(train_on_worker, job, workspace, as_environment(), pure=False): job.folder(workspace)
            for job in jobs
        }
        folders = list(pending.values())
        try:
            while pending and not context.should_stop():
                with suppress(TimeoutError):
                    for future in wait(list(pending), timeout=POLL_SECONDS, return_when="FIRST_COMPLETED").done:
                        path = pending.pop(future)
                        with _failure_recorded_by_job(path), suppress(KilledWorker):
                            future.result()
                        yield path
        finally:
            for path in folders:  # no run outlives the sweep that requested it
                if JobFolder(path).exists and JobFolder(path).state() not in FINAL:
                    JobFolder(path).request_stop()
