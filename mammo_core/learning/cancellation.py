"""How a run learns that it shall end, and goes through many images without being deaf to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

ShouldStop = Callable[[], bool]
BATCH = 64  # images that are loaded, judged or described between two questions


class Cancelled(Exception):  # noqa: N818 - not an error
    """Someone asked to stop while images were gone through; `train` catches it."""


@dataclass
class StopSignal:
    """Why a run ends before its time.

    Attributes:
        should_stop: whether someone asks to stop.
        stopped: whether someone did.
        diverged: whether a loss or an answer was not a number.
    """

    should_stop: ShouldStop
    stopped: bool = False
    diverged: bool = False

    def is_set(self) -> bool:
        """Return whether someone asks to stop, or has."""
        self.stopped = self.stopped or self.should_stop()
        return self.stopped


def never_stop() -> bool:
    """Answer that nobody asks to stop."""
    return False


def batches(places: np.ndarray, should_stop: ShouldStop = never_stop) -> Iterator[np.ndarray]:
    """Yield positions, int (n,), in batches of at most `BATCH`.

    Raises:
        Cancelled: someone asks to stop.
    """
    for start in range(0, len(places), BATCH):
        if should_stop():
            raise Cancelled
        yield places[start : start + BATCH]
