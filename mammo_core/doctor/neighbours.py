"""Search the nearest neighbours of images by their features, exactly."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mammo_core.documents.progress import ShouldStop, never_stop

BLOCK = 512  # images whose similarities to all others are in memory: 112 MB at 54,706
GROUP = 64  # images of which the most similar one stands for all, so that few are sorted


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
        part = slice(start, start + BLOCK)
        block = _similarities(queries[part], gallery)
        if same:
            rows = np.arange(len(block))
            block[rows, start + rows] = -np.inf
        indices[part] = _highest(block, count)
        similarity[part] = np.take_along_axis(block, indices[part], axis=1)
        if progress:
            progress(start + len(block))
    return Neighbours(indices, similarity)


def _similarities(queries: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """Return the similarity of each query to each image, float32 (n, m').

    -inf fills up the last group.
    """
    block = np.full((len(queries), -(-len(gallery) // GROUP) * GROUP), -np.inf, np.float32)
    np.matmul(queries, gallery.T, out=block[:, : len(gallery)])
    return block


def _highest(block: np.ndarray, count: int) -> np.ndarray:
    """Return where each row has its highest values, the highest first, int (n, count).

    They lie in the groups with the highest maxima.
    """
    groups = block.reshape(len(block), -1, GROUP)
    best = _partition(groups.max(axis=2), count)  # (n, g)
    columns = (best[:, :, np.newaxis] * GROUP + np.arange(GROUP)).reshape(len(block), -1)
    values = np.take_along_axis(block, columns, axis=1)
    top = _partition(values, count)
    order = np.argsort(-np.take_along_axis(values, top, axis=1), axis=1, kind="stable")
    return np.take_along_axis(np.take_along_axis(columns, top, axis=1), order, axis=1)


def _partition(values: np.ndarray, count: int) -> np.ndarray:
    """Return where each row has its highest values, in any order, int (n, count).

    A shorter row gives fewer.
    """
    count = min(count, values.shape[1])
    return np.argpartition(-values, max(count - 1, 0), axis=1)[:, :count]
