"""Derive a person and the role from the claims of an identity token.

Viewers explore and predict; editors may also change what others work with: data sets, imports, trainings and models.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mammo_core.settings import Settings

Role = Literal["viewer", "editor"]
HOUR = 3600.0  # seconds


@dataclass(frozen=True)
class Person:
    """Somebody who has signed in.

    Attributes:
        name: e-mail address or name, for display and record.
        subject: issuer and identifier; a provider never gives it to another person.
        role: what the person may do; None for nothing.
        session_end: when the person has to sign in again, in seconds since 1970.
    """

    name: str
    subject: str
    role: Role | None
    session_end: float


def read_person(claims: Mapping[str, object], settings: Settings) -> Person:
    """Return the person of an identity token that has been verified.

    Args:
        claims: of the token (OpenID Connect Core 1.0, sections 2 and 5.1).
        settings: name the claim with the roles, and the roles.
    """
    name = next((str(claims[key]) for key in ("email", "preferred_username", "name", "sub") if claims.get(key)), "")
    return Person(
        name=name,
        subject=f"{claims.get('iss', '')} {claims.get('sub', '')}",
        role=_role(_values(claims, settings.role_claim), settings),
        session_end=_session_end(claims, settings.session_hours),
    )


def _role(values: set[str], settings: Settings) -> Role | None:
    if settings.editor_role in values:
        return "editor"
    return "viewer" if settings.viewer_role in values else None


def _values(claims: Mapping[str, object], path: str) -> set[str]:
    """Return the texts of a claim, which may be one text or a list.

    A claim within others is named with dots, such as realm_access.roles; a name that itself has dots comes first.
    """
    value: object = claims
    for name in [path] if path in claims else path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, str):
        return {value}
    return {item for item in value if isinstance(item, str)} if isinstance(value, list | tuple) else set()


def _session_end(claims: Mapping[str, object], hours: float) -> float:
    """Return when a session ends; one without a readable time has ended."""
    start, end = claims.get("iat"), claims.get("exp")
    if hours:
        return start + hours * HOUR if isinstance(start, int | float) else 0.0
    return float(end) if isinstance(end, int | float) else 0.0
