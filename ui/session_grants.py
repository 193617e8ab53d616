"""Grant this session what only it may fetch by an address.

Grants end with the session.
"""

import secrets
from collections.abc import Hashable
from typing import TypeVar

import streamlit as st

from mammo_core.access.grants import Grants

Item = TypeVar("Item", bound=Hashable)

all_grants: Grants[Hashable] = Grants()


@st.cache_resource(show_spinner=False, scope="session", on_release=all_grants.revoke)
def session_identity() -> str:
    """Return what stands for this session among the grants."""
    return secrets.token_urlsafe()


def grant(item: Hashable) -> str:
    """Return the token by which this session may fetch an item."""
    return all_grants.grant(session_identity(), item)


def withdraw_grants(kind: type) -> None:
    """End this session's grants of items of a kind."""
    all_grants.withdraw(session_identity(), kind)


def granted_item(token: str, kind: type[Item]) -> Item | None:
    """Return the item of a token, or None if nobody has that.

    Args:
        token: part of an address.
        kind: of the item; another one isn't given.
    """
    item = all_grants.resolve(token)
    return item if isinstance(item, kind) else None
