"""Is an input like those that the model learnt from? A distance, and the threshold that held-out images stay below.

A network answers whatever it is shown. Its answer to an image that is unlike all it has seen says nothing, so the image's
global statistics, the shape of its breast and the network's own features are compared with the training images'
(Mahalanobis distance; Lee et al. 2018, arXiv:1807.03888).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.covariance import LedoitWolf

from mammo_core.errors import ModelError
from mammo_core.evaluation.baselines import image_statistics
from mammo_core.preprocess import Geometry
from mammo_core.storage.atomic import atomic_path

HELD_OUT_QUANTILE = 0.99  # of the validation images' distances: the threshold
MARGIN = 1.1  # times the quantile: other patients lie a little farther away than the validation part's
SMALLEST_SPREAD = 1e-6


@dataclass(frozen=True)
class OODDetector:
    """What training images are like.

    Attributes:
        mean, scale: float64 (d,), of the training images' descriptors.
        precision: float64 (d, d), inverse covariance of the standardised descriptors.
        threshold: distance from which an image is unlike them.
    """

    mean: np.ndarray
    scale: np.ndarray
    precision: np.ndarray
    threshold: float

    def ood_score(self, descriptors: np.ndarray) -> np.ndarray:
        """Return how far images lie from the training images, float64 (n,); above 1 they are unlike them.

        Args:
            descriptors: (n, d), see `ood_features`.
        """
        return self._distance(descriptors) / self.threshold

    def _distance(self, descriptors: np.ndarray) -> np.ndarray:
        deviation = (descriptors - self.mean) / self.scale
        return np.sqrt(np.einsum("ni,ij,nj->n", deviation, self.precision, deviation) / len(self.mean))

    def save(self, path: Path) -> None:
        """Write the reference to an .npz file, whole."""
        with atomic_path(path) as temporary:
            np.savez(temporary, mean=self.mean, scale=self.scale, precision=self.precision, threshold=self.threshold)

    @classmethod
    def read(cls, path: Path) -> "OODDetector":
        """Read a reference.

        Raises:
            ModelError: the file isn't one.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                return cls(stored["mean"], stored["scale"], stored["precision"], float(stored["threshold"]))
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"{path.name} of {path.parent.name} isn't readable ({type(error).__name__}).") from None


def ood_features(images: np.ndarray, geometries: Sequence[Geometry], embedding: np.ndarray) -> np.ndarray:
    """Describe model inputs by what makes an image like another.

    Args:
        images: uint8 (n, size, size).
        geometries: where each lies in its source.
        embedding: float (n, c), the network's mean features; c is 0 for a network without.

    Returns:
        float64 (n, 12 + c): ten global statistics, the breast's height against its width, its share of the source's
        height, and the embedding.
    """
    shapes = [
        (
            np.log((place.bottom - place.top) / max(place.right - place.left, 1.0)),
            (place.bottom - place.top) / place.source_rows,
        )
        for place in geometries
    ]
    statistics = image_statistics(images).to_numpy(np.float64)
    return np.concatenate([statistics, np.array(shapes, np.float64).reshape(-1, 2), embedding], axis=1)


def fit_detector(training: np.ndarray, held_out: np.ndarray) -> OODDetector:
    """Learn what training images are like, and from held-out ones where that ends.

    Args:
        training: descriptors (n, d) of the training part.
        held_out: descriptors (m, d) of the validation part.
    """
    mean, scale = training.mean(axis=0), np.maximum(training.std(axis=0), SMALLEST_SPREAD)
    precision = LedoitWolf(assume_centered=True).fit((training - mean) / scale).precision_
    reference = OODDetector(mean, scale, precision, 1.0)
    threshold = MARGIN * float(np.quantile(reference.ood_score(held_out), HELD_OUT_QUANTILE))
    return OODDetector(mean, scale, precision, threshold)
