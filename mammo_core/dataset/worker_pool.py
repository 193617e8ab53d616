"""The interface to worker processes that an import or a large prediction uses."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

Row = TypeVar("Row")  # what a task handles one by one: a row of the catalogue, or a file
Result = TypeVar("Result")


class WorkerPool(Protocol):
    """Worker processes that see the same files as this one.

    They are `mammo_core.jobs.local_pool.LocalPool` on this machine, and `mammo_core.jobs.cluster.DaskPool` on a cluster.

    Attributes:
        is_confined: whether workers read no files but those whose paths are in a row, and write none. Their results are then
            plain data, arrays, and records of this package.
    """

    @property
    def is_confined(self) -> bool:
        """See the class."""
        ...

    def map_batches(
        self, task: Callable[[list[Row]], Result], rows: Sequence[Row], should_stop: Callable[[], bool]
    ) -> Iterator[tuple[list[Row], Result | None]]:
        """Apply a task to batches of rows, in no particular order.

        Args:
            task: takes a batch of rows; it and its result can be pickled.
            rows: the rows to process.
            should_stop: called before each submission; if true, only the batches that workers have begun are finished.

        Yields:
            A batch and the task's result; or a batch of one row and None if that row ends its worker even when it is alone.

        Raises:
            JobError: there are no workers, or they can't import the code.
        """
        ...
