"""Take files and marks from, and give pictures to, people who have signed in only.

Streamlit takes uploads from whoever has opened a page, also if that only says "Sign in". Each may be of half a gigabyte and
stays in the server's memory.
"""

import json
from collections.abc import Mapping

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from mammo_core.access.audit_log import authorise, check_session
from mammo_core.access.people import Person, read_person
from mammo_core.documents.audit import Action
from mammo_core.errors import AccessError
from mammo_core.settings import settings
from mammo_core.workspace import Workspace
from ui.access.sign_in import sign_in_configured

PROTECTED = ("/_stcore/upload_file/", "/media/", "/pixels/", "/marks/")  # also behind a base path


class SignedInRequests:
    """ASGI middleware that answers 403 to uploads and pictures without sign-in.

    Args:
        app: the application behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        protected = scope["type"] == "http" and is_protected(scope["path"]) and sign_in_configured()
        if protected and not has_role(cookie_claims(HTTPConnection(scope).cookies)):
            return await PlainTextResponse("Sign in first.", 403)(scope, receive, send)
        await self.app(scope, receive, send)


def is_protected(path: str) -> bool:
    """Return whether a path takes uploads or gives pictures."""
    return any(protected in path for protected in PROTECTED)


def cookie_claims(cookies: Mapping[str, str]) -> Mapping[str, object]:
    """Return the claims in the cookie that Streamlit has signed, or nothing."""

    def decoded(name: str) -> bytes | None:
        return decode_signed_value(get_cookie_secret(), name, cookies.get(name, ""))

    value = get_cookie_with_chunks(decoded, USER_COOKIE_NAME)
    claims = json.loads(value) if value else {}
    return claims if claims.get("is_logged_in") else {}


def request_by_cookie(connection: HTTPConnection, action: Action, name: str) -> Person | None:
    """Record what a request of the browser is for, and check its role.

    It is what `ui.access.sign_in.request` is to pages.

    Args:
        connection: the request.
        action: for what.
        name: of the data set.

    Returns:
        Who has signed in; None where nobody has to.

    Raises:
        AccessError: nobody has signed in, the session has ended, or the role doesn't allow it.
    """
    if not sign_in_configured():
        return None
    if not (given := cookie_claims(connection.cookies)):
        raise AccessError("Sign in first.")
    person = read_person(given, settings())
    authorise(Workspace.from_environment(), person, action, name)
    return person


def has_role(claims: Mapping[str, object]) -> bool:
    """Return whether a person has a role, and the session hasn't ended."""
    person = read_person(claims, settings())
    try:
        check_session(person)
    except AccessError:
        return False
    return person.role is not None
