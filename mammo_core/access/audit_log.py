"""Record what people who have signed in ask for."""

import threading
from datetime import UTC, datetime

from mammo_core.access.people import Person
from mammo_core.documents.audit import Action, AuditEntry
from mammo_core.errors import AccessError
from mammo_core.storage.json_files import append_json_line
from mammo_core.storage.path_text import message_text
from mammo_core.workspace import Workspace

FOR_VIEWERS: tuple[Action, ...] = ("sign in", "predict", "evaluate scores")
_writing = threading.Lock()  # sessions run in threads of one process


def is_allowed(person: Person, action: Action) -> bool:
    """Return whether a person's role allows an action."""
    return person.role == "editor" or (person.role == "viewer" and action in FOR_VIEWERS)


def authorise(workspace: Workspace, person: Person, action: Action, name: str, now: datetime | None = None) -> None:
    """Record what a person asks for, and refuse it unless the role allows it.

    Args:
        workspace: its data folder holds the record.
        person: who asks.
        action: for what.
        name: of the data set, imported data, run or model; never of a file or patient.
        now: the present time.

    Raises:
        AccessError: the session has ended, or the role doesn't allow it.
        StorageError: it can't be recorded; then it isn't allowed either.
    """
    now = now or datetime.now(UTC)
    check_session(person, now)
    allowed = is_allowed(person, action)
    entry = AuditEntry(
        time=now,
        who=message_text(person.name),
        subject=message_text(person.subject),
        role=person.role,
        action=action,
        object=message_text(name),
        allowed=allowed,
    )
    with _writing:
        workspace.data.mkdir(parents=True, exist_ok=True)
        append_json_line(workspace.data / AuditEntry.file_name, entry.to_json())
    if not allowed:
        raise AccessError(f"Your role doesn't allow this ({action}). Ask an editor, or the operator for another role.")


def check_session(person: Person, now: datetime | None = None) -> None:
    """Refuse a person whose session has ended.

    Raises:
        AccessError: it has ended.
    """
    if (now or datetime.now(UTC)).timestamp() >= person.session_end:
        raise AccessError("Your session has ended. Sign in again.")
