"""Give the viewer its scripts, and each session the pixels that it may see.

The pixels' address holds a token that only the session's page knows, and that ends with the session. With sign-in, the
addresses are closed to those without a role as well: see `ui.access.signed_in_requests`.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from mammo_core.errors import MammoError
from mammo_core.storage.byte_cache import ByteCache
from mammo_core.storage.file_errors import storage_errors
from mammo_core.storage.hashing import file_version
from ui.mark_route import mark_routes
from ui.session_grants import grant, granted_item, withdraw_grants

if TYPE_CHECKING:  # this module is imported when the server starts, before any component: see ui/startup.py
    from mammo_core.dicom.header import Source
    from mammo_core.dicom.sandbox import Sandbox
    from mammo_core.prediction.files import InputFile

SCRIPTS = Path(__file__).parent / "viewer" / "scripts"
CACHE_BYTES = 256 * 2**20  # of pixels: some hundred views at the first resolution
UPLOAD_BYTES = 64 * 2**20  # likewise, of one session's uploads
UPLOAD_MESSAGES = "messages of uploads"  # in the session state
RESOLUTIONS = {"first": False, "complete": True}  # by name in the address: whether all pixels are wanted
PIXELS = "application/octet-stream"
HEADERS = {  # nothing of an image stays in the browser's files; the pixels are deflated, and not to be compressed again
    "Cache-Control": "no-store",
    "Content-Encoding": "identity",
}
GONE = "These pixels are no longer here. Show the page again."


def scripts_version() -> str:
    """Return text that changes when a script does.

    In the address, it keeps browsers from taking an older script for a new one.
    """
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(SCRIPTS.iterdir()))).hexdigest()[:16]


SCRIPTS_ADDRESS = f"viewer/{scripts_version()}"
SCRIPT = f"{SCRIPTS_ADDRESS}/main.js"


@dataclass(frozen=True)
class GrantedFile:
    """A file whose pixels a session may fetch.

    Attributes:
        file: its path.
        version: see `file_version`.
        sandbox: in which the session has files decoded.
    """

    file: Path
    version: str
    sandbox: "Sandbox"

    def message(self, complete: bool) -> bytes:
        """Return the message to a viewer.

        It is made once for all sessions until the file changes.
        """
        key = (self.file, self.version, complete)
        return _messages.get(key, lambda: _make_message(self.sandbox, self.file, complete))


@dataclass(frozen=True)
class GrantedUpload:
    """An upload whose pixels the session that has it may fetch.

    It isn't kept beyond the session's files: `withdraw_uploads` ends the grant, and the messages made of it go with it.

    Attributes:
        key: of the file, unique in the session.
        source: its contents.
        sandbox: in which the session has files decoded.
        messages: of this session's uploads.
    """

    key: str
    source: "Source" = field(repr=False, compare=False)
    sandbox: "Sandbox"
    messages: ByteCache = field(repr=False, compare=False)

    def message(self, complete: bool) -> bytes:
        """Return the message to a viewer, made once for the session."""
        return self.messages.get((self.key, complete), lambda: _make_message(self.sandbox, self.source, complete))


def _make_message(sandbox: "Sandbox", source: "Source", complete: bool) -> bytes:
    from mammo_core.prediction.view_pixels import read_view_pixels

    return sandbox.run(read_view_pixels, source, complete).to_message()


_messages = ByteCache(CACHE_BYTES)


def grant_pixels(file: Path, sandbox: "Sandbox") -> str:
    """Return the address at which this session's viewer gets the pixels of a file.

    Args:
        file: its path.
        sandbox: of the session.
    """
    return f"pixels/{grant(GrantedFile(file, file_version(file), sandbox))}"


def grant_upload(file: "InputFile", sandbox: "Sandbox") -> str:
    """Return the address at which this session gets the pixels of its upload.

    Args:
        file: a path, or contents in the memory of this session.
        sandbox: of the session.
    """
    if isinstance(file.source, Path):
        return grant_pixels(file.source, sandbox)
    messages = st.session_state.setdefault(UPLOAD_MESSAGES, ByteCache(UPLOAD_BYTES))
    return f"pixels/{grant(GrantedUpload(file.key, file.source, sandbox, messages))}"


def withdraw_uploads() -> None:
    """End this session's grants of uploads, and forget what was made of them."""
    withdraw_grants(GrantedUpload)
    st.session_state.pop(UPLOAD_MESSAGES, None)


def viewer_routes() -> list[BaseRoute]:
    """Return the routes of the viewer, behind the server's base path."""
    base = f"/{st.get_option('server.baseUrlPath').strip('/')}".rstrip("/")
    return [
        Route(f"{base}/pixels/{{token}}/{{resolution}}", send_pixels),
        *mark_routes(base),
        Mount(f"{base}/{SCRIPTS_ADDRESS}", StaticFiles(directory=SCRIPTS)),
    ]


async def send_pixels(request: Request) -> Response:
    """Answer with the pixels of a granted file, or with why there are none."""
    token = request.path_params["token"]
    granted = granted_item(token, GrantedFile) or granted_item(token, GrantedUpload)
    complete = RESOLUTIONS.get(request.path_params["resolution"])
    if granted is None or complete is None:
        return PlainTextResponse(GONE, 404, HEADERS)
    try:
        with storage_errors():
            message = await run_in_threadpool(granted.message, complete)
    except MammoError as error:
        return JSONResponse({"problem": str(error)}, 422, HEADERS)
    return Response(message, media_type=PIXELS, headers=HEADERS)
