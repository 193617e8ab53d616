"""Refuse requests that another web site has a browser send.

A page of a stranger can have its own host name resolved to 127.0.0.1 (DNS rebinding), and any page can open a connection
to http://localhost:8501. A browser says truthfully which host name it used (Host), which page asks (Origin), and whether
that page is of the same origin (Sec-Fetch-Site). These are checked before Streamlit sees a request or a websocket.
"""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
DEFAULT_PORTS = {"http": 80, "https": 443}
WRONG_HOST = "This server doesn't answer to that host name. Its operator can allow it with server.allowedHosts."
WRONG_ORIGIN = "This server doesn't answer requests that another site's page sends."


class Address(NamedTuple):
    """A host name in lower case, and its port if one is given."""

    name: str
    port: int | None


class SameOrigin:
    """ASGI middleware that answers 403 unless Host and Origin are this server's.

    Args:
        app: the application behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request or a websocket on, or refuse it."""
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        rejection = reject_request(
            Headers(scope=scope), st.get_option("server.allowedHosts"), st.get_option("server.corsAllowedOrigins")
        )
        if rejection is None:
            return await self.app(scope, receive, send)
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the answer is 403
        await PlainTextResponse(rejection, 403)(scope, receive, send)


def reject_request(headers: Headers, hosts: Sequence[str], origins: Sequence[str]) -> str | None:
    """Return why a request is refused, as one sentence, or None.

    Args:
        headers: of the request.
        hosts: names that the server answers to besides those of loopback; "*.example.org" stands for all names below
            example.org, "*" for every name.
        origins: of other sites whose pages may use the server, such as "https://portal.example.org".
    """
    named = headers.getlist("host")
    host = parse_address(f"//{named[0]}") if len(named) == 1 else None
    if host is None or not is_allowed(host.name, hosts):
        return WRONG_HOST
    origin = headers.get("origin")
    if origin is not None:
        return None if origin in origins or same_address(origin, host) else WRONG_ORIGIN
    return WRONG_ORIGIN if is_foreign_fetch(headers) else None


def parse_address(url: str) -> Address | None:
    """Return the address in a URL that has nothing else; None if it is none."""
    try:
        parts = urlsplit(url)
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not name or "@" in parts.netloc or parts.path or parts.query or parts.fragment:
        return None
    return Address(name.rstrip("."), port)


def is_allowed(name: str, hosts: Sequence[str]) -> bool:
    """Return whether the server answers to a host name; always to those of loopback."""
    patterns = [host.strip().lower().rstrip(".") for host in hosts]
    return name in (*LOOPBACK_NAMES, *patterns) or any(
        pattern == "*" or (pattern.startswith("*.") and name.endswith(pattern[1:])) for pattern in patterns
    )


def same_address(origin: str, host: Address) -> bool:
    """Return whether a page's origin has the host name and port that was asked for.

    Behind a proxy that ends TLS, the scheme of the page isn't that of the request.
    """
    address, scheme = parse_address(origin), origin.partition(":")[0]
    if address is None or scheme not in DEFAULT_PORTS:
        return False
    default = DEFAULT_PORTS[scheme]
    return address.name == host.name and (address.port or default) == (host.port or default)


def is_foreign_fetch(headers: Headers) -> bool:
    """Return whether another site's page fetches or frames something.

    Following a link from there, or returning from a sign-in, is allowed. Browsers send this to loopback and over TLS.
    """
    if headers.get("sec-fetch-site", "none") not in ("cross-site", "same-site"):
        return False
    return (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) != ("navigate", "document")
