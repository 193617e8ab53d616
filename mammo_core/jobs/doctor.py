"""The job that checks the images of a prepared store."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from mammo_core.dataset.store import Store, open_store
from mammo_core.documents.doctor_report import DoctorReport
from mammo_core.documents.job import StoppedJob
from mammo_core.documents.progress import Progress
from mammo_core.errors import ConfigError, DataError
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.runs import CHECKS
from mammo_core.jobs.spec import JobContext, JobOutcome, JobSpec
from mammo_core.models.registry import DEMO
from mammo_core.settings import SHIPPED_MODELS
from mammo_core.workspace import Workspace

if TYPE_CHECKING:
    from mammo_core.doctor.image_features import Arrays, Network

STOPPED = "Stopped. What was computed is kept; the check goes on from there when it is started again."


class DoctorJob(JobSpec):
    """Check every image of a store, and keep the report in the store's folder.

    Attributes:
        store: name of the prepared store.
        others: names of stores in which the same exposures are looked for, too.
    """

    kind: Literal["doctor"] = "doctor"
    store: str
    others: tuple[str, ...] = ()

    def folder(self, workspace: Workspace) -> Path:
        """Return the job's folder; the report itself is in the store's."""
        return workspace.prepared / CHECKS / self.store

    def prepare(self, workspace: Workspace) -> None:
        """Check that the stores are there and can be compared.

        Raises:
            MammoError: they aren't, or can't.
        """
        store = open_store(workspace, self.store)
        store.manifest()
        for name in self.others:
            if name == self.store:
                raise ConfigError(
                    f"The store {name} can't be compared with itself: the same images in it are looked for anyway."
                )
            open_store(workspace, name).manifest()

    def run(self, context: JobContext) -> JobOutcome:
        """Check the images; what a check that was stopped has computed is kept."""
        context.progress(Progress(done=0, total=0, phase="Opening the store"))
        from mammo_core.doctor.diagnosis import diagnose

        store = open_store(context.workspace, self.store)
        others = [open_store(context.workspace, name) for name in self.others]
        report = diagnose(store, others, _open_network, context.progress, context.should_stop)
        if report is None:
            return JobOutcome("stopped", STOPPED, StoppedJob(message=STOPPED))
        report.write(store.folder / DoctorReport.file_name)
        return JobOutcome("finished", report.describe(), report)


def check_job(workspace: Workspace, store: str) -> JobFolder:
    """Return the folder of a store's check, which may not exist."""
    return JobFolder(DoctorJob(store=store).folder(workspace))


def compared_stores(job: JobFolder) -> tuple[str, ...]:
    """Return the other stores of the last check that was requested."""
    with suppress(DataError):  # missing or damaged: the next request replaces it
        return job.spec(DoctorJob).others
    return ()


def _open_network(store: Store) -> "Network":
    """Load the network that computes the features of a store's images."""
    from mammo_core.learning.comparison_network import ComparisonNetwork

    network = ComparisonNetwork(SHIPPED_MODELS / DEMO, store.preprocessing.size)

    def run(images: np.ndarray) -> "Arrays":
        return vars(network.run(images))

    return run
