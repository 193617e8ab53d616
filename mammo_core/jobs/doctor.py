"""The job that checks the images of a prepared store."""

from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mammo_core.dataset.store import Store, open_store
from mammo_core.documents.doctor_report import DoctorReport
from mammo_core.documents.job import StoppedJob
from mammo_core.documents.preprocessing_config import size_option
from mammo_core.documents.progress import Progress
from mammo_core.errors import ConfigError, DataError
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.runs import CHECKS
from mammo_core.jobs.spec import JobContext, JobOutcome, JobSpec
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import model_folder
from mammo_core.workspace import Workspace

if TYPE_CHECKING:
    from mammo_core.doctor.image_features import Network

STOPPED = "Stopped. What was computed is kept; the check goes on from there when it is started again."


class DoctorJob(JobSpec):
    """Check every image of a store, and keep the report in the store's folder.

    Attributes:
        store: name of the prepared store.
        others: names of stores in which the same exposures are looked for, too.
        models: names of models; the exposures that they have been fitted to are looked for.
    """

    kind: Literal["doctor"] = "doctor"
    store: str
    others: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    def folder(self, workspace: Workspace) -> Path:
        """Return the job's folder; the report itself is in the store's."""
        return workspace.prepared / CHECKS / self.store

    def prepare(self, workspace: Workspace) -> None:
        """Check that the stores and models are there and can be compared.

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
        for name in self.models:
            bundle = open_bundle(model_folder(workspace, name))
            if bundle.preprocessing != store.preprocessing:
                raise ConfigError(
                    f"The images of {self.store} were prepared in another way than those that {name} was trained on, so they "
                    f"can't be compared. Import the data again with --size {size_option(bundle.preprocessing.size)}."
                )

    def run(self, context: JobContext) -> JobOutcome:
        """Check the images; what a check that was stopped has computed is kept."""
        context.progress(Progress(done=0, total=0, phase="Opening the store"))
        from mammo_core.doctor.diagnosis import diagnose
        from mammo_core.doctor.training_overlap import training_data

        store = open_store(context.workspace, self.store)
        others = [open_store(context.workspace, name) for name in self.others]
        bundles = [open_bundle(model_folder(context.workspace, name)) for name in self.models]
        models = [training_data(context.workspace, bundle) for bundle in bundles]
        report = diagnose(store, others, models, _open_network, context.progress, context.should_stop)
        if report is None:
            return JobOutcome("stopped", STOPPED, StoppedJob(message=STOPPED))
        report.write(store.folder / DoctorReport.file_name)
        return JobOutcome("finished", report.describe(), report)


def check_job(workspace: Workspace, store: str) -> JobFolder:
    """Return the folder of a store's check, which may not exist."""
    return JobFolder(DoctorJob(store=store).folder(workspace))


def last_request(job: JobFolder) -> DoctorJob | None:
    """Return the last check that was requested, with what it is compared with."""
    with suppress(DataError):  # missing or damaged: the next request replaces it
        return job.spec(DoctorJob)
    return None


def _open_network(store: Store) -> AbstractContextManager["Network"]:
    """Offer the network that computes the features of a store's images."""
    from mammo_core.jobs.comparison_process import comparison_network

    return comparison_network(store.preprocessing.size)
