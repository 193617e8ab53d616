"""Run the rows of an import in confined processes on this machine.

No process listens for others: each worker has a channel of its own to this one. It reads the files that its rows name and
nothing else, and writes nothing; see `mammo_core.dicom.confinement`.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeVar

from mammo_core.dicom.sandbox import Sandbox
from mammo_core.errors import ImageError

ROWS_PER_WORKER = 3  # pending at any time: one in work, and others so that no worker waits for its next

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
        """Apply a task to one row after the other, see `WorkerPool.map_batches`.

        A row whose worker ended is tried again when the others are done: the system may have killed the worker for want of
        memory.
        """
        suspects: list[Row] = []
        for row, result in self._run(task, rows, should_stop):
            if result is None:
                suspects.append(row)
            else:
                yield [row], result
        for suspect in suspects:
            for row, result in self._run(task, [suspect], should_stop):
                yield [row], result

    def _run(
        self, task: Callable[[list[Row]], Result], rows: Sequence[Row], should_stop: Callable[[], bool]
    ) -> Iterator[tuple[Row, Result | None]]:
        """Yield each row with the task's result, or None if it ended its worker."""
        waiting = iter(rows)
        pending: dict[Future[Result], Row] = {}
        try:
            while True:
                while len(pending) < ROWS_PER_WORKER * self.sandbox.workers and not should_stop():
                    row = next(waiting, None)
                    if row is None:
                        break
                    pending[self.sandbox.submit(task, [row])] = row
                if not pending:
                    return
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    yield pending.pop(future), _result(future)
                if should_stop():
                    _drop_waiting(pending)
        finally:
            _drop_waiting(pending)


def _drop_waiting(pending: "dict[Future[Result], Row]") -> None:
    """Cancel the rows that no worker has begun: they wait for the next run."""
    for future in [future for future in pending if future.cancel()]:
        del pending[future]


def _result(future: "Future[Result]") -> Result | None:
    """Return a row's result; None if it ended its worker."""
    try:
        return future.result()
    except ImageError:  # the task itself returns what it finds about a file
        return None
