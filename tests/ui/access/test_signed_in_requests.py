import json
import time

import pytest
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from ui.access.signed_in_requests import cookie_claims, has_role, is_protected


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
        ("/static/js/index.js", False),
        ("/_stcore/stream", False),
        ("/oauth2callback", False),
    ],
)
def test_is_protected(path, protected):
    assert is_protected(path) is protected
