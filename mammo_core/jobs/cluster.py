"""Run batches of work in confined processes on this machine, or on a Dask cluster.

The workers of a cluster see the same file system. Dask's own options say how it is reached, among them those of TLS
(`distributed.comm.tls`); see docs/confinement.md.

Work is streamed: a bounded number of small batches is pending at any time. A batch that may have killed its worker is set
aside and repeated at the end, row by row with nothing else pending, so that a file that kills its worker affects no other.
"""

import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from mammo_core.dataset.worker_pool import WorkerPool
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.errors import JobError
from mammo_core.jobs.batches import divide
from mammo_core.jobs.local_pool import LocalPool

if TYPE_CHECKING:
    from distributed import Client, Future


BATCH_ROWS = 16  # rows in a task; Dask's overhead of milliseconds per task is then small beside the decoding
BATCHES_PER_WORKER = 4  # pending at any time
NO_WORKER_SECONDS = 60.0  # waiting time for a first or another worker
POLL_SECONDS = 1.0  # between two checks for workers while no batch is done
DASK_CONFIG = {
    "distributed.scheduler.allowed-failures": 1,
    "distributed.scheduler.worker-saturation": 1.0,  # a worker that dies takes one batch with it, not its queue
    "distributed.comm.timeouts.connect": "10s",
}
GRAPH_ERROR = "Error during deserialization of the task graph"  # text of a scheduler that can't import the task

Row = TypeVar("Row")  # see `WorkerPool`
Result = TypeVar("Result")


class DaskPool:
    """Dask workers as a `WorkerPool`.

    Args:
        client: an open Dask client; the caller closes it.
    """

    is_confined = False

    def __init__(self, client: "Client") -> None:
        self.client = client

    def map_batches(
        self, task: Callable[[list[Row]], Result], rows: Sequence[Row], should_stop: Callable[[], bool]
    ) -> Iterator[tuple[list[Row], Result | None]]:
        """Apply a task to batches of rows, see `WorkerPool.map_batches`."""
        suspects: list[Row] = []
        for batch, result in _run_batches(self.client, task, divide(rows, BATCH_ROWS), should_stop):
            if result is None:
                suspects += batch
            else:
                yield batch, result
        for row in suspects:
            yield from _run_batches(self.client, task, [[row]], should_stop)


def default_workers() -> int:
    """Return how many workers a local pool has by default: one for each core."""
    return os.cpu_count() or 1


@contextmanager
def open_pool(
    workers: int | None = None, scheduler: str | None = None, *, module: str | None = None
) -> Iterator[WorkerPool]:
    """Open a pool of workers, on this machine or on a cluster.

    Here they are confined processes, there Dask workers of a running scheduler.

    Args:
        workers: processes to start, by default one for each core; not used with a scheduler.
        scheduler: address such as tls://host:8786.
        module: of the tasks to come; workers on this machine start with it at once instead of with the first task.

    Raises:
        JobError: see `open_cluster`.
    """
    if scheduler:
        with open_cluster(scheduler) as cluster:
            yield cluster
        return
    with Sandbox(workers or default_workers()) as sandbox:
        if module:
            sandbox.start_workers(module)
        yield LocalPool(sandbox)


@contextmanager
def open_cluster(scheduler: str) -> Iterator[DaskPool]:
    """Open a pool of the Dask workers of a running scheduler.

    Args:
        scheduler: address such as tls://host:8786.

    Raises:
        JobError: no scheduler answers at that address, it disappears while it is in use, or its workers lack the code.
    """
    import dask
    from distributed.comm import CommClosedError
    from distributed.utils import silence_logging_cmgr

    try:
        with ExitStack() as stack:
            stack.enter_context(dask.config.set(DASK_CONFIG))
            stack.enter_context(silence_logging_cmgr(logging.CRITICAL))  # errors that matter are raised as JobError
            client = stack.enter_context(_connect(scheduler))
            _check_workers(client)
            yield DaskPool(client)
    except (CancelledError, CommClosedError):
        raise _scheduler_lost(scheduler) from None


def _connect(scheduler: str) -> "Client":
    from distributed import Client
    from distributed.comm.registry import backends

    scheme = scheduler.partition("://")[0]
    if "://" in scheduler and scheme not in backends:
        raise JobError(f"{scheduler} isn't the address of a Dask scheduler. Give one such as tls://host:8786.")
    try:
        return Client(scheduler)
    except TypeError:
        if scheme != "tls":
            raise
        raise JobError(
            f"The Dask scheduler at {scheduler} is reached by TLS, and Dask's options name no certificate for that. Set them as "
            "docs/confinement.md shows."
        ) from None
    except (OSError, ValueError, RuntimeError) as error:  # the last one where Dask's options require encryption
        raise JobError(
            f"Can't reach a Dask scheduler at {scheduler} ({error}). Start one, or omit the address."
        ) from None


def _scheduler_lost(scheduler: str) -> JobError:
    return JobError(
        f"Lost the Dask scheduler at {scheduler}. Restart it if necessary, then run the same command again."
    )


def _code_missing(where: str) -> JobError:
    """Return the error of a scheduler or workers that can't import this package."""
    return JobError(
        f"{where} can't import this project's code. Start scheduler and workers in the project's folder, as the README "
        "shows, then run the same command again."
    )


def _count_workers(client: "Client") -> int:
    """Return the number of connected workers."""
    try:
        return len(client.nthreads())
    except OSError:
        raise _scheduler_lost(client.scheduler.address) from None


def _check_workers(client: "Client") -> None:
    """Raise a JobError if a worker can't import this package.

    Such a worker would die at its first task.
    """
    specs = client.run(find_spec, "mammo_core", on_error="return")
    lacking = [address for address, spec in specs.items() if spec is None]
    if lacking:
        raise _code_missing(f"{len(lacking)} of {len(specs)} Dask workers ({lacking[0]} …)")


def _run_batches(
    client: "Client", task: Callable[[list[Row]], Result], batches: list[list[Row]], should_stop: Callable[[], bool]
) -> Iterator[tuple[list[Row], Result | None]]:
    """Yield each batch with its result, or with None if every worker that had it died."""
    group = f"batch-{uuid.uuid4().hex}"  # tasks of one group are assigned only as workers become free
    waiting = enumerate(batches)
    pending: dict[Future, list[Row]] = {}
    while True:
        limit = BATCHES_PER_WORKER * max(1, _count_workers(client))  # workers come and go
        while len(pending) < limit and not should_stop() and (item := next(waiting, None)):
            number, batch = item
            pending[client.submit(task, batch, key=(group, number), pure=False, retries=0)] = batch
        if should_stop():
            _cancel_queued(client, pending)
        if not pending:
            return
        for future in _some_done(client, list(pending)):
            batch = pending.pop(future)
            yield batch, _result(future)
            future.release()


def _cancel_queued(client: "Client", pending: "dict[Future, list[Row]]") -> None:
    """Remove the batches that no worker has begun: their rows wait for the next run."""
    begun = {key for keys in client.processing().values() for key in keys}
    queued = [future for future in pending if future.key not in begun and not future.done()]
    client.cancel(queued)
    for future in queued:
        del pending[future]


class WorkerWatch:
    """Notice when a cluster has had no worker for `NO_WORKER_SECONDS`.

    Args:
        client: of the cluster.
    """

    def __init__(self, client: "Client") -> None:
        self.client, self.seen_at = client, time.monotonic()

    def check(self) -> None:
        """Look for workers; to be called again and again while nothing is done.

        Raises:
            JobError: there has been none for too long, or the scheduler disappeared.
        """
        if _count_workers(self.client):
            self.seen_at = time.monotonic()
        elif time.monotonic() - self.seen_at > NO_WORKER_SECONDS:
            raise JobError(
                f"There has been no Dask worker for {NO_WORKER_SECONDS:g} s. Start workers for this scheduler in the "
                "project's folder, as the README shows, or omit the scheduler. Then run the same command again."
            )


def _some_done(client: "Client", futures: list["Future"]) -> list["Future"]:
    """Wait until at least one future is done, and return those that are.

    Raises:
        JobError: there has been no worker for `NO_WORKER_SECONDS`.
    """
    from distributed import wait

    watch = WorkerWatch(client)
    while True:
        with suppress(TimeoutError):
            return list(wait(futures, timeout=POLL_SECONDS, return_when="FIRST_COMPLETED").done)
        watch.check()


def _result(future: "Future") -> Any:
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        return None
    except RuntimeError as error:
        if GRAPH_ERROR not in str(error):
            raise
        raise _code_missing("The Dask scheduler") from None
