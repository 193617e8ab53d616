"""Read and run the job of a folder, whatever its kind."""

from pydantic import ValidationError

from mammo_core.errors import DataError
from mammo_core.jobs.folder import SPEC, JobFolder
from mammo_core.jobs.process import record_failure, run_requested
from mammo_core.jobs.spec import JobOutcome, JobSpec
from mammo_core.storage.json_files import read_json
from mammo_core.workspace import Workspace


def read_spec(folder: JobFolder) -> JobSpec:
    """Read what the job of a folder is to do.

    Raises:
        DataError: its file is missing, or is not the specification of a job.
    """
    document = read_json(folder.path / SPEC)
    spec_class = _spec_class(document.get("kind")) if isinstance(document, dict) else None
    try:
        if spec_class is not None:
            return spec_class.model_validate(document)
    except ValidationError:
        pass  # as unknown as another kind
    raise DataError(f"{SPEC} in {folder.path} is not a job that this version knows. Start the job again.")


def _spec_class(kind: object) -> type[JobSpec] | None:
    """Return the class of a kind of job.

    Only its own module is imported: the others take seconds.
    """
    if kind == "demo":
        from mammo_core.jobs.demo import DemoJob

        return DemoJob
    if kind == "import":
        from mammo_core.jobs.importing import ImportJob

        return ImportJob
    if kind == "train":
        from mammo_core.jobs.training import TrainJob

        return TrainJob
    if kind == "sweep":
        from mammo_core.jobs.sweep import SweepJob

        return SweepJob
    if kind == "lesson":
        from mammo_core.jobs.lesson import LessonJob

        return LessonJob
    return None


def run_folder(folder: JobFolder, workspace: Workspace) -> JobOutcome:
    """Run the job that was requested in a folder, in this process.

    Raises:
        MammoError: see `run_requested`.
        DataError: the request can't be read; the state is then "failed".
    """
    try:
        spec = read_spec(folder)
    except DataError as error:
        if folder.exists:
            record_failure(folder, error)
        raise
    return run_requested(folder, spec, workspace)
