"""Write and open the index of a store in which look-alikes are searched.

The features of the images lie in a file that is mapped into memory: all processes and sessions share the pages that were read.
Its first two rows are mean and deviation by which the features were standardised. The check writes it.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mammo_core.dataset.store import Store
from mammo_core.doctor.breast_distances import StoredBreasts, breast_distances, stored_breasts
from mammo_core.doctor.image_features import ImageFeatures
from mammo_core.documents.look_alikes import LookAlikeIndex
from mammo_core.errors import DataError, StoreUnchecked
from mammo_core.storage.array_files import damaged_arrays
from mammo_core.storage.atomic import atomic_path

PREFIX = "look-alikes-v1-"  # of the file of features
MEASURED = 500  # breasts, at most, whose nearest one tells which distances are usual
TYPICAL, FAR, FARTHEST = 0.5, 0.9, 0.99  # shares of these breasts that are nearer to another one
# The limit over FARTHEST: breasts of new patients lie a little farther away; blank images and photographs do from 1.2 on, on
# phantoms and on real mammograms.
MARGIN = 1.1
HASH_DIGITS = 16


@dataclass(frozen=True)
class OpenIndex:
    """The index of a store, opened.

    Attributes:
        document: its distances.
        breasts: the breasts of the store.
        mean: float32 (c,), by which features are standardised.
        deviation: float32 (c,), likewise; infinite where all images of the store have the same value.
    """

    document: LookAlikeIndex
    breasts: StoredBreasts
    mean: np.ndarray
    deviation: np.ndarray

    def standardise(self, means: np.ndarray) -> np.ndarray:
        """Return features of other images, float32 (q, c), as those of the store are."""
        return np.asarray((means - self.mean) / self.deviation, np.float32)


def write_index(store: Store, manifest: pd.DataFrame, features: ImageFeatures, groups: pd.Series) -> None:
    """Keep the index of a store in its folder.

    Args:
        store: the store.
        manifest: its images, one a row from 0.
        features: of its images.
        groups: the patient of each image; patients who share an exposure count as one.

    Raises:
        StorageError: the file system refuses.
    """
    digest = images_digest(manifest)
    rows = np.concatenate([_scale(features.means), features.means], dtype=np.float32)
    vectors = rows[2:]
    vectors -= rows[0]
    vectors /= rows[1]
    name = f"{PREFIX}{digest[:HASH_DIGITS]}.npy"
    with atomic_path(store.folder / name) as path:
        np.save(path, rows)
    nearest = _nearest_distances(stored_breasts(manifest, vectors), groups.to_numpy(str))
    typical, far, farthest = np.quantile(nearest, (TYPICAL, FAR, FARTHEST)) if len(nearest) else (0.0, 0.0, 0.0)
    limit = MARGIN * float(farthest)
    document = LookAlikeIndex(images=digest, vectors=name, typical=float(typical), far=float(far), limit=limit)
    document.write(store.folder / LookAlikeIndex.file_name)
    for path in store.folder.glob(f"{PREFIX}*.npy"):
        if path.name != name:
            with suppress(PermissionError):  # Windows keeps a file that a server has mapped; the next check removes it
                path.unlink(missing_ok=True)


def open_index(store: Store, manifest: pd.DataFrame) -> OpenIndex:
    """Open the index of a store.

    Args:
        store: the store.
        manifest: its images, one a row from 0.

    Raises:
        StoreUnchecked: the store hasn't been checked, or not by this version, or has changed since.
        DataError: the index is damaged.
    """
    path = store.folder / LookAlikeIndex.file_name
    if not path.exists():
        raise StoreUnchecked(
            f"The imported data {store.name} hasn't been checked yet, so its breasts can't be searched."
        )
    document = LookAlikeIndex.read(path)
    if document.images != images_digest(manifest):
        raise StoreUnchecked(f"The imported data {store.name} has changed since it was checked. Check it again.")
    damaged = DataError(f"The index of the images of {store.name} is damaged. Check the data again.")
    with damaged_arrays(damaged):
        rows = np.load(store.folder / document.vectors, mmap_mode="r", allow_pickle=False)
        if rows.dtype != np.float32 or rows.ndim != 2 or len(rows) != len(manifest) + 2:
            raise damaged
    plain = np.asarray(rows)  # a view without the cost of memmap's own indexing
    breasts = stored_breasts(manifest, plain[2:])
    if not (np.isfinite(breasts.squares).all() and np.isfinite(plain[0]).all() and (plain[1] > 0).all()):
        raise damaged
    return OpenIndex(document, breasts, plain[0], plain[1])


def images_digest(manifest: pd.DataFrame) -> str:
    """Return a hash that changes when an image of a store does."""
    return hashlib.sha256("\n".join(manifest["sha256"].astype("str")).encode()).hexdigest()


def _scale(means: np.ndarray) -> np.ndarray:
    """Return mean and deviation of features, float32 (2, c)."""
    values = means.astype(np.float32)
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    return np.stack([mean, np.where(deviation > 0, deviation, np.inf)]).astype(np.float32)


def _nearest_distances(breasts: StoredBreasts, groups: np.ndarray) -> np.ndarray:
    """Return the distances of some breasts from the nearest one, float32 (m,).

    Breasts of the same patient don't count.
    """
    count = len(breasts.starts)
    chosen = np.random.default_rng(0).permutation(count)[:MEASURED]
    owners, usable = groups[breasts.first_images()], np.ones(len(groups), bool)
    nearest = []
    for breast in chosen:
        images = breasts.images_of(breast)
        distances = breast_distances(breasts, breasts.vectors[images], breasts.views[images].tolist(), usable)
        nearest.append(distances[owners != owners[breast]].min(initial=np.inf))
    values = np.array(nearest, np.float32)
    return values[np.isfinite(values)]
