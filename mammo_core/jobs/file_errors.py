"""Report errors of the file system as errors of a job, and describe others."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from mammo_core.errors import JobError, MammoError
from mammo_core.storage.disk_space import chain, is_disk_full
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


def describe_origin(error: BaseException) -> str:
    """Return where an error and its causes were raised, for a log.

    Its own text is left out, except of errors of the core: it may quote a value or a file that names a patient.
    """
    lines: list[str] = []
    for cause in reversed(list(chain(error))):
        lines += traceback.format_tb(cause.__traceback__)
        own = isinstance(cause, MammoError)
        lines += traceback.format_exception_only(cause) if own else [f"{type(cause).__name__}\n"]
    return "".join(lines)
