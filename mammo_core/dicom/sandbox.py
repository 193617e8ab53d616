"""Pools of confined processes for untrusted files.

A worker may hang, run out of memory or die without harm to others.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar, TypeVarTuple, Unpack

from mammo_core.dicom.decoder_process import CRASHED, DecoderProcess
from mammo_core.dicom.sandbox_worker import load_module
from mammo_core.errors import JobError
from mammo_core.settings import settings

__all__ = ["CRASHED", "DecoderPool", "Sandbox"]

START_TRIES = 3  # of a worker

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Call:
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    seconds: float
    future: "Future[Any]"


class DecoderPool:
    """Worker processes that sandboxes share; each sandbox has its turn.

    Processes are started when they are first needed, and replaced when they die.

    Args:
        workers: number of processes; by default the setting `decode_workers`.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or settings().decode_workers
        self._changed = threading.Condition()
        self._waiting: dict[object, deque[_Call]] = {}  # by sandbox, in the order of their turns
        self._is_closed = False
        self._threads: list[threading.Thread] = []
        self._processes: dict[threading.Thread, DecoderProcess] = {}

    def submit(self, owner: object, call: _Call) -> None:
        """Queue a call behind the other calls of its owner.

        Raises:
            JobError: the pool is closed.
        """
        with self._changed:
            if self._is_closed:
                raise _closed()
            self._waiting.setdefault(owner, deque()).append(call)
            if len(self._threads) < self.workers:
                thread = threading.Thread(target=self._serve_calls, name="decoding", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()

    def cancel(self, owner: object) -> None:
        """Drop the calls of an owner that no worker has begun."""
        with self._changed:
            dropped = self._waiting.pop(owner, deque())
        for call in dropped:
            call.future.cancel()

    def close(self) -> None:
        """End all workers; drop what waits for them."""
        with self._changed:
            self._is_closed = True
            owners = list(self._waiting)
            self._changed.notify_all()
        for owner in owners:
            self.cancel(owner)
        for process in list(self._processes.values()):
            process.kill()
        for thread in self._threads:
            thread.join()

    def _next_call(self) -> _Call | None:
        """Wait for a call and return it; None once the pool is closed."""
        with self._changed:
            while not self._is_closed:
                for owner in self._waiting:
                    calls = self._waiting.pop(owner)
                    call = calls.popleft()
                    if calls:
                        self._waiting[owner] = calls  # behind the others
                    return call
                self._changed.wait()
        return None

    def _serve_calls(self) -> None:
        """Hand one call after the other to a worker of this thread."""
        while call := self._next_call():
            if not call.future.set_running_or_notify_cancel():
                continue
            try:
                result = self._process().call(call.function, call.arguments, call.seconds)
            except BaseException as error:  # noqa: BLE001 - whoever waits raises it
                call.future.set_exception(error)
            else:
                call.future.set_result(result)
            del call  # and with it an upload
        if process := self._processes.pop(threading.current_thread(), None):
            process.close()

    def _process(self) -> DecoderProcess:
        """Return this thread's worker, which is started if there is none."""
        thread = threading.current_thread()
        process = self._processes.get(thread)
        if process is None or not process.is_alive:
            process = self._processes[thread] = _start_process()
        return process


def _start_process() -> DecoderProcess:
    """Start a worker; one that dies while it starts is tried again.

    Raises:
        JobError: it never starts.
    """
    for _ in range(START_TRIES - 1):
        with suppress(JobError):
            return DecoderProcess()
    return DecoderProcess()


class Sandbox:
    """Runs functions in confined worker processes.

    See `mammo_core.dicom.confinement`. A worker that dies or takes too long is replaced: its call raises an ImageError, and
    other calls are not affected. Results are plain data, arrays, and records of this package.

    Args:
        workers: number of processes; by default the setting `decode_workers`. Not used with a pool.
        pool: the processes to use, which others use too; by default they are this sandbox's own.
    """

    def __init__(self, workers: int | None = None, *, pool: DecoderPool | None = None) -> None:
        self._is_owner = pool is None
        self._is_closed = False
        self.pool = DecoderPool(workers) if pool is None else pool

    def run(
        self,
        function: Callable[[Unpack[Arguments]], Result],
        *arguments: *Arguments,
        timeout: float | None = None,
    ) -> Result:
        """Call `function(*arguments)` in a worker.

        Args:
            function: defined at the top level of a module.
            arguments: picklable values; of paths among them, the worker can read those of files.
            timeout: limit on wall time and on CPU time in s; by default the setting `decode_seconds`.

        Raises:
            ImageError: the function raised it, or the worker died, ran out of memory or took too long.
            JobError: no worker can be started, or this sandbox was closed.
            RuntimeError: the function raised another exception, which is a defect. Its text may quote a file and is left out.
        """
        return self.start(function, *arguments, timeout=timeout)()

    def start(
        self,
        function: Callable[[Unpack[Arguments]], Result],
        *arguments: *Arguments,
        timeout: float | None = None,
    ) -> Callable[[], Result]:
        """Start a call like `run`; return a function that waits for its result."""
        future = self.submit(function, *arguments, timeout=timeout)

        def wait() -> Result:
            try:
                return future.result()
            except CancelledError:
                raise _closed() from None

        return wait

    def submit(
        self,
        function: Callable[[Unpack[Arguments]], Result],
        *arguments: *Arguments,
        timeout: float | None = None,
    ) -> "Future[Result]":
        """Start a call like `run`; return its future."""
        if self._is_closed:
            raise _closed()
        future: Future[Result] = Future()
        self.pool.submit(self, _Call(function, arguments, timeout or settings().decode_seconds, future))
        return future

    def start_workers(self, module: str) -> None:
        """Start all workers at once; each loads a module that its first call needs."""
        for _ in range(self.workers):
            self.submit(load_module, module)

    @property
    def workers(self) -> int:
        """The number of calls that can run at the same time."""
        return self.pool.workers

    def close(self) -> None:
        """Drop the calls that no worker has begun; end the workers unless others use them."""
        self._is_closed = True
        self.pool.cancel(self)
        if self._is_owner:
            self.pool.close()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _closed() -> JobError:
    return JobError("Decoding was cancelled, because the session or the command that asked for it has ended.")
