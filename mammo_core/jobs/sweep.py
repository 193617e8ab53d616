"""Run several trainings that differ in a few settings.

They run one after the other in this process, or in parallel on a Dask cluster.
"""

import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from mammo_core.documents.job import FINAL, State, SweepResult, SweepRun
from mammo_core.documents.metrics import read_last_epoch
from mammo_core.documents.progress import Progress
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import ConfigError, DataError, JobError, MammoError
from mammo_core.jobs.cluster import POLL_SECONDS, WorkerWatch, open_cluster
from mammo_core.jobs.file_errors import describe_origin, file_errors_as_job_error
from mammo_core.jobs.folder import SPEC, JobFolder
from mammo_core.jobs.process import launch, run_requested
from mammo_core.jobs.runs import SWEEPS, read_auc, run_folder
from mammo_core.jobs.spec import JobContext, JobOutcome, JobSpec
from mammo_core.jobs.training import TrainJob
from mammo_core.learning.plan import resolve
from mammo_core.models.registry import active_model
from mammo_core.settings import apply_environment, as_environment, settings
from mammo_core.storage.folders import files_of_subfolders
from mammo_core.storage.locks import file_lock
from mammo_core.storage.names import named_folder
from mammo_core.storage.path_text import as_written
from mammo_core.workspace import Workspace

KEPT: tuple[State, ...] = ("finished", "diverged")  # states of a run that a resumed sweep doesn't do again
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

    One that fails does not end the others. In the folder of a sweep that ended early, its runs go on: those that have ended by
    themselves are kept.

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
        return sweep_folder(workspace, self.name)

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
        """Do the runs that aren't done yet, and report each as it ends."""
        jobs = self.training_jobs()
        waiting = [job for job in jobs if not _is_done(job.folder(context.workspace))]
        context.progress(Progress(done=len(jobs) - len(waiting), total=len(jobs), unit="runs"))
        run = partial(_run_in_parallel, scheduler=self.scheduler) if self.scheduler else _run_in_sequence
        for done, _ in enumerate(run(waiting, context), len(jobs) - len(waiting) + 1):
            context.progress(Progress(done=done, total=len(jobs), unit="runs"))
        stopped = context.should_stop()
        result = self.result(context.workspace, stopped)
        if stopped:
            return JobOutcome("stopped", "Stopped. The runs that have ended are kept.", result)
        failed = sum(run.state in ("failed", "crashed") for run in result.runs)
        message = f"{len(jobs) - failed} of {len(jobs)} runs ended without an error."
        return JobOutcome("finished", message, result)

    def result(self, workspace: Workspace, stopped: bool = False) -> SweepResult:
        """Return what came of the runs.

        Args:
            workspace: the folders to work in.
            stopped: whether the sweep was stopped, so that runs may be missing.
        """
        from mammo_core.jobs.sweep_results import pool_folds  # takes a second, which every training would wait for

        runs = [
            _describe(job.folder(workspace), differing, stopped)
            for job, differing in zip(self.training_jobs(), self.differences(), strict=True)
        ]
        return SweepResult(runs=runs, pooled=pool_folds(workspace, self))

    def training_jobs(self) -> list[TrainJob]:
        """Return the job of each run."""
        return [
            TrainJob(name=f"{self.name}-{number:02d}", config=config) for number, config in enumerate(self.configs, 1)
        ]

    def differences(self) -> list[dict[str, JsonValue]]:
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


def sweep_folder(workspace: Workspace, name: str) -> Path:
    """Return the folder of a sweep.

    Raises:
        InvalidName: no sweep can have this name.
    """
    return named_folder(workspace.models / SWEEPS, as_written(name))


def run_or_sweep(workspace: Workspace, name: str) -> JobFolder:
    """Return the folder of the sweep of that name, else of the run.

    Raises:
        InvalidName: neither can have this name.
    """
    sweep = JobFolder(sweep_folder(workspace, name))
    return sweep if sweep.exists else JobFolder(run_folder(workspace, name))


@file_errors_as_job_error("a sweep")
def start_sweep(workspace: Workspace, configs: Sequence[TrainingConfig], scheduler: str | None = None) -> JobFolder:
    """Start a sweep in a process of its own.

    Two clicks, or two tabs, with the same settings start one sweep.

    Args:
        workspace: the folders to work in.
        configs: the settings of each run.
        scheduler: see `SweepJob`; only one that the settings name, since a scheduler may run code in who connects to it.

    Returns:
        The new sweep's folder, or that of a queued or running one with the same settings.

    Raises:
        MammoError: settings or data don't allow one of the runs, no scheduler answers, or the disk is full.
    """
    if scheduler is not None and scheduler not in settings().scheduler_addresses:
        raise ConfigError(
            f"{scheduler} isn't a scheduler that this server may use. Its operator sets MAMMO_SCHEDULERS."
        )
    job = sweep_job(configs, scheduler)
    root = workspace.models / SWEEPS
    root.mkdir(parents=True, exist_ok=True)
    with file_lock(root / ".start.lock"):
        for path in files_of_subfolders(root, SPEC):
            folder = JobFolder(path.parent)
            with suppress(DataError):  # a damaged folder is no sweep with these settings
                if folder.state() not in (*FINAL, "stopping") and folder.spec(SweepJob).configs == job.configs:
                    return folder
        return launch(_with_free_name(workspace, job), workspace)


def _with_free_name(workspace: Workspace, job: SweepJob) -> SweepJob:
    """Return a sweep with a name that no other has: two may begin within a second."""
    number, free = 1, job
    while free.folder(workspace).exists():
        number += 1
        free = job.model_copy(update={"name": f"{job.name}-{number}"})
    return free


def can_resume_sweep(workspace: Workspace, folder: JobFolder) -> bool:
    """Return whether a sweep has ended, and a run of it hasn't ended by itself."""
    if not folder.exists or folder.state() not in FINAL:
        return False
    try:
        jobs = folder.spec(SweepJob).training_jobs()
    except DataError:
        return False  # its settings can't be read
    return not all(_is_done(job.folder(workspace)) for job in jobs)


def resume_sweep_job(workspace: Workspace, name: str) -> SweepJob:
    """Return the job that resumes a sweep.

    Raises:
        InvalidName: no sweep can have this name.
        JobError: there is no such sweep, it is queued or running, or all its runs have ended by themselves; or resuming would
            replace the active model, or a run of it is active on its own.
        DataError: the file that names the active model is damaged.
    """
    folder = JobFolder(sweep_folder(workspace, name))
    if not can_resume_sweep(workspace, folder):
        state = folder.state() if folder.exists else "not a sweep"
        raise JobError(f"{name} is {state}; only a sweep with a run that hasn't finished can be resumed.")
    job = folder.spec(SweepJob)
    active = active_model(workspace)
    for run in job.training_jobs():
        path = run.folder(workspace)
        if run.name == active and not _is_done(path):
            raise JobError(
                f"{run.name} is the active model, and resuming would replace it. Activate another one first."
            )
        if JobFolder(path).exists and JobFolder(path).state() not in FINAL:
            raise JobError(f"{run.name} is {JobFolder(path).state()}. Wait for it to end, or stop it.")
    return job


def resume_sweep(workspace: Workspace, name: str) -> JobFolder:
    """Resume a sweep in a process of its own.

    Raises:
        MammoError: see `resume_sweep_job`.
    """
    return launch(resume_sweep_job(workspace, name), workspace)


def _is_done(path: Path) -> bool:
    folder = JobFolder(path)
    return folder.exists and folder.state() in KEPT


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
    except Exception as error:
        if not JobFolder(path).exists or JobFolder(path).state() not in FINAL:
            raise
        with (path / "work.log").open("a", encoding="utf-8") as log:
            log.write(describe_origin(error))


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
            watch = WorkerWatch(pool.client)
            while pending and not context.should_stop():
                watch.check()
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
