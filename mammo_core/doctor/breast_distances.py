"""Measure how far a breast is from every breast of a store."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

COMPARED_VIEWS = ("CC", "MLO")  # images of these are compared with images of the same view only


@dataclass(frozen=True)
class StoredBreasts:
    """The images of a store by breast, with their features.

    Attributes:
        vectors: float32 (n, c), standardised features of the images, see `standardised`; may be mapped from a file.
        squares: float32 (n,), squared lengths of these.
        views: text (n,), "" where unknown.
        order: int (n,), indices of the images, those of each breast together.
        starts: int (b,), where each breast begins in `order`.
    """

    vectors: np.ndarray
    squares: np.ndarray
    views: np.ndarray
    order: np.ndarray
    starts: np.ndarray

    def images_of(self, breast: int) -> np.ndarray:
        """Return the indices of a breast's images, int (k,)."""
        end = self.starts[breast + 1] if breast + 1 < len(self.starts) else None
        return np.asarray(self.order[self.starts[breast] : end])

    def first_images(self) -> np.ndarray:
        """Return the index of one image of each breast, int (b,)."""
        return np.asarray(self.order[self.starts])


def stored_breasts(manifest: pd.DataFrame, vectors: np.ndarray) -> StoredBreasts:
    """Group the images of a store by patient and side.

    Args:
        manifest: of the store, with at least one row.
        vectors: float32 (n, c), standardised features in its order.
    """
    keys = manifest["patient_id"].astype("str") + "\0" + manifest["laterality"].astype("str").fillna("")
    codes = pd.factorize(keys)[0]
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(codes[order]) > 0])
    views = manifest["view"].astype("str").fillna("").to_numpy(str)
    return StoredBreasts(vectors, np.einsum("nc,nc->n", vectors, vectors), views, order, starts)


def breast_distances(
    stored: StoredBreasts, vectors: np.ndarray, views: Sequence[str], usable: np.ndarray
) -> np.ndarray:
    """Return the distance of one breast from each breast of a store.

    It is the mean, over the breast's images, of the distance from the other breast's nearest image of the same view.

    Args:
        stored: the breasts of the store.
        vectors: float32 (q, c), features of the breast's images, standardised like those of the store.
        views: of these; if one of them is CC or MLO, others than CC and MLO don't count.
        usable: bool (n,), images of the store that may be compared.

    Returns:
        float32 (b,); infinite where the store's breast lacks a view.
    """
    counted = [row for row, view in enumerate(views) if view in COMPARED_VIEWS] or list(range(len(views)))
    queries = vectors[counted]
    products = (queries @ stored.vectors.T).T  # (n, q)
    squares = stored.squares[:, np.newaxis] + (queries * queries).sum(axis=1) - 2 * products
    total = np.zeros(len(stored.starts), np.float32)
    for column, row in enumerate(counted):
        comparable = usable & (stored.views == views[row]) if views[row] in COMPARED_VIEWS else usable
        nearest = np.where(comparable, squares[:, column], np.inf)[stored.order]
        total += np.sqrt(np.maximum(np.minimum.reduceat(nearest, stored.starts), 0) / vectors.shape[1])
    return np.asarray(total / len(counted), np.float32)
