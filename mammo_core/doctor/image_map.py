"""Write and open the map of a store's images, on which like lies near like."""

from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pandas as pd

from mammo_core.dataset.store import Store
from mammo_core.doctor.image_features import ImageFeatures, directions
from mammo_core.doctor.look_alike_index import HASH_DIGITS, images_digest
from mammo_core.doctor.map_layout import LANDMARKS, kept_neighbours, lay_out, surroundings
from mammo_core.doctor.neighbours import Neighbours
from mammo_core.documents.image_map import ImageMap
from mammo_core.documents.progress import ShouldStop
from mammo_core.errors import DataError, StoreUnchecked
from mammo_core.storage.array_files import damaged_arrays
from mammo_core.storage.atomic import atomic_path

PREFIX = "image-map-v1-"  # of the file of coordinates


def write_map(
    store: Store,
    manifest: pd.DataFrame,
    features: ImageFeatures,
    neighbours: Neighbours,
    progress: Callable[[int, int], None],
    should_stop: ShouldStop,
) -> ImageMap | None:
    """Keep the map of a store in its folder; one of the same images stays as it is.

    Args:
        store: the store.
        manifest: its images, one a row from 0.
        features: of its images.
        neighbours: of each image, by these.
        progress: called with the steps that are done, and of all.
        should_stop: called often.

    Returns:
        The map; None if a stop was requested.

    Raises:
        StorageError: the file system refuses.
    """
    with suppress(DataError):  # there is none, or a damaged one, or one of other images
        return read_map(store, manifest)[0]
    points = lay_out(directions(features.means), progress, should_stop)
    if points is None:
        return None
    digest = images_digest(manifest)
    name = f"{PREFIX}{digest[:HASH_DIGITS]}.npy"
    with atomic_path(store.folder / name) as path:
        np.save(path, points)
    kept = kept_neighbours(points, neighbours.indices)
    document = ImageMap(
        images=digest,
        points=name,
        landmarks=min(LANDMARKS, len(points)),
        around=surroundings(len(points)),
        kept=kept,
    )
    document.write(store.folder / ImageMap.file_name)
    for path in store.folder.glob(f"{PREFIX}*.npy"):
        if path.name != name:
            path.unlink(missing_ok=True)
    return document


def open_map(store: Store) -> tuple[ImageMap, pd.DataFrame]:
    """Open the map of a checked store.

    Returns:
        The map, and the rows of the manifest with their coordinates `x` and `y`.

    Raises:
        StoreUnchecked: the store hasn't been checked, or not by this version, or has changed since.
        DataError: the store or its map is damaged.
    """
    manifest = store.manifest().reset_index(drop=True)
    document, points = read_map(store, manifest)
    return document, manifest.assign(x=points[:, 0], y=points[:, 1])


def read_map(store: Store, manifest: pd.DataFrame) -> tuple[ImageMap, np.ndarray]:
    """Return the map of a store, and its coordinates, float32 (n, 2).

    Args:
        store: the store.
        manifest: its images.

    Raises:
        StoreUnchecked: see `open_map`.
        DataError: see `open_map`.
    """
    path = store.folder / ImageMap.file_name
    if not path.exists():
        raise StoreUnchecked(f"The imported data {store.name} hasn't been checked yet, or not by this version.")
    document = ImageMap.read(path)
    if document.images != images_digest(manifest):
        raise StoreUnchecked(f"The imported data {store.name} has changed since it was checked. Check it again.")
    damaged = DataError(f"The map of the images of {store.name} is damaged. Check the data again.")
    with damaged_arrays(damaged):
        points = np.load(store.folder / document.points, allow_pickle=False)
        if points.dtype != np.float32 or points.shape != (len(manifest), 2) or not np.isfinite(points).all():
            raise damaged
    return document, points
