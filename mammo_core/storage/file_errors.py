"""Turn errors of the file system into one sentence each."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mammo_core.errors import MammoError, StorageError

_FULL = "Make room and try again."
_PERMISSIONS = "Check the folder's permissions, or choose another folder."
_CONNECTION = "Check the drive or the network connection and try again."
_NAME = "Choose a shorter or plainer name."
SENTENCES = {  # by error number: what happened, and what to do
    errno.ENOSPC: ("The disk is full", _FULL),
    errno.EDQUOT: ("The quota on this disk is used up", _FULL),
    errno.EROFS: ("The file system is read-only", "Choose a folder that can be written."),
    errno.EACCES: ("Permission denied", _PERMISSIONS),
    errno.EPERM: ("The file system doesn't permit this", _PERMISSIONS),
    errno.EIO: ("The drive reports an input or output error", _CONNECTION),
    errno.ESTALE: ("The network folder has changed or is gone", _CONNECTION),
    errno.ETIMEDOUT: ("The network folder does not answer", _CONNECTION),
    errno.ENOTCONN: ("The network folder is not connected", _CONNECTION),
    errno.ENODEV: ("The drive is gone", _CONNECTION),
    errno.ENAMETOOLONG: ("The file system doesn't allow so long a name", _NAME),
    errno.EILSEQ: ("The file system doesn't allow this name", _NAME),
    errno.EINVAL: ("The file system refuses this name or operation", "Choose another folder or name."),
    errno.EMFILE: ("Too many files are open", "Close other programs, or raise the limit (ulimit -n), and try again."),
    errno.ENOENT: ("A file or folder is missing", "Check that nothing else removes files there, and try again."),
    errno.EEXIST: ("A file has the name that a folder needs", "Move the file away, or choose another name."),
    errno.ENOTDIR: ("A file stands where a folder is needed", "Move the file away, or choose another folder."),
    errno.ELOOP: ("A chain of symbolic links leads in a circle", "Remove the link."),
    errno.EPIPE: ("Another process has closed the connection", _CONNECTION),
    errno.ECONNREFUSED: ("Nothing answers at that address", _CONNECTION),
    errno.ECONNRESET: ("The other side has ended the connection", _CONNECTION),
    errno.ENOLCK: ("The file system has no locks left, or none at all", "Choose a folder on a local disk."),
}
_OTHER = "Check the disk and the folder, and try again."


def describe_file_error(error: OSError | UnicodeError) -> tuple[str, str]:
    """Describe an error of the file system.

    File names are left out: they may name a patient.

    Returns:
        What happened, without a full stop, and what to do, as a sentence.
    """
    if isinstance(error, UnicodeError):
        return "A file has a name or a text in an unknown encoding", "Rename it, or save it as UTF-8."
    if error.errno in SENTENCES:
        return SENTENCES[error.errno]
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    return f"The file system reports an error ({reason})", _OTHER


def storage_error(error: OSError | UnicodeError, folder: Path | None = None) -> StorageError:
    """Return an error as a StorageError, unchanged if it is one already.

    Args:
        error: of the file system.
        folder: where it happened, to be named; never a folder that may name a patient.
    """
    if isinstance(error, StorageError):
        return error
    what, advice = describe_file_error(error)
    where = f" ({folder})" if folder else ""
    return StorageError(getattr(error, "errno", None) or 0, f"{what}{where}. {advice}")


@contextmanager
def storage_errors(folder: Path | None = None) -> Iterator[None]:
    """Raise errors of the file system within the block as a StorageError.

    Args:
        folder: see `storage_error`.

    Raises:
        StorageError: with what happened and what to do, in one or two sentences.
    """
    try:
        yield
    except (MammoError, ConnectionError):
        raise
    except (OSError, UnicodeError) as error:
        raise storage_error(error, folder) from error
