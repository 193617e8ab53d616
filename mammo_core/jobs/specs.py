"""Read and run the job of a folder, whatever its kind."""

from importlib import import_module

from pydantic import ValidationError

from mammo_core.errors import DataError
from mammo_core.jobs.folder import SPEC, JobFolder
from mammo_core.jobs.process import record_failure, run_requested
from mammo_core.jobs.spec import JobOutcome, JobSpec
from mammo_core.storage.json_files import read_json
from mammo_core.workspace import Workspace

SPEC_CLASSES = {  # module and class of each kind of job
    "demo": ("mammo_core.jobs.demo", "DemoJob"),
    "import": ("mammo_core.jobs.importing", "ImportJob"),
    "train": ("mammo_core.jobs.training", "TrainJob"),
    "sweep": ("mammo_core.jobs.sweep", "SweepJob"),
    "lesson": ("mammo_core.jobs.lesson", "LessonJob"),
    "evaluate": ("mammo_core.jobs.evaluation", "EvaluationJob"),
    "doctor": ("mammo_core.jobs.doctor", "DoctorJob"),
}


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
    if not isinstance(kind, str) or kind not in SPEC_CLASSES:
        return None
    module, name = SPEC_CLASSES[kind]
    spec_class: type[JobSpec] = getattr(import_module(module), name)
    return spec_class


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
