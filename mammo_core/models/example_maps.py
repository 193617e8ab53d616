"""Keep activation maps of a few validation images, epoch by epoch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mammo_core.errors import DataError
from mammo_core.storage.array_files import damaged_arrays
from mammo_core.storage.atomic import atomic_path

EXAMPLE_MAPS = "example_maps.npz"  # in a run's folder
MIN_PEAK = 1e-6  # logits: a map that is nowhere above it is shown without colour
DIMENSIONS = {"pictures": 3, "labels": 1, "epochs": 1, "probabilities": 2, "cams": 4}
KINDS = {"pictures": "u", "labels": "iu", "epochs": "iu", "probabilities": "f", "cams": "f"}  # of their elements


@dataclass(frozen=True)
class ExampleMaps:
    """Example images, and what a network made of them after each epoch.

    Attributes:
        pictures: uint8 (k, rows, columns), the images, reduced.
        labels: int (k,), 0 or 1.
        epochs: int (e,), the numbers of the finished epochs, ascending, from 1.
        probabilities: float (e, k), of the positive class, not calibrated.
        cams: float (e, k, h, w), class activation maps in logits; h and w are 0 for a network without.
    """

    pictures: np.ndarray
    labels: np.ndarray
    epochs: np.ndarray
    probabilities: np.ndarray
    cams: np.ndarray

    @property
    def has_cams(self) -> bool:
        """Whether the network has class activation maps."""
        return self.cams.size > 0

    def peak(self) -> float:
        """Return the largest value of all maps in logits, the common scale of all epochs."""
        return max(float(self.cams.max(initial=0.0)), MIN_PEAK)

    def scaled_cam(self, epoch: int, index: int) -> np.ndarray | None:
        """Return the map of an image after an epoch.

        Args:
            epoch: one of `epochs`.
            index: of the image.

        Returns:
            float32 (h, w) in [0, 1], where 1 is `peak`; None for a network without maps.
        """
        if not self.has_cams:
            return None
        return np.clip(self.cams[self._row(epoch), index] / self.peak(), 0, 1).astype(np.float32)

    def probability(self, epoch: int, index: int) -> float:
        """Return the probability of an image after an epoch, not calibrated."""
        return float(self.probabilities[self._row(epoch), index])

    def until(self, epoch: int) -> "ExampleMaps":
        """Return the same images with the epochs up to one, which is kept."""
        kept = self.epochs <= epoch
        return ExampleMaps(self.pictures, self.labels, self.epochs[kept], self.probabilities[kept], self.cams[kept])

    def with_epoch(self, epoch: int, probabilities: np.ndarray, cams: np.ndarray) -> "ExampleMaps":
        """Return the same images with one more epoch.

        Args:
            epoch: above all others.
            probabilities: float (k,).
            cams: float (k, h, w) in logits.
        """
        earlier = self.cams if len(self.epochs) else np.empty((0, *cams.shape), np.float32)
        return ExampleMaps(
            self.pictures,
            self.labels,
            np.append(self.epochs, epoch),
            np.concatenate([self.probabilities, probabilities[np.newaxis].astype(np.float32)]),
            np.concatenate([earlier, cams[np.newaxis].astype(np.float32)]),
        )

    def _row(self, epoch: int) -> int:
        return int(np.flatnonzero(self.epochs == epoch)[0])


def without_epochs(pictures: np.ndarray, labels: np.ndarray) -> ExampleMaps:
    """Return example images before the first epoch.

    Args:
        pictures: uint8 (k, rows, columns).
        labels: int (k,).
    """
    empty = np.empty((0, len(labels)), np.float32)
    return ExampleMaps(pictures, labels, np.empty(0, int), empty, empty[..., np.newaxis, np.newaxis][:, :, :0, :0])


def write_example_maps(run: Path, maps: ExampleMaps) -> None:
    """Write the example maps of a run; a reader sees the file complete or not at all.

    Raises:
        StorageError: the file system refuses.
    """
    with atomic_path(run / EXAMPLE_MAPS) as temporary:
        np.savez_compressed(temporary, **{name: getattr(maps, name) for name in DIMENSIONS})


def read_example_maps(run: Path) -> ExampleMaps | None:
    """Read the example maps of a run.

    Returns:
        None before the first epoch, and for a run of a version that kept none.

    Raises:
        DataError: the file is damaged or foreign.
    """
    if not (run / EXAMPLE_MAPS).exists():
        return None
    foreign = DataError(f"{EXAMPLE_MAPS} of the run {run.name} isn't one that this application wrote. Delete the file.")
    with damaged_arrays(foreign):
        with np.load(run / EXAMPLE_MAPS, allow_pickle=False) as file:
            maps = ExampleMaps(**{name: file[name] for name in DIMENSIONS})
        if not _fits(maps):
            raise foreign
    return maps


def _fits(maps: ExampleMaps) -> bool:
    """Return whether the arrays belong together."""
    arrays = {name: getattr(maps, name) for name in DIMENSIONS}
    if any(array.ndim != DIMENSIONS[name] or array.dtype.kind not in KINDS[name] for name, array in arrays.items()):
        return False
    counts = (len(maps.epochs), len(maps.labels))
    numbers = np.isfinite(maps.probabilities).all() and np.isfinite(maps.cams).all()
    return (
        maps.pictures.dtype == np.uint8
        and len(maps.pictures) == counts[1]
        and (maps.pictures.size > 0 or not counts[1])
        and maps.probabilities.shape == maps.cams.shape[:2] == counts
        and bool(numbers and np.isin(maps.labels, (0, 1)).all() and (np.diff(maps.epochs, prepend=0) > 0).all())
    )
