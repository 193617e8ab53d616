"""What an import or a large prediction needs of many worker processes, whoever provides them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

RUN_AGAIN = "Then run the same command again."


class WorkerPool(Protocol):
    """Processes that see the same files as this one; `mammo_core.jobs.cluster.DaskPool` is one."""

    def map_batches(
        self, task: Callable[[list[Any]], Any], rows: Sequence[Any], should_stop: Callable[[], bool]
    ) -> Iterator[tuple[list[Any], Any]]:
        """Apply a task to batches of rows, in no particular order.

        Args:
            task: takes a batch of rows; it and its result can be pickled.
            rows: what to apply it to.
            should_stop: asked before each submission; pending batches are still awaited.

        Yields:
            A batch and the task's result for it; or a batch of one row and None if that row ends its worker even alone.

        Raises:
            JobError: there are no workers, or they can't import the code.
        """
        ...
