"""Close addresses of Streamlit's server that this application doesn't use.

The metrics tell how many people use the server and what it caches, to anybody who asks. The agent interface lets programs
use the pages; Streamlit leaves it off by default.
"""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

CLOSED = ("/_stcore/metrics", "/_stcore/agent")  # and everything below, also behind a base path


class ClosedRoutes:
    """ASGI middleware that answers 404 at closed addresses.

    Args:
        app: the application behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer that there is nothing."""
        if scope["type"] != "lifespan" and is_closed(scope["path"]):
            return await PlainTextResponse("Not found", 404)(scope, receive, send)
        await self.app(scope, receive, send)


def is_closed(path: str) -> bool:
    """Return whether nothing is served at a path."""
    return any(f"{closed}/" in f"{path}/" for closed in CLOSED)
