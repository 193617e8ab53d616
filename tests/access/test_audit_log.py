from datetime import UTC, datetime
from typing import get_args

import pytest

from mammo_core.access.audit_log import FOR_VIEWERS, authorise, check_session
from mammo_core.access.people import Person
from mammo_core.documents.audit import Action, AuditEntry
from mammo_core.errors import AccessError, StorageError
from mammo_core.storage.json_files import read_json_lines

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def somebody(role):
    return Person("a@b.example", "https://id.example 7", role, NOON.timestamp() + 60)


def test_authorise_editor_may_do_everything_and_it_is_recorded(workspace):
    for action in get_args(Action):
        authorise(workspace, somebody("editor"), action, "demo", NOON)
    lines = read_json_lines(workspace.data / "audit.jsonl")
    assert [line["action"] for line in lines] == list(get_args(Action))
    assert lines[0] == {
        "schema_version": 1,
        "time": "2026-01-02T12:00:00Z",
        "who": "a@b.example",
        "subject": "https://id.example 7",
        "role": "editor",
        "action": "sign in",
        "object": "demo",
        "allowed": True,
    }
    assert AuditEntry.model_validate(lines[0]).time == NOON


@pytest.mark.parametrize(("role", "allowed"), [("viewer", {"sign in", "predict", "evaluate scores"}), (None, set())])
def test_authorise_refuses_what_the_role_does_not_allow_and_records_it(workspace, role, allowed):
    for action in get_args(Action):
        if action in allowed:
            authorise(workspace, somebody(role), action, "demo", NOON)
        else:
            with pytest.raises(AccessError, match="Your role doesn't allow this"):
                authorise(workspace, somebody(role), action, "demo", NOON)
    lines = read_json_lines(workspace.data / "audit.jsonl")
    assert {line["action"] for line in lines if line["allowed"]} == allowed
    assert len(lines) == len(get_args(Action))


def test_authorise_after_the_end_of_the_session_is_refused(workspace):
    late = datetime.fromtimestamp(NOON.timestamp() + 60, UTC)
    with pytest.raises(AccessError, match="Your session has ended"):
        authorise(workspace, somebody("editor"), "train", "demo", late)
    check_session(somebody("editor"), NOON)


def test_authorise_what_cannot_be_recorded_is_not_allowed(workspace):
    workspace.data.mkdir(parents=True)
    (workspace.data / "audit.jsonl").mkdir()
    with pytest.raises(StorageError):
        authorise(workspace, somebody("editor"), "train", "demo", NOON)


def test_viewers_may_do_nothing_that_changes_what_others_see():
    assert set(FOR_VIEWERS) == {"sign in", "predict", "evaluate scores"}
