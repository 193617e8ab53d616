"""Report a full disk as an error of the job."""

from collections.abc import Iterator
from contextlib import contextmanager

from mammo_core.errors import JobError
from mammo_core.storage.disk_space import is_disk_full


@contextmanager
def disk_full_as_job_error(name: str) -> Iterator[None]:
    """Turn the error of a full disk into a JobError.

    Raises:
        JobError: there is no room on the disk for the request.
    """
    try:
        yield
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise JobError(f"The disk is full, so {name} can't take requests. Make room and try again.") from None
