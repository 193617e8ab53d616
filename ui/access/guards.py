"""Put together what every request passes before Streamlit sees it."""

from starlette.middleware import Middleware

from ui.access.closed_routes import ClosedRoutes
from ui.access.public_address import check_address
from ui.access.response_headers import ResponseHeaders
from ui.access.same_origin import SameOrigin
from ui.access.signed_in_requests import SignedInRequests


def server_guards() -> list[Middleware]:
    """Return the middleware of the server, outermost first.

    The program ends here if strangers could reach the server.
    """
    check_address()
    return [Middleware(ResponseHeaders), Middleware(SameOrigin), Middleware(ClosedRoutes), Middleware(SignedInRequests)]
