"""Sign-in as pages see it; tests/browser signs in at a real provider."""

import ast
import time
from pathlib import Path

import pytest

from builders.app import APP, show_component
from mammo_core.errors import AccessError
from mammo_core.storage.json_files import read_json_lines
from ui.access import sign_in
from ui.access.sign_in import check_signed_in, current_person, request, require_sign_in

ROOT = Path(__file__).parents[3]
READING = {  # functions of the modules below that change nothing that others work with
    "active_model", "readable_active_model", "read_note", "list_models", "compatible_models", "model_folder", "choose_models",
    "unfinished_models", "folder_bytes", "list_datasets", "free_name", "summarise_dataset", "warn_of_missing", "can_resume",
    "import_job", "resume_import_job", "demo_job", "describe_unfinished_import", "is_active_import", "describe_outcome",
    "unfinished_demos", "image_bytes", "describe_dataset", "unreadable_jobs", "unreadable_datasets", "any_active", "why_kept",
    "is_training", "is_sweep", "is_lesson", "is_evaluation", "is_check", "can_resume_sweep", "sweep_folder", "variants",
    "describe_missing", "list_runs", "active_jobs", "run_folder", "is_importing",
    "read_tags", "check_ended",
    "read_leave_out", "read_leave_out_csv", "leave_out_csv", "leave_out_table", "describe_leave_out", "check_listed",
    "leave_out_path",
    "read_marks", "marks_on", "describe_marks", "summarise_marks", "describe_source",
    "empty_trash", "empty_data_trash", "empty_evaluation_trash",  # after an hour, whoever looks
}  # fmt: skip
CHANGING = {  # functions that do, each only after `request`
    "activate", "rename_model", "write_note", "delete_model", "restore_model", "choose_operating_point", "remove_dataset",
    "remove_store", "remove_evaluation", "restore_removed", "link_dataset", "launch", "stop_job", "start", "resume", "write_tags",
    "archive_runs", "bring_back_runs", "start_sweep", "resume_sweep", "delete_runs", "restore_runs",
    "change_mark", "leave_out", "take_back",
}  # fmt: skip
REQUESTS = {"request", "request_by_cookie"}  # of a page, and of a request of the browser
MODULES = {
    "mammo_core.models.registry", "mammo_core.jobs.removal", "mammo_core.dataset.library", "mammo_core.jobs.process",
    "mammo_core.jobs.training", "mammo_core.jobs.importing", "mammo_core.jobs.demo", "mammo_core.storage.trash",
    "mammo_core.jobs.runs", "mammo_core.jobs.run_tags", "mammo_core.jobs.sweep",
    "mammo_core.dataset.marks", "mammo_core.dataset.leave_out",
}  # fmt: skip


@pytest.fixture
def signed_in(monkeypatch, workspace):
    """Return a function that signs somebody in with roles and a session of some seconds."""

    def set_person(*roles: str, seconds: float = 60) -> None:
        claims = {"iss": "https://id.example", "sub": "7", "name": "Ann *B*", "exp": time.time() + seconds}
        monkeypatch.setattr(sign_in, "auth_secrets", lambda: {"server_metadata_url": "https://id.example"})
        monkeypatch.setattr(sign_in, "claims", lambda: claims | {"roles": list(roles)} if roles else {})

    return set_person


def test_without_configuration_nobody_signs_in_and_everything_is_allowed(workspace):
    assert current_person() is None
    check_signed_in()
    request("delete model", "mine")
    assert not (workspace.data / "audit.jsonl").exists()


def test_request_of_a_viewer_is_refused_and_recorded(signed_in, workspace):
    signed_in("viewer")
    request("predict", "2 files")
    with pytest.raises(AccessError, match="Your role doesn't allow this"):
        request("delete model", "mine")
    lines = read_json_lines(workspace.data / "audit.jsonl")
    assert [(line["action"], line["object"], line["allowed"]) for line in lines] == [
        ("predict", "2 files", True),
        ("delete model", "mine", False),
    ]


@pytest.mark.parametrize(
    ("roles", "seconds", "sentence"),
    [
        ((), 60, "Sign in first"),
        (("editor",), -1, "Your session has ended"),
        (("guest",), 60, "has no role here"),
    ],
)
def test_check_signed_in_refuses(signed_in, roles, seconds, sentence):
    signed_in(*roles, seconds=seconds)
    with pytest.raises(AccessError, match=sentence):
        check_signed_in()


def test_require_sign_in_shows_strangers_a_button_and_nothing_else(signed_in):
    signed_in()
    app = show_component(require_sign_in)
    assert [button.label for button in app.button] == ["Sign in"]
    assert not app.warning
    assert "result" not in app.session_state  # the script ended there


def test_require_sign_in_after_the_end_of_a_session_says_so(signed_in):
    signed_in("editor", seconds=-1)
    app = show_component(require_sign_in)
    assert [warning.value for warning in app.warning] == ["Your session has ended. Sign in again."]
    assert [button.label for button in app.button] == ["Sign in"]


def test_require_sign_in_shows_who_has_signed_in_and_records_it_once(signed_in, workspace):
    signed_in("viewer")
    app = show_component(require_sign_in)
    app.run()
    assert [caption.value for caption in app.sidebar.caption] == [r"Ann \*B\*, viewer"]
    assert [line["action"] for line in read_json_lines(workspace.data / "audit.jsonl")] == ["sign in"]


def test_app_shows_no_page_to_strangers(signed_in):
    from streamlit.testing.v1 import AppTest

    signed_in()
    app = AppTest.from_file(str(APP), default_timeout=180).run()
    assert [title.value for title in app.title] == ["Mammography workbench"]
    assert [button.label for button in app.button] == ["Sign in"]


def used_functions() -> dict[str, set[str]]:
    """Return which functions of `MODULES` each module of pages and components uses."""
    used = {}
    for path in [*ROOT.glob("ui/**/*.py"), *ROOT.glob("pages/*.py")]:
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        names = {
            alias.name
            for node in nodes
            if isinstance(node, ast.ImportFrom) and node.module in MODULES
            for alias in node.names
            if alias.name[0].islower()
        }
        if names:
            used[path.relative_to(ROOT).as_posix()] = names
    return used


def test_every_function_that_pages_use_is_known_to_read_or_to_change():
    names = set().union(*used_functions().values())
    assert names - READING - CHANGING == set()


def calls(function: ast.AST) -> set[str]:
    return {getattr(node.func, "id", "") for node in ast.walk(function) if isinstance(node, ast.Call)}


def test_every_change_is_requested_first():
    """In the same function, or in one that calls it."""
    missing = []
    for file, names in used_functions().items():
        for function in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef) and calls(function) & names & CHANGING:
                lines = [
                    (node.lineno, node.func.id)
                    for node in ast.walk(function)
                    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
                ]
                first = min(line for line, name in lines if name in CHANGING & names)
                if not any(name in REQUESTS and line < first for line, name in lines):
                    missing.append(f"{file}: {function.name}")
    assert missing == []
