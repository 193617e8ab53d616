"""Everything that the core raises on purpose.

MammoError
├── DataError        a data set, CSV file, prepared store or its contents are not as expected
│   ├── StoreUnfinished  the import of a prepared store has not finished
│   ├── StoreUnchecked   nobody has checked a prepared store, or not since it changed
│   ├── MarkConflict     somebody else has changed a mark meanwhile
│   └── StorageError     the file system refuses: full, read-only, disconnected; also an OSError
├── ImageError       one file can't become a mammogram; carries a reason code
├── ModelError       a model or run folder is incomplete, changed or foreign
│   ├── ModelNotFound   there is no model of that name
│   └── NameTaken       there is already a model of that name
├── ConfigError      settings that contradict each other or lie outside their range
│   └── InvalidName     a name that can't be used for a folder
├── JobError        a job can't be started, found or stopped
└── AccessError     somebody has to sign in again, or may not do this

Each message is one or two sentences: what happened, what was expected, what to do. A message never holds a
patient's name, identifier or dates. Pages and the command line show it as it stands.
"""

from typing import Literal

Reason = Literal[
    "missing",  # listed, but no file is there
    "not_dicom",  # not a DICOM file at all
    "not_mammogram",  # DICOM, but recognisably something else (CT, colour, report, no pixels)
    "unsupported",  # a transfer syntax or pixel layout that no decoder here reads
    "damaged",  # truncated, contradictory, or a decoder complained
    "too_large",  # over the size cap
    "blank",  # no breast to be found
    "left_out",  # a readable mammogram that doesn't count for its breast (spot, magnified, specimen, derived)
    "decoder_died",  # the worker crashed, ran out of memory or time
]


class MammoError(Exception):
    """Base of all errors that a user can do something about."""


class DataError(MammoError):
    """A data set, CSV file, prepared store or its contents are not as expected."""


class StoreUnfinished(DataError):  # noqa: N818
    """The import of a prepared store has not finished."""


class StoreUnchecked(DataError):  # noqa: N818
    """Nobody has checked a prepared store, or not since it changed."""


class MarkConflict(DataError):  # noqa: N818
    """Somebody else has changed a mark meanwhile."""


class StorageError(DataError, OSError):
    """The file system refuses to read or write: full, read-only, disconnected, ….

    It is an OSError too, with the number of the original one, so that code which tells errors of the file system apart
    needs to know one kind only.

    Args:
        number: of the original error (errno), or 0.
        message: one or two sentences for a person.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(number, message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class ImageError(MammoError):
    """One file can't become a mammogram.

    Attributes:
        reason: a stable code, see `Reason`.
        message: one sentence for display.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(reason, message)  # both in args, so that it survives pickling between processes
        self.reason = reason
        self.message = message

    def __str__(self) -> str:
        return self.message


class ModelError(MammoError):
    """A model or run folder is incomplete, changed or foreign."""


class ModelNotFound(ModelError):  # noqa: N818
    """There is no model of that name."""


class NameTaken(ModelError):  # noqa: N818
    """There is already a model of that name."""


class ConfigError(MammoError):
    """Settings that contradict each other or lie outside their range."""


class InvalidName(ConfigError):  # noqa: N818
    """A name that can't be used for a folder."""


class JobError(MammoError):
    """A job can't be started, found or stopped."""


class AccessError(MammoError):
    """Somebody has to sign in again, or may not do this."""
