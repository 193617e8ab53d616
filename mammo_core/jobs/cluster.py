"""Batches on Dask: the machine's own cores, or a cluster that sees the same file system.

Work is streamed: a bounded number of small batches is under way at any time. What may have ended its worker is set aside
and done again at the end, row by row with nothing else under way, so that a poisonous file costs itself only.
"""

import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from mammo_core.dataset.worker_pool import RUN_AGAIN
from mammo_core.errors import JobError

if TYPE_CHECKING:
    from distributed import Client, Future


BATCH = 16  # rows a task: Dask's own milliseconds a task stay small beside sixteen decodings
BATCHES_A_WORKER = 4  # under way at any time
NO_WORKER_SECONDS = 60.0  # an import waits so long for a first or another worker
LOOK_SECONDS = 1.0  # between two looks whether any worker is there, while nothing is done
DASK = {
    "distributed.scheduler.allowed-failures": 1,
    "distributed.scheduler.worker-saturation": 1.0,  # a worker that dies takes one batch with it, not its queue
    "distributed.deploy.lost-worker-timeout": "100 days",  # or a local worker that dies often isn't started again
    "distributed.comm.timeouts.connect": "10s",
    "distributed.worker.profile.enabled": False,  # looks at every worker a hundred times a second
}
FOREIGN = "this project's code. Start scheduler and workers in the project's folder, as the README shows"
GRAPH = "Error during deserialization of the task graph"  # a scheduler's words when it can't import the task

Row = Any  # what is done at once: an image's row of the catalogue, or a file
Task = Callable[[list[Row]], Any]


class DaskPool:
    """Dask workers as a `WorkerPool`.

    Args:
        client: an open Dask client; closing it is up to whoever opened it.
    """

    def __init__(self, client: "Client") -> None:
        self.client = client

    def map_batches(self, task: Task, rows: Sequence[Row], should_stop: Callable[[], bool]) -> Iterator[tuple]:
        """Apply a task to batches of rows, in no particular order; see `WorkerPool.map_batches`."""
        suspects: list[Row] = []
        batches = [list(rows[start : start + BATCH]) for start in range(0, len(rows), BATCH)]
        for batch, result in _side_by_side(self.client, task, batches, should_stop):
            if result is None:
                suspects += batch
            else:
                yield batch, result
        for row in suspects:
            yield from _side_by_side(self.client, task, [[row]], should_stop)


@contextmanager
def open_pool(workers: int | None = None, scheduler: str | None = None) -> Iterator[DaskPool]:
    """Open a pool of Dask workers on this machine's cores, or on a running scheduler.

    Args:
        workers: processes to start, by default one a core; ignored with a scheduler.
        scheduler: address such as tcp://host:8786.

    Raises:
        JobError: no scheduler answers at that address, it goes away while it is in use, or its workers lack the code.
    """
    import dask
    from distributed import Client, LocalCluster
    from distributed.comm import CommClosedError
    from distributed.utils import silence_logging_cmgr

    dask.config.set(DASK)
    try:
        with ExitStack() as stack:
            stack.enter_context(silence_logging_cmgr(logging.CRITICAL))  # what matters becomes a JobError
            if scheduler:
                client = stack.enter_context(_connect(scheduler))
                _check_workers(client)
                yield DaskPool(client)
                return
            cluster = LocalCluster(
                n_workers=workers or os.cpu_count() or 1,
                threads_per_worker=1,
                memory_limit="2GiB",
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            )
            yield DaskPool(stack.enter_context(Client(stack.enter_context(cluster))))
    except (CancelledError, CommClosedError):
        raise _gone(scheduler) from None


def _connect(scheduler: str) -> "Client":
    from distributed import Client

    try:
        return Client(scheduler)
    except (OSError, ValueError) as error:
        raise JobError(
            f"No Dask scheduler answers at {scheduler} ({error}). Start one, or leave the address out."
        ) from None


def _gone(scheduler: str | None) -> JobError:
    where = f"The Dask scheduler at {scheduler}" if scheduler else "The local Dask scheduler"
    return JobError(f"{where} has gone. Start it again if need be. {RUN_AGAIN}")


def _workers(client: "Client") -> int:
    """Return how many workers there are."""
    try:
        return len(client.nthreads())
    except OSError:
        raise _gone(client.scheduler.address) from None


def _check_workers(client: "Client") -> None:
    """Raise a JobError if a worker can't import this package; it would end at its first task."""
    found = client.run(find_spec, "mammo_core", on_error="return")
    lacking = [address for address, spec in found.items() if spec is None]
    if lacking:
        raise JobError(
            f"{len(lacking)} of {len(found)} Dask workers ({lacking[0]} …) can't import {FOREIGN}. {RUN_AGAIN}"
        )


def _side_by_side(
    client: "Client", task: Task, batches: list[list[Row]], should_stop: Callable[[], bool]
) -> Iterator[tuple[list[Row], Any]]:
    """Yield each batch with its result, or None if its worker died while it was there again and again."""
    group = f"batch-{uuid.uuid4().hex}"  # the scheduler hands out tasks of one group only as workers get free
    waiting = enumerate(batches)
    pending: dict[Future, list[Row]] = {}
    while True:
        limit = BATCHES_A_WORKER * max(1, _workers(client))  # workers come and go
        while len(pending) < limit and not should_stop() and (item := next(waiting, None)):
            number, batch = item
            pending[client.submit(task, batch, key=(group, number), pure=False, retries=0)] = batch
        if not pending:
            return
        for future in _some_done(client, list(pending)):
            batch = pending.pop(future)
            yield batch, _result(future)
            future.release()


def _some_done(client: "Client", futures: list["Future"]) -> list["Future"]:
    """Wait for at least one of the futures.

    Raises:
        JobError: for a minute there is no worker.
    """
    from distributed import wait

    there = time.monotonic()
    while True:
        try:
            return list(wait(futures, timeout=LOOK_SECONDS, return_when="FIRST_COMPLETED").done)
        except TimeoutError:
            if _workers(client):
                there = time.monotonic()
            elif time.monotonic() - there > NO_WORKER_SECONDS:
                raise JobError(
                    f"There has been no Dask worker for {NO_WORKER_SECONDS:g} s. Start workers for this scheduler in the "
                    f"project's folder, as the README shows, or leave the scheduler out. {RUN_AGAIN}"
                ) from None


def _result(future: "Future") -> Any:
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        return None
    except RuntimeError as error:
        if GRAPH not in str(error):
            raise
        raise JobError(f"The Dask scheduler can't import {FOREIGN}. {RUN_AGAIN}") from None
