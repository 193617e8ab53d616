"""Keep what is costly to make, up to a number of bytes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock


class ByteCache:
    """The most recently used byte strings; safe in several threads.

    Args:
        limit: bytes that it keeps at most.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._size = 0

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return what is kept for a key; make and keep it if there is nothing.

        Two threads may make the same at the same time. What exceeds the limit alone isn't kept.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        content = make()
        with self._lock:
            self._drop(key)
            if len(content) <= self._limit:
                self._kept[key] = content
                self._size += len(content)
            while self._size > self._limit:
                self._drop(next(iter(self._kept)))
        return content

    def _drop(self, key: Hashable) -> None:
        self._size -= len(self._kept.pop(key, b""))
