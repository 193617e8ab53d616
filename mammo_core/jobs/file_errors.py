"""Report an error of the file system as an error of the job."""

from collections.abc import Iterator
from contextlib import contextmanager

from mammo_core.errors import JobError
from mammo_core.storage.disk_space import is_disk_full
from mammo_core.storage.file_errors import describe_file_error


@contextmanager
def file_errors_as_job_error(name: str) -> Iterator[None]:
    """Turn an error of the file system into a JobError.

    Args:
        name: of the job.

    Raises:
        JobError: the disk is full or read-only, for example, so that no request can be written.
    """
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise JobError(f"The disk is full, so {name} can't take requests. Make room and try again.") from error
        what, advice = describe_file_error(error)
        raise JobError(f"{name} can't take requests. {what}. {advice}") from error
