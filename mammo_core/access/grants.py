"""Grant sessions what only they may fetch, by addresses that nobody can guess."""

import secrets
from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

TOKEN_BYTES = 32  # of chance in an address
KEPT = 1000  # grants of a session; the oldest end first

Item = TypeVar("Item")


class Grants(Generic[Item]):
    """What sessions may fetch; safe in several threads.

    Args:
        kept: how many grants of a session remain.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._lock = Lock()
        self._tokens: dict[str, OrderedDict[Item, str]] = {}  # by session
        self._items: dict[str, Item] = {}  # by token

    def grant(self, session: str, item: Item) -> str:
        """Return the token of an item, the same as long as the session has it.

        Args:
            session: identity of the session.
            item: hashable.
        """
        with self._lock:
            tokens = self._tokens.setdefault(session, OrderedDict())
            token = tokens.setdefault(item, secrets.token_urlsafe(TOKEN_BYTES))
            tokens.move_to_end(item)
            self._items[token] = item
            while len(tokens) > self._kept:
                del self._items[tokens.popitem(last=False)[1]]
            return token

    def resolve(self, token: str) -> Item | None:
        """Return the item of a token, or None if nobody has that."""
        with self._lock:
            return self._items.get(token)

    def withdraw(self, session: str, kind: type) -> None:
        """End a session's grants of items of a kind.

        Args:
            session: identity of the session.
            kind: of the items.
        """
        with self._lock:
            tokens = self._tokens.get(session, OrderedDict())
            for item in [item for item in tokens if isinstance(item, kind)]:
                del self._items[tokens.pop(item)]

    def revoke(self, session: str) -> None:
        """End all grants of a session."""
        with self._lock:
            for token in self._tokens.pop(session, OrderedDict()).values():
                del self._items[token]
