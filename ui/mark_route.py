"""Give the viewer the marks of its images, and take changes of them.

Changes come by requests of the browser, not by the page: drawing must not wait for a run of the script, and several changes
in a row must all arrive. The address holds a token, as that of pixels does; with sign-in, each change is one of whoever the
cookie names, and only editors may make any.

This module is imported when the server starts, and imports nothing that takes long.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from mammo_core.dataset.marks import MarkedImage, change_mark, marks_on, read_marks
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.marks import MAX_AUTHOR, Mark, MarkAnswer, MarkChange
from mammo_core.errors import AccessError, DataError, MammoError, MarkConflict
from mammo_core.storage.file_errors import storage_errors
from mammo_core.workspace import Workspace
from ui.access.signed_in_requests import request_by_cookie
from ui.session_grants import granted_item

MAX_BYTES = 10_000  # of a change
HEADERS = {"Cache-Control": "no-store"}
GONE = "These marks are no longer here. Show the page again."
NOT_A_CHANGE = "This isn't a change of a mark. Show the page again."


@dataclass(frozen=True)
class GrantedMarks:
    """Images whose marks a session may see, and change if its person may.

    Attributes:
        workspace: where the marks lie.
        source: the data set.
        images: of it.
    """

    workspace: Workspace
    source: StoreSource
    images: tuple[MarkedImage, ...]

    def shown(self, marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
        """Return those of a data set's marks that are on these images."""
        return marks_on(marks, (image.image_id for image in self.images))


def mark_routes(base: str) -> list[Route]:
    """Return the routes of marks.

    Args:
        base: path before all addresses of the server.
    """
    return [
        Route(f"{base}/marks/{{token}}", send_marks, methods=["GET"]),
        Route(f"{base}/marks/{{token}}", take_change, methods=["POST"]),
    ]


async def send_marks(request: Request) -> Response:
    """Answer with the marks of granted images."""
    granted = granted_item(request.path_params["token"], GrantedMarks)
    if granted is None:
        return PlainTextResponse(GONE, 404, HEADERS)
    return await _answer(granted, lambda: read_marks(granted.workspace, granted.source))


async def take_change(request: Request) -> Response:
    """Make a change of a mark, and answer with the marks of granted images.

    The status is 409 if somebody else has changed the mark meanwhile, 403 if the person may not change any.
    """
    granted = granted_item(request.path_params["token"], GrantedMarks)
    if granted is None:
        return PlainTextResponse(GONE, 404, HEADERS)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            return PlainTextResponse(NOT_A_CHANGE, 413, HEADERS)
    return await _answer(granted, lambda: make_change(request, granted, body))


def make_change(request: Request, granted: GrantedMarks, body: bytes) -> tuple[Mark, ...]:
    """Make the change that a request asks for, and return all marks of the data set.

    Args:
        request: names the person.
        granted: the images that it may be on.
        body: a `MarkChange` as JSON.

    Raises:
        MammoError: it isn't allowed, isn't a change, is on another image, or somebody else was faster.
    """
    person = request_by_cookie(request, "draw marks", granted.source.dataset)
    try:
        change = MarkChange.model_validate_json(body)
    except ValidationError:
        raise DataError(NOT_A_CHANGE) from None
    if person is not None:
        change = change.model_copy(update={"author": person.name[:MAX_AUTHOR]})
    return change_mark(granted.workspace, granted.source, change, _changed_image(granted, change))


def _changed_image(granted: GrantedMarks, change: MarkChange) -> MarkedImage:
    """Return the image that a change is on.

    Raises:
        DataError: it is none of the granted ones.
    """
    if change.region is not None:
        wanted = change.region.image_id
    else:
        marks = granted.shown(read_marks(granted.workspace, granted.source))
        wanted = next((mark.image_id for mark in marks if mark.id == change.id), "")
        if not wanted:
            raise MarkConflict("Somebody else has deleted this mark meanwhile.")
    for image in granted.images:
        if image.image_id == wanted:
            return image
    raise DataError(NOT_A_CHANGE)


async def _answer(granted: GrantedMarks, read: Callable[[], tuple[Mark, ...]]) -> Response:
    """Answer with the marks that a function returns, or with why it can't."""
    try:
        with storage_errors():
            return _respond(200, granted.shown(await run_in_threadpool(read)))
    except MammoError as error:
        status = 403 if isinstance(error, AccessError) else 409 if isinstance(error, MarkConflict) else 422
        if status != 409:
            return JSONResponse({"problem": str(error), "marks": None}, status, HEADERS)
        marks = await run_in_threadpool(read_marks, granted.workspace, granted.source)
        return _respond(status, granted.shown(marks), str(error))


def _respond(status: int, marks: tuple[Mark, ...], problem: str = "") -> Response:
    return JSONResponse(MarkAnswer(marks=marks, problem=problem).to_json(), status, HEADERS)
