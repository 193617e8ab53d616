"""Read and run the job of a folder, whatever its kind."""

from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from mammo_core.errors import DataError
from mammo_core.jobs.demo import DemoJob
from mammo_core.jobs.folder import SPEC, JobFolder
from mammo_core.jobs.importing import ImportJob
from mammo_core.jobs.process import record_failure, run_requested
from mammo_core.jobs.spec import JobOutcome
from mammo_core.jobs.training import TrainJob
from mammo_core.storage.json_files import read_json
from mammo_core.workspace import Workspace

AnyJob = Annotated[DemoJob | ImportJob | TrainJob, Field(discriminator="kind")]
_ANY_JOB: TypeAdapter[DemoJob | ImportJob | TrainJob] = TypeAdapter(
    AnyJob, config=ConfigDict(hide_input_in_errors=True)
)


def read_spec(folder: JobFolder) -> DemoJob | ImportJob | TrainJob:
    """Read what the job of a folder is to do.

    Raises:
        DataError: its file is missing, or is not the specification of a job.
    """
    try:
        return _ANY_JOB.validate_python(read_json(folder.path / SPEC))
    except ValidationError:
        raise DataError(f"{SPEC} in {folder.path} is not a job that this version knows. Start the job again.") from None


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
