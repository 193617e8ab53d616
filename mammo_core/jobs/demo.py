"""The job that creates a synthetic data set."""

from contextlib import suppress
from pathlib import Path
from typing import Literal

from mammo_core.dataset.library import RESERVED
from mammo_core.documents.base import StoredPath
from mammo_core.documents.dataset import DEMO_PATIENTS, DEMO_PREVALENCE, DEMO_SEED, DatasetLink
from mammo_core.documents.job import DemoResult
from mammo_core.errors import DataError
from mammo_core.jobs.folder import SPEC, JobFolder
from mammo_core.jobs.spec import JobContext, JobOutcome, JobSpec
from mammo_core.storage.folders import files_of_subfolders
from mammo_core.storage.names import check_name
from mammo_core.storage.path_text import path_text
from mammo_core.workspace import Workspace


class DemoJob(JobSpec):
    """Generate synthetic mammograms in the RSNA layout.

    Attributes:
        out: the data set's name, which is its folder in the data folder. The command line may give an absolute path.
        patients, seed, prevalence, rows, columns, full_headers: see `DemoSpec`.
    """

    kind: Literal["demo"] = "demo"
    out: StoredPath
    patients: int = DEMO_PATIENTS
    seed: int = DEMO_SEED
    prevalence: float = DEMO_PREVALENCE
    rows: int = 1024
    columns: int = 768
    full_headers: bool = False

    def folder(self, workspace: Workspace) -> Path:
        """Return the folder of the data set."""
        return workspace.data / self.out

    def prepare(self, workspace: Workspace) -> None:
        """Check that the name can be used and that no data set has it.

        Raises:
            InvalidName: the name can't be used.
            DataError: there is a data set already.
        """
        if not self.out.is_absolute():
            check_name(str(self.out), RESERVED)
        folder = self.folder(workspace)
        if any((folder / name).exists() for name in ("train.csv", "test.csv", DatasetLink.file_name)):
            raise DataError(f"{folder} holds a data set already. Choose another one, or remove it first.")

    def run(self, context: JobContext) -> JobOutcome:
        """Generate the files that are not there yet."""
        from mammo_core.phantoms.generate import generate  # takes a second
        from mammo_core.phantoms.spec import DemoSpec

        spec = DemoSpec(**self.model_dump(exclude={"schema_version", "kind", "out"}))
        complete = generate(context.folder, spec, context.progress, should_stop=context.should_stop)
        result = DemoResult(folder=path_text(context.folder))
        if not complete:
            return JobOutcome("stopped", "Stopped. Create it again to complete it.", result)
        return JobOutcome(
            "finished", f"{spec.patients:,} synthetic patients are in {path_text(context.folder)}.", result
        )


def demo_job(
    workspace: Workspace,
    name: str,
    *,
    patients: int = DEMO_PATIENTS,
    seed: int = DEMO_SEED,
    prevalence: float = DEMO_PREVALENCE,
) -> DemoJob:
    """Return the job that creates a synthetic data set in the data folder.

    Nothing is written yet.

    Args:
        workspace: the folders to work in.
        name: the data set's name; unlike `DemoJob.out`, it can't be a path.
        patients: how many patients, see `DemoSpec`.
        seed: the same seed creates the same files.
        prevalence: share of positive patients.

    Raises:
        InvalidName: the name can't be used.
        DataError: the data folder holds a folder of that name, and no interrupted job of this kind made it.
    """
    folder = workspace.data / check_name(name, RESERVED)
    if folder.exists() and not JobFolder(folder).exists:
        raise DataError(f"There is already a data set {name!r}. Choose another name.")
    return DemoJob(out=Path(name), patients=patients, seed=seed, prevalence=prevalence)


def unfinished_demos(workspace: Workspace) -> list[JobFolder]:
    """Return the synthetic data sets that are being created or could not be completed."""
    folders = [JobFolder(path.parent) for path in files_of_subfolders(workspace.data, SPEC)]
    return [folder for folder in folders if _is_demo(folder) and folder.state() != "finished"]


def _is_demo(folder: JobFolder) -> bool:
    """Return whether a job makes a synthetic data set; a foreign work.json is none."""
    with suppress(DataError):
        return folder.kind() == "demo"
    return False
