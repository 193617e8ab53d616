"""Cooperative cancellation: a stop signal, and batch iterators that check it."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mammo_core.dataset.stored_images import StoredImages
from mammo_core.documents.progress import ProgressCallback, ShouldStop, never_stop

BATCH_IMAGES = 64  # images processed between two checks of the stop signal


class Cancelled(Exception):  # noqa: N818 - not an error
    """A stop was requested during a pass over images; `train` catches it."""


@dataclass
class StopSignal:
    """Why a run ends early.

    Attributes:
        should_stop: returns whether a stop is requested.
        stopped: whether one has been requested.
        diverged: whether a loss or a prediction was not a finite number.
    """

    should_stop: ShouldStop
    stopped: bool = False
    diverged: bool = False

    def is_set(self) -> bool:
        """Return whether a stop is requested, now or before."""
        self.stopped = self.stopped or self.should_stop()
        return self.stopped


@dataclass(frozen=True)
class TrainingContext:
    """Where a training runs.

    Attributes:
        run: the run folder.
        progress: called with the progress.
        stop_signal: checked at every step and batch.
    """

    run: Path
    progress: ProgressCallback
    stop_signal: StopSignal


def batches(indices: np.ndarray, should_stop: ShouldStop = never_stop) -> Iterator[np.ndarray]:
    """Yield indices, int (n,), in batches of at most `BATCH_IMAGES`.

    Raises:
        Cancelled: a stop is requested.
    """
    for start in range(0, len(indices), BATCH_IMAGES):
        if should_stop():
            raise Cancelled
        yield indices[start : start + BATCH_IMAGES]


def image_batches(
    images: np.ndarray | StoredImages, indices: np.ndarray, should_stop: ShouldStop = never_stop
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield batches of indices with their images, reading the next batch meanwhile.

    Args:
        images: uint8 (n, rows, columns).
        indices: int (m,).
        should_stop: checked before each batch is read.

    Yields:
        Indices (b,) and images (b, rows, columns).

    Raises:
        Cancelled: a stop is requested.
        DataError: an image can't be read.
    """
    waiting: tuple[np.ndarray, Future[np.ndarray]] | None = None
    with ThreadPoolExecutor(1) as reader:
        for batch in batches(indices, should_stop):
            reading = batch, reader.submit(images.__getitem__, batch)
            if waiting is not None:
                yield waiting[0], waiting[1].result()
            waiting = reading
        if waiting is not None:
            yield waiting[0], waiting[1].result()
