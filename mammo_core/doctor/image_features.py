"""Compute the features by which images are compared, and keep them.

Where TensorFlow is needed, see `mammo_core.learning.comparison_network`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from mammo_core.dataset.store import Store
from mammo_core.documents.progress import Progress, ProgressCallback, ShouldStop
from mammo_core.storage.array_files import DAMAGE
from mammo_core.storage.atomic import atomic_path

PREFIX = "features-v1-"  # of the files in a store's folder; those of another version aren't read
CHUNK = 1024  # images in a file: some ten seconds of work, so that little is lost when it is interrupted
BATCH = 16  # images in a forward pass: more take more memory and no less time
THUMBNAIL = 64  # rows and columns of the reduced images
LOADING, PHASE = "Loading the network", "Computing features"
ARRAYS = ("means", "suspicious", "lesion_contrast", "thumbnails")  # of a file, beside sha256

Arrays = dict[str, np.ndarray]
Network = Callable[[np.ndarray], Arrays]  # images, uint8 (n, rows, columns) → arrays, without thumbnails


@dataclass(frozen=True)
class ImageFeatures:
    """The features of a store's images, in the order of its manifest.

    Attributes:
        means: float16 (n, 472), mean of the network's features over the breast.
        suspicious: float16 (n, 473), likewise over the cells that stand out in the lesion map, with the share of breast.
        lesion_contrast: float16 (n,), mean local contrast of the lesion map's four highest cells.
        thumbnails: uint8 (n, 64, 64), the images themselves, reduced; 0 is background.
    """

    means: np.ndarray
    suspicious: np.ndarray
    lesion_contrast: np.ndarray
    thumbnails: np.ndarray

    def __len__(self) -> int:
        return len(self.means)


def store_features(
    store: Store,
    manifest: pd.DataFrame,
    open_network: Callable[[], AbstractContextManager[Network]],
    progress: ProgressCallback,
    should_stop: ShouldStop,
) -> ImageFeatures | None:
    """Return the features of all images of a store.

    Those that aren't kept are computed.

    New ones are kept in the store's folder, `CHUNK` images at a time, also when this is stopped. Images are known by the hash
    of their file: a store that was imported anew keeps the features of images that stayed the same.

    Args:
        store: the store.
        manifest: its images.
        open_network: offers the network for the length of a `with` block; called only if something is to be computed.
        progress: called after each batch.
        should_stop: called before each batch.

    Returns:
        The features; None if a stop was requested before all were computed.

    Raises:
        DataError: an image can't be read.
    """
    kept = _kept_digests(store)
    missing = manifest[~manifest["sha256"].isin(kept)].drop_duplicates("sha256")
    if len(missing):
        progress(Progress(done=0, total=0, phase=LOADING))
        with open_network() as network:
            if not _compute_missing(store, missing, len(manifest), network, progress, should_stop):
                return None
    return _read_features(store, manifest["sha256"])


def _compute_missing(
    store: Store,
    missing: pd.DataFrame,
    total: int,
    network: Network,
    progress: ProgressCallback,
    should_stop: ShouldStop,
) -> bool:
    """Compute and keep the features of some images.

    It returns whether it got to the end.
    """

    def report(waiting: int) -> None:
        progress(Progress(done=total - waiting, total=total, phase=PHASE))

    report(len(missing))
    for start in range(0, len(missing), CHUNK):
        parts: list[Arrays] = []
        for batch in _compute(store, network, missing.iloc[start : start + CHUNK]):
            parts.append(batch)
            report(len(missing) - start - sum(len(part["sha256"]) for part in parts))
            if should_stop():
                break
        _keep(store, parts)
        if should_stop():
            return False
    return True


def _compute(store: Store, network: Network, images: pd.DataFrame) -> Iterator[Arrays]:
    """Yield the features of some images, `BATCH` at a time."""
    for start in range(0, len(images), BATCH):
        rows = images.iloc[start : start + BATCH]
        pixels = store.images(rows["png"].tolist())
        arrays = network(pixels)
        yield {
            "sha256": rows["sha256"].to_numpy(str),
            **{name: arrays[name].astype(np.float16) for name in ARRAYS[:-1]},
            "thumbnails": thumbnails(pixels),
        }


def thumbnails(images: np.ndarray) -> np.ndarray:
    """Return images, uint8 (n, rows, columns), reduced by averaging.

    The longer side has `THUMBNAIL` pixels; a rectangle is complemented by background below or at the right.

    Returns:
        uint8 (n, 64, 64).
    """
    rows, columns = images.shape[1:]
    factor = THUMBNAIL / max(rows, columns)
    height, width = max(1, round(rows * factor)), max(1, round(columns * factor))
    reduced = np.zeros((len(images), THUMBNAIL, THUMBNAIL), np.uint8)
    for row, image in enumerate(images):
        picture = Image.fromarray(image).resize((width, height), Image.Resampling.BOX)
        reduced[row, :height, :width] = np.asarray(picture)
    return reduced


def _keep(store: Store, parts: Sequence[Arrays]) -> None:
    """Write features to a new file in the store's folder."""
    arrays: dict[str, Any] = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    numbers = [int(path.stem.removeprefix(PREFIX)) for path in _files(store)]
    with atomic_path(store.folder / f"{PREFIX}{max(numbers, default=-1) + 1:04d}.npz") as path:
        np.savez(path, **arrays)


def _kept_digests(store: Store) -> set[str]:
    """Return the hashes of the images whose features are kept.

    A damaged file is removed, and its images are computed anew.
    """
    digests: set[str] = set()
    for path in _files(store):
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in ("sha256", *ARRAYS)}  # all are read: any may be damaged
        except DAMAGE:
            path.unlink(missing_ok=True)
            continue
        digests.update(arrays["sha256"].tolist())
    return digests


def _read_features(store: Store, digests: pd.Series) -> ImageFeatures:
    """Return the kept features of images, given by their hashes.

    They are read file by file: all of them twice would take too much memory.
    """
    arrays: Arrays = {}
    for path in _files(store):
        with np.load(path, allow_pickle=False) as file:
            numbers = {digest: number for number, digest in enumerate(file["sha256"].tolist())}
            rows = digests.map(numbers).reset_index(drop=True).dropna().astype(int)
            for name in ARRAYS if len(rows) else ():
                values = file[name]
                if name not in arrays:
                    arrays[name] = np.empty((len(digests), *values.shape[1:]), values.dtype)
                arrays[name][rows.index] = values[rows]
    return ImageFeatures(**arrays)


def _files(store: Store) -> list[Path]:
    return sorted(path for path in store.folder.glob(f"{PREFIX}*.npz") if path.stem.removeprefix(PREFIX).isdigit())


def standardised(features: np.ndarray) -> np.ndarray:
    """Return features as float32 (n, c) with mean 0 and deviation 1.

    Constant ones are 0.
    """
    values = features.astype(np.float32)
    values -= values.mean(axis=0)
    deviation = values.std(axis=0)
    values /= np.where(deviation > 0, deviation, 1)
    return values


def directions(features: np.ndarray) -> np.ndarray:
    """Return standardised features as unit vectors, float32 (n, c).

    Their product is the similarity of two images.
    """
    values = standardised(features)
    length = np.sqrt(np.einsum("nc,nc->n", values, values))[:, np.newaxis]
    values /= np.where(length > 0, length, 1)
    return values
