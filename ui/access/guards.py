"""Put together what every request passes before Streamlit sees it."""

from starlette.middleware import Middleware

from ui.access.closed_routes import ClosedRoutes
from ui.access.response_headers import ResponseHeaders
from ui.access.same_origin import SameOrigin


def server_guards() -> list[Middleware]:
    """Return the middleware of the server, outermost first."""
    return [Middleware(ResponseHeaders), Middleware(SameOrigin), Middleware(ClosedRoutes)]
