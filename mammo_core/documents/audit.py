"""The record of who did what: audit.jsonl in the data folder."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from mammo_core.documents.base import Document

Action = Literal[
    "sign in",
    "predict",
    "evaluate scores",
    "evaluate model",
    "delete evaluation",
    "restore evaluation",
    "create data",
    "link data",
    "unlink or delete data",
    "restore data",
    "draw marks",
    "export marks",
    "import",
    "check data",
    "leave out images",
    "train",
    "stop",
    "activate model",
    "rename model",
    "note on model",
    "tag run",
    "archive run",
    "choose operating point",
    "delete model",
    "restore model",
]


class AuditEntry(Document):
    """One line of the record. It holds no patient's data.

    Attributes:
        time: when, in UTC.
        who: the person's e-mail address or name at the provider.
        subject: issuer and identifier of the person, which never change.
        role: of the person then; null if none.
        action: what the person asked for.
        object: name of the data set, imported data, run or model that it was about, or the number of files to predict, or
            nothing.
        allowed: whether the role allowed it. What became of it stands in the folder of the job.
    """

    file_name: ClassVar = "audit.jsonl"
    schema_version: Literal[1] = 1
    time: AwareDatetime
    who: str
    subject: str
    role: Literal["viewer", "editor"] | None
    action: Action
    object: str
    allowed: bool
