"""The job that turns a data set into a prepared store."""

import logging
import re
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal, cast

from pydantic import JsonValue

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.library import RESERVED, describe_source, find_dataset
from mammo_core.dataset.store import Store, create_store, list_stores, open_store, resolve_store, stores_of
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.job import FINAL
from mammo_core.documents.preprocessing_config import PreprocessingConfig, Size
from mammo_core.documents.progress import Progress
from mammo_core.errors import DataError
from mammo_core.jobs.cluster import default_workers, open_pool
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.spec import JobContext, JobOutcome, JobSpec
from mammo_core.storage.names import check_name
from mammo_core.storage.standard_output import printable
from mammo_core.workspace import Workspace

logger = logging.getLogger(__name__)

TASKS = "mammo_core.dataset.conversion"  # what workers run
MAX_DERIVED_NAME = 60  # characters of a data set's name that become its store's


class ImportJob(JobSpec):
    """Prepare every image of a data set that its store does not hold yet.

    Attributes:
        source: the data set.
        store: name of the prepared store.
        size: of the prepared images in pixels: the side of squares, or rows and columns.
        workers: processes on this machine; one for each core if None. Not used with a scheduler.
        scheduler: address of a running Dask scheduler.
        retry: whether to try files in quarantine again.
    """

    kind: Literal["import"] = "import"
    source: StoreSource
    store: str
    size: Size = 256
    workers: int | None = None
    scheduler: str | None = None
    retry: bool = False

    def folder(self, workspace: Workspace) -> Path:
        """Return the folder of the store."""
        return workspace.prepared / self.store

    def prepare(self, workspace: Workspace) -> None:
        """Create the store if it is not there yet.

        Raises:
            DataError: the store holds images of another data set.
        """
        create_store(workspace, self.store, PreprocessingConfig(size=self.size), self.source)

    def run(self, context: JobContext) -> JobOutcome:
        """Import the images; what an interrupted import has prepared is kept."""
        store = open_store(context.workspace, self.store)
        context.progress(Progress(done=0, total=0, phase=self._describe_start()))
        with open_pool(self.workers, self.scheduler, module=TASKS) as pool:
            from mammo_core.dataset.importer import clear_quarantine, import_images  # while the workers start

            context.progress(Progress(done=0, total=0, phase="Reading the CSV and looking for the files"))
            catalogue = read_catalogue(store.read_csv_path())
            for note in catalogue.notes:
                logger.warning(printable(note))
            if catalogue.missing_files == len(catalogue.table):
                raise DataError(catalogue.notes[-1])
            if self.retry:
                clear_quarantine(store)
            report = import_images(catalogue, store, pool, context.progress, context.should_stop)
        return JobOutcome("stopped" if report.stopped else "finished", report.describe(retried=self.retry), report)

    def _describe_start(self) -> str:
        if self.scheduler:
            return "Connecting to the scheduler"
        workers = self.workers or default_workers()
        return f"Starting {workers} worker{'s' if workers != 1 else ''}"

    @classmethod
    def _from_arguments(cls, arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
        csv = Path(cast(str, arguments["source"]))
        return {**arguments, "source": {"csv": str(csv), "dataset": csv.parent.name, "synthetic": False}}


def import_job(workspace: Workspace, source: str, name: str | None = None, size: Size = 256) -> ImportJob:
    """Return the job that imports a data set. Writes nothing.

    Args:
        workspace: the folders to work in.
        source: the data set's name, its folder or its CSV.
        name: of the prepared store; by default the data set's, with '-' for characters that no name may have.
        size: of the images in pixels: the side of squares, or rows and columns.

    Raises:
        ConfigError: there are no model inputs of this size.
        InvalidName: the name can't be used.
        DataError: the data set can't be read, or the store holds images of another data set.
    """
    preprocessing = PreprocessingConfig(size=size)
    if name:
        check_name(name, RESERVED)
    catalogue = read_catalogue(find_dataset(workspace, source))
    about = describe_source(workspace, catalogue)
    derived = re.sub(r"[^A-Za-z0-9._-]+", "-", about.dataset).strip("-._")[:MAX_DERIVED_NAME]
    store = resolve_store(workspace, name or derived or "dataset", preprocessing, about)
    return ImportJob(source=about, store=store.name, size=preprocessing.size)


def resume_import_job(workspace: Workspace, store: Store, *, retry: bool = False) -> ImportJob:
    """Return the job that completes an import. Writes nothing.

    It uses the same scheduler or number of workers as the earlier import.

    Args:
        workspace: the folders to work in.
        store: the store to complete.
        retry: whether to try files in quarantine again.

    Raises:
        DataError: the data set can't be read.
    """
    job = import_job(workspace, str(store.read_csv_path()), store.name, store.preprocessing.size)
    again = job.model_copy(update={"retry": retry})
    with suppress(DataError):  # without a readable request the defaults apply
        before = JobFolder(store.folder).spec(ImportJob)
        return again.model_copy(update={"workers": before.workers, "scheduler": before.scheduler})
    return again


def describe_unfinished_import(store: Store) -> str | None:
    """Return a sentence on an import that has not finished, else None."""
    job = JobFolder(store.folder)
    state = job.state() if job.exists else "finished"
    if state == "finished":
        return None
    progress = job.progress()
    at = f" at {progress.done:,} of {progress.total:,} images" if progress and progress.total else ""
    if state not in FINAL:
        return f"The import of {store.name} is still running{at}."
    verb = "stopped" if state == "stopped" else "failed"
    return f"The import of {store.name} {verb}{at}. Resume it to train on all of them."


def describe_outcome(job: JobFolder) -> str:
    """Return when the import in a job's folder ended, and how."""
    return f"{datetime.fromtimestamp(job.changed_at()):%d %b %H:%M} · {job.message()}"


def is_active_import(store: Store) -> bool:
    """Return whether an import into a store is queued or running."""
    job = JobFolder(store.folder)
    return job.exists and job.state() not in FINAL


def is_importing(workspace: Workspace, csv: Path) -> bool:
    """Return whether an import of a data set, given by its CSV, is queued or running."""
    return any(is_active_import(store) for store in stores_of(csv, list_stores(workspace)))
