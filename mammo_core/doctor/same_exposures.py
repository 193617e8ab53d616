"""Compare images of one store, or of two, that may show the same exposure."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from mammo_core.dataset.store import Store
from mammo_core.doctor import duplicates as pairs
from mammo_core.doctor.image_features import ARRAYS, ImageFeatures, directions
from mammo_core.doctor.neighbours import Neighbours, nearest
from mammo_core.documents.progress import ShouldStop


@dataclass(frozen=True)
class Examined:
    """A store with its images' features.

    Attributes:
        store: the store.
        manifest: its images, one a row from 0.
        features: of its images.
    """

    store: Store
    manifest: pd.DataFrame
    features: ImageFeatures

    def select(self, rows: np.ndarray) -> "Examined":
        """Return some of the images; `rows` is bool (n,)."""
        features = ImageFeatures(**{name: getattr(self.features, name)[rows] for name in ARRAYS})
        return Examined(self.store, self.manifest[rows].reset_index(drop=True), features)


class ComparedPair(NamedTuple):
    """Two images and how well their textures agree.

    Attributes:
        first: row of the one.
        second: row of the other, in its own store.
        value: correlation in [-1, 1], see `agreement`.
    """

    first: int
    second: int
    value: float


def pairs_within(own: Examined, neighbours: Neighbours, should_stop: ShouldStop) -> list[ComparedPair] | None:
    """Compare the images of a store with those that resemble them most.

    Args:
        own: the store.
        neighbours: of each image.
        should_stop: called often.

    Returns:
        Each pair once; None if a stop was requested.
    """
    return _compare(own, own, pairs.candidate_pairs(neighbours, same=True), should_stop)


def pairs_between(
    own: Examined, other: Examined, rows: np.ndarray, should_stop: ShouldStop
) -> list[ComparedPair] | None:
    """Compare images of a store with those of another one that resemble them most.

    Args:
        own: the store.
        other: the other one.
        rows: int (m,), the images of the store that are compared.
        should_stop: called often.

    Returns:
        The pairs; None if a stop was requested.
    """
    if not len(rows) or not len(other.manifest):
        return []
    both = directions(np.concatenate([own.features.means, other.features.means]))
    count = len(own.manifest)
    near = nearest(both[:count][rows], both[count:], pairs.CANDIDATES, should_stop=should_stop)
    if near is None:
        return None
    candidates = pairs.candidate_pairs(near, same=False)
    candidates[:, 0] = rows[candidates[:, 0]]
    return _compare(own, other, candidates, should_stop)


def _compare(
    own: Examined, other: Examined, candidates: np.ndarray, should_stop: ShouldStop
) -> list[ComparedPair] | None:
    coarse = pairs.coarse_texture(own.features.thumbnails)
    of_other = coarse if other is own else pairs.coarse_texture(other.features.thumbnails)
    likely = pairs.likely_pairs(candidates, coarse, of_other)
    values = pairs.agreement(likely, own.features.thumbnails, other.features.thumbnails, should_stop)
    if values is None:
        return None
    return [ComparedPair(a, b, value) for (a, b), value in zip(likely.tolist(), values.tolist(), strict=True)]
