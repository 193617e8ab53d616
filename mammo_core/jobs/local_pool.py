"""Run the rows of an import in confined processes on this machine.

No process listens for others: each worker has a channel of its own to this one. It reads the files that its rows name and
nothing else, and writes nothing; see `mammo_core.dicom.confinement`.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeVar

from mammo_core.dicom.sandbox import Sandbox
from mammo_core.errors import ImageError
from mammo_core.jobs.batches import divide
from mammo_core.settings import settings

BATCH_ROWS = 4  # rows in a call; its overhead of a millisecond is then small beside the decoding
BATCHES_PER_WORKER = 3  # pending at any time: one in work, and others so that no worker waits for its next

Row = TypeVar("Row")  # see `WorkerPool`
Result = TypeVar("Result")


class LocalPool:
    """A sandbox as a `WorkerPool`.

    Args:
        sandbox: its workers; the caller closes it.
    """

    is_confined = True

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def map_batches(
        self, task: Callable[[list[Row]], Result], rows: Sequence[Row], should_stop: Callable[[], bool]
    ) -> Iterator[tuple[list[Row], Result | None]]:
        """Apply a task to batches of rows, see `WorkerPool.map_batches`.

        The rows of a batch whose worker ended are tried again one by one when the others are done: one of them may have ended
        it, or the system may have killed it for want of memory.
        """
        suspects: list[Row] = []
        for batch, result in self._run(task, divide(rows, BATCH_ROWS), should_stop):
            if result is None:
                suspects += batch
            else:
                yield batch, result
        for row in suspects:
            yield from self._run(task, [[row]], should_stop)

    def _run(
        self, task: Callable[[list[Row]], Result], batches: Sequence[list[Row]], should_stop: Callable[[], bool]
    ) -> Iterator[tuple[list[Row], Result | None]]:
        """Yield each batch with the task's result, or None if it ended its worker."""
        waiting = iter(batches)
        pending: dict[Future[Result], list[Row]] = {}
        try:
            while True:
                while len(pending) < BATCHES_PER_WORKER * self.sandbox.workers and not should_stop():
                    batch = next(waiting, None)
                    if batch is None:
                        break
                    seconds = len(batch) * settings().decode_seconds
                    pending[self.sandbox.submit(task, batch, timeout=seconds)] = batch
                if not pending:
                    return
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    yield pending.pop(future), _result(future)
                if should_stop():
                    _drop_waiting(pending)
        finally:
            _drop_waiting(pending)


def _drop_waiting(pending: "dict[Future[Result], list[Row]]") -> None:
    """Cancel the batches that no worker has begun: they wait for the next run."""
    for future in [future for future in pending if future.cancel()]:
        del pending[future]


def _result(future: "Future[Result]") -> Result | None:
    """Return a batch's result; None if it ended its worker."""
    try:
        return future.result()
    except ImageError:  # the task itself returns what it finds about a file
        return None
