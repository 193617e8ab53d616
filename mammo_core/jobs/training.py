"""The job that trains a network; starting and resuming runs."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal, cast

from pydantic import JsonValue, PrivateAttr

from mammo_core.documents.job import FINAL
from mammo_core.documents.progress import Progress
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import DataError, JobError
from mammo_core.jobs.file_errors import file_errors_as_job_error
from mammo_core.jobs.folder import SPEC, JobFolder
from mammo_core.jobs.process import launch
from mammo_core.jobs.runs import run_folder
from mammo_core.jobs.spec import JobContext, JobOutcome, JobSpec
from mammo_core.learning.plan import TrainingPlan, resolve
from mammo_core.models.registry import active_model
from mammo_core.storage.folders import files_of_subfolders
from mammo_core.storage.locks import file_lock
from mammo_core.workspace import Workspace

RESUMABLE = ("stopped", "failed", "crashed")


class TrainJob(JobSpec):
    """Train a network on a prepared store.

    In the folder of an interrupted run, training resumes after its last complete epoch.

    Attributes:
        name: the run's name, and later its model's.
        config: the training settings.
    """

    kind: Literal["train"] = "train"
    name: str
    config: TrainingConfig
    _plan: TrainingPlan | None = PrivateAttr(default=None)

    def with_plan(self, plan: TrainingPlan) -> "TrainJob":
        """Return the same job with its resolved plan.

        Running it in this process need not resolve the configuration again. work.json does not hold the plan: a process
        of its own resolves it anew.
        """
        job = self.model_copy()
        job._plan = plan
        return job

    def folder(self, workspace: Workspace) -> Path:
        """Return the run's folder."""
        return run_folder(workspace, self.name)

    def prepare(self, workspace: Workspace) -> None:
        """Do nothing: the job was made from a plan, so its settings are checked already."""

    def run(self, context: JobContext) -> JobOutcome:
        """Train, evaluate, save and verify the model."""
        context.progress(Progress(done=0, total=0, phase="Loading TensorFlow"))
        from mammo_core.learning.trainer import train

        plan = self._plan or resolve(context.workspace, self.config)
        result = train(plan, context.folder, context.progress, context.should_stop)
        return JobOutcome(result.status, result.message, result)

    @classmethod
    def _from_arguments(cls, arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
        return {"name": Path(cast(str, arguments["run"])).name, "config": arguments["config"]}


def train_job(workspace: Workspace, config: TrainingConfig) -> TrainJob:
    """Return the job of a new run, named after store, network and time.

    Nothing is written yet.

    Raises:
        MammoError: the store, the start model or the memory don't allow this training.
    """
    return _new_run(workspace, resolve(workspace, config))


def _new_run(workspace: Workspace, plan: TrainingPlan) -> TrainJob:
    config = plan.config
    name = f"{config.store}-{config.network}-{_time_text()}"
    number = 1
    job = TrainJob(name=name, config=config)
    while job.folder(workspace).exists():
        number += 1
        job = TrainJob(name=f"{name}-{number}", config=config)
    return job.with_plan(plan)


def _time_text() -> str:
    return f"{datetime.now():%Y%m%d-%H%M%S}"


@file_errors_as_job_error("a run")
def start(workspace: Workspace, plan: TrainingPlan) -> JobFolder:
    """Start a run in a process of its own.

    Two clicks, or two tabs, with the same settings start one run.

    Returns:
        The new run's folder, or that of a queued or running run with the same settings. One that was asked to stop
        doesn't count.

    Raises:
        MammoError: the disk is full.
    """
    workspace.models.mkdir(parents=True, exist_ok=True)
    with file_lock(workspace.models / ".start.lock"):
        for path in files_of_subfolders(workspace.models, SPEC):
            folder = JobFolder(path.parent)
            with suppress(DataError):  # a damaged folder is no run with these settings
                if folder.state() not in (*FINAL, "stopping") and folder.spec(TrainJob).config == plan.config:
                    return folder
        return launch(_new_run(workspace, plan), workspace)


def can_resume(folder: JobFolder) -> bool:
    """Return whether a run ended early and can be resumed."""
    if not folder.exists or folder.state() not in RESUMABLE:
        return False
    try:
        folder.spec(TrainJob)
    except DataError:
        return False  # not a training run, or one whose settings can't be read
    return True


def resume_job(workspace: Workspace, name: str) -> TrainJob:
    """Return the job that resumes a run.

    Raises:
        InvalidName: no run can have this name.
        JobError: there is no such run, it is queued or running, it has ended by itself, or its model is the active one.
        MammoError: its store or its start model is gone or has changed.
    """
    folder = JobFolder(run_folder(workspace, name))
    if not can_resume(folder):
        state = folder.state() if folder.exists else "not a training run"
        raise JobError(f"{folder.name} is {state}; only a run that was stopped, failed or crashed can be resumed.")
    if folder.name == active_model(workspace):
        raise JobError(f"{folder.name} is the active model, and resuming would replace it. Activate another one first.")
    config = folder.spec(TrainJob).config
    return TrainJob(name=folder.name, config=config).with_plan(resolve(workspace, config))


def resume(workspace: Workspace, name: str) -> JobFolder:
    """Resume a run in a process of its own.

    Raises:
        MammoError: see `resume_job`.
    """
    return launch(resume_job(workspace, name), workspace)
