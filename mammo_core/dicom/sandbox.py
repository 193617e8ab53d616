"""A pool of processes in which untrusted files are decoded: they may hang, eat memory or die, and harm nobody."""

import sys
from collections.abc import Callable
from concurrent.futures import TimeoutError
from multiprocessing import get_context
from typing import Any

from pebble import ProcessExpired, ProcessPool

from mammo_core.errors import ImageError
from mammo_core.settings import settings


class Sandbox:
    """Runs module-level functions in worker processes with limits on time and memory.

    A worker that dies or takes too long is replaced; the call raises an ImageError, others are not affected.
    """

    def __init__(self) -> None:
        self.pool = ProcessPool(
            max_workers=settings().decode_workers,
            context=get_context("spawn"),
            initializer=_limit,
            initargs=[settings().decode_bytes],
        )

    def run(self, function: Callable[..., Any], *arguments: Any, timeout: float | None = None) -> Any:
        """Call `function(*arguments)` in a worker.

        Args:
            function: at the top level of a module.
            arguments: picklable.
            timeout: wall time in s; by default the setting `decode_seconds`.

        Raises:
            ImageError: the worker died, ran out of memory or took too long; and what the function raises.
        """
        seconds = timeout or settings().decode_seconds
        future: Any = self.pool.schedule(function, args=list(arguments), timeout=seconds)
        try:
            return future.result()
        except TimeoutError:
            raise ImageError(
                "decoder_died", f"Decoding took longer than {seconds:g} s and was ended."
            ) from None
        except ProcessExpired:
            raise ImageError(
                "decoder_died", "The decoder crashed on this file; nothing else was harmed."
            ) from None
        except MemoryError:
            raise ImageError(
                "decoder_died", "Decoding this file needs more memory than is allowed."
            ) from None

    def close(self) -> None:
        """End all workers."""
        self.pool.stop()
        self.pool.join()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _limit(memory: int) -> None:
    """Limit a worker's address space in bytes, and let it leave no core file. Windows has no such limits."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
