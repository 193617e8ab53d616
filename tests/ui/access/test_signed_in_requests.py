import json
import time

import pytest
from starlette.requests import HTTPConnection
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from mammo_core.errors import AccessError
from mammo_core.storage.json_files import read_json_lines
from ui.access import sign_in
from ui.access.signed_in_requests import cookie_claims, has_role, is_protected, request_by_cookie


def signed(claims: dict, secret: str | None = None) -> dict[str, str]:
    value = create_signed_value(secret or get_cookie_secret(), USER_COOKIE_NAME, json.dumps(claims))
    return {USER_COOKIE_NAME: value.decode()}


def test_cookie_claims_are_those_that_this_server_signed():
    claims = {"sub": "7", "roles": ["viewer"], "is_logged_in": True}
    assert cookie_claims(signed(claims)) == claims
    assert cookie_claims(signed(claims, "another secret")) == {}
    assert cookie_claims(signed(claims | {"is_logged_in": False})) == {}
    assert cookie_claims({USER_COOKIE_NAME: json.dumps(claims)}) == {}
    assert cookie_claims({}) == {}


@pytest.mark.parametrize(
    ("roles", "seconds", "allowed"), [(["viewer"], 60, True), (["viewer"], -1, False), (["guest"], 60, False)]
)
def test_has_role(roles, seconds, allowed):
    assert has_role({"exp": time.time() + seconds, "roles": roles}) is allowed


def test_has_role_without_claims_is_false():
    assert not has_role({})


@pytest.mark.parametrize(
    ("path", "protected"),
    [
        ("/_stcore/upload_file/a/b", True),
        ("/base/_stcore/upload_file/a/b", True),
        ("/media/abc.png", True),
        ("/pixels/token/first", True),
        ("/base/pixels/token/first", True),
        ("/marks/token", True),
        ("/static/js/index.js", False),
        ("/_stcore/stream", False),
        ("/oauth2callback", False),
    ],
)
def test_is_protected(path, protected):
    assert is_protected(path) is protected


def connection(claims: dict | None) -> HTTPConnection:
    cookies = "; ".join(f"{name}={value}" for name, value in signed(claims).items()) if claims else ""
    return HTTPConnection({"type": "http", "headers": [(b"cookie", cookies.encode())]})


def claims_of(role: str, seconds: float = 60) -> dict:
    return {"iss": "https://id.example", "sub": "7", "name": "Ann", "exp": time.time() + seconds, "roles": [role]} | {
        "is_logged_in": True
    }


def test_request_by_cookie_without_configuration_is_allowed(workspace):
    assert request_by_cookie(connection(None), "draw marks", "demo") is None
    assert not (workspace.data / "audit.jsonl").exists()


def test_request_by_cookie_is_recorded_and_allowed_to_editors_only(workspace, monkeypatch):
    monkeypatch.setattr(sign_in, "auth_secrets", lambda: {"server_metadata_url": "https://id.example"})
    person = request_by_cookie(connection(claims_of("editor")), "draw marks", "demo")
    assert person is not None
    assert person.name == "Ann"
    for claims, sentence in (
        (claims_of("viewer"), "Your role doesn't allow this"),
        (claims_of("editor", -1), "Your session has ended"),
        (None, "Sign in first"),
    ):
        with pytest.raises(AccessError, match=sentence):
            request_by_cookie(connection(claims), "draw marks", "demo")
    lines = read_json_lines(workspace.data / "audit.jsonl")
    assert [(line["action"], line["object"], line["role"], line["allowed"]) for line in lines] == [
        ("draw marks", "demo", "editor", True),
        ("draw marks", "demo", "viewer", False),
    ]
