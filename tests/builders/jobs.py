"""Jobs: a fake one, and the real ones run in the tests' own process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil
from pydantic import Field

from builders.dask import pool_in_process
from builders.waiting import wait_until
from mammo_core.documents.job import DemoResult
from mammo_core.documents.preprocessing_config import Size
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.importing import import_job
from mammo_core.jobs.process import run_in_process
from mammo_core.jobs.spec import JobContext, JobOutcome, JobSpec
from mammo_core.jobs.training import TrainJob
from mammo_core.workspace import Workspace

SIZE = 64  # side of the images in stores that tests import, in pixels: sixteen times faster to train on than 256
DONE = JobOutcome("finished", "Done.", DemoResult(folder="nowhere"))


class FakeJob(JobSpec):
    """A job that calls a function; its folder is in the data folder."""

    kind: str = "demo"
    name: str = "fake"
    call: Callable[[JobContext], JobOutcome] = Field(default=lambda context: DONE, exclude=True)

    def folder(self, workspace: Workspace) -> Path:
        return workspace.data / self.name

    def prepare(self, workspace: Workspace) -> None:
        pass

    def run(self, context: JobContext) -> JobOutcome:
        return self.call(context)


def import_in_process(source: str, name: str | None = None, size: Size = SIZE) -> JobOutcome:
    """Import a data set with one worker, a thread of this process."""
    workspace = Workspace.from_environment()
    job = import_job(workspace, source, name, size)
    with patch("mammo_core.jobs.importing.open_pool", pool_in_process):
        return run_in_process(job.model_copy(update={"workers": 1}), workspace)


def launch_in_process(job: JobSpec, workspace: Workspace) -> JobFolder:
    """Run a job in this process, with one worker for an import; takes and returns what `launch` does."""
    with patch("mammo_core.jobs.importing.open_pool", pool_in_process):
        run_in_process(job, workspace)
    return JobFolder(job.folder(workspace))


def train_in_process(name: str, **settings: Any) -> JobOutcome:
    """Train a network; `settings` are those of TrainingConfig."""
    return run_in_process(TrainJob(name=name, config=TrainingConfig(**settings)), Workspace.from_environment())


def process_of(folder: JobFolder) -> psutil.Process:
    """Return the process that runs a job, by its command line."""
    processes: list[psutil.Process] = []

    def find() -> bool:
        for process in psutil.process_iter(["cmdline"]):
            if str(folder.path) in (process.info["cmdline"] or []):
                processes.append(process)
        return bool(processes)

    wait_until(find)
    return processes[0]
