"""Search the nearest neighbours of images by their features, exactly."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mammo_core.documents.progress import ShouldStop, never_stop

BLOCK = 1024  # images whose similarities to all others are in memory: 220 MB at 54,706


@dataclass(frozen=True)
class Neighbours:
    """The nearest neighbours of n images.

    Attributes:
        indices: int32 (n, k), the nearest first.
        similarity: float32 (n, k), in [-1, 1].
    """

    indices: np.ndarray
    similarity: np.ndarray


def nearest(
    queries: np.ndarray,
    gallery: np.ndarray,
    count: int,
    *,
    same: bool = False,
    should_stop: ShouldStop = never_stop,
    progress: Callable[[int], None] | None = None,
) -> Neighbours | None:
    """Return the images of a gallery that are most similar to each query.

    Args:
        queries: float32 (n, c), unit vectors, see `directions`.
        gallery: float32 (m, c), likewise.
        count: of neighbours; fewer are returned if the gallery has fewer.
        same: whether queries and gallery are the same images; none is then its own neighbour.
        should_stop: called before each block.
        progress: called with the number of queries that are done.

    Returns:
        The neighbours; None if a stop was requested.
    """
    count = min(count, len(gallery) - same)
    indices = np.empty((len(queries), count), np.int32)
    similarity = np.empty((len(queries), count), np.float32)
    for start in range(0, len(queries), BLOCK):
        if should_stop():
            return None
        block = queries[start : start + BLOCK] @ gallery.T
        rows = np.arange(len(block))
        if same:
            block[rows, start + rows] = -np.inf
        top = np.argpartition(-block, max(count - 1, 0), axis=1)[:, :count]
        order = np.argsort(-np.take_along_axis(block, top, axis=1), axis=1, kind="stable")
        indices[start : start + BLOCK] = np.take_along_axis(top, order, axis=1)
        similarity[start : start + BLOCK] = np.take_along_axis(block, indices[start : start + BLOCK], axis=1)
        if progress:
            progress(start + len(block))
    return Neighbours(indices, similarity)
