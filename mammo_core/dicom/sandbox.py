"""A pool of confined processes for untrusted files.

A worker may hang, run out of memory or die without harm to others.
"""

import signal
from collections.abc import Callable
from concurrent.futures import TimeoutError
from multiprocessing import get_context
from typing import Any, TypeVar, TypeVarTuple, Unpack

from pebble import ProcessExpired, ProcessPool

from mammo_core.dicom.limits import die_with_parent, limit_cpu_time, limit_process, tune_malloc
from mammo_core.errors import ImageError
from mammo_core.settings import settings

CRASHED = "The decoder crashed on this file; other files are not affected."
CPU_TIME_EXCEEDED = -getattr(signal, "SIGXCPU", 24)  # exit code of a worker that has used up its CPU time

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


class Sandbox:
    """Runs functions in worker processes with limits.

    The limits are on time, memory and network access. A worker that dies or takes too long is replaced: its call
    raises an ImageError, and other calls are not affected.
    """

    def __init__(self) -> None:
        spawn: Any = get_context("spawn")
        self.pool = ProcessPool(
            max_workers=settings().decode_workers,
            context=spawn,
            initializer=_initialise_worker,
            initargs=[settings().decode_bytes],
        )

    def run(
        self,
        function: Callable[[Unpack[Arguments]], Result],
        *arguments: *Arguments,
        timeout: float | None = None,
    ) -> Result:
        """Call `function(*arguments)` in a worker.

        Args:
            function: defined at the top level of a module.
            arguments: picklable values.
            timeout: limit on wall time and on CPU time in s; by default the setting `decode_seconds`.

        Raises:
            ImageError: the worker died, ran out of memory or took too long. Errors of the function are passed on.
        """
        return self.start(function, *arguments, timeout=timeout)()

    def start(
        self,
        function: Callable[[Unpack[Arguments]], Result],
        *arguments: *Arguments,
        timeout: float | None = None,
    ) -> Callable[[], Result]:
        """Start a call like `run`; return a function that waits for its result."""
        seconds = timeout or settings().decode_seconds
        future: Any = self.pool.schedule(_timed, args=[seconds, function, *arguments], timeout=seconds)
        return lambda: _result(future, seconds)

    @property
    def workers(self) -> int:
        """The number of calls that can run at the same time."""
        return settings().decode_workers

    def close(self) -> None:
        """Stop all workers."""
        self.pool.stop()
        self.pool.join()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _result(future: Any, seconds: float) -> Any:
    try:
        return future.result()
    except TimeoutError:
        raise _too_long(seconds) from None
    except ProcessExpired as error:
        if error.exitcode == CPU_TIME_EXCEEDED:
            raise _too_long(seconds) from None
        raise ImageError("decoder_died", CRASHED) from None
    except MemoryError:
        raise ImageError("decoder_died", "Decoding this file needs more memory than is allowed.") from None


def _initialise_worker(memory: int) -> None:
    die_with_parent()
    tune_malloc()
    limit_process(memory)


def _timed(seconds: float, function: Callable[[Unpack[Arguments]], Result], *arguments: *Arguments) -> Result:
    limit_cpu_time(seconds)
    return function(*arguments)


def _too_long(seconds: float) -> ImageError:
    return ImageError("decoder_died", f"Decoding took longer than {seconds:g} s and was ended.")
