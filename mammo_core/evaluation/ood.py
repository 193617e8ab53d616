"""Detect images unlike the training images: out-of-distribution detection.

A network predicts something for any image. For an image unlike all that it was trained on the prediction has no basis.
Therefore the image's global statistics, the shape of its breast and the network's own features are compared with those
of the training images (Lee et al. 2018, arXiv:1807.03888); held-out images set the threshold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.covariance import LedoitWolf

from mammo_core.documents.geometry import Geometry
from mammo_core.evaluation.baselines import image_statistics

HELD_OUT_QUANTILE = 0.99  # of the validation images' distances
# Threshold over that quantile: images of new patients are slightly more distant than those of the validation part.
MARGIN = 1.1
MIN_STANDARD_DEVIATION = 1e-6
OOD_STATISTICS = (
    12  # features of an image besides the network's own: ten global statistics and two of the breast's shape
)


@dataclass(frozen=True)
class OODDetector:
    """The distribution of the training images' features, with a threshold.

    The distance from the distribution is Mahalanobis'.

    Attributes:
        mean, scale: mean and standard deviation of the features, float64 (d,).
        precision: inverse covariance of the standardised features, float64 (d, d).
        threshold: an image at a greater distance is out of distribution.
    """

    mean: np.ndarray
    scale: np.ndarray
    precision: np.ndarray
    threshold: float

    def ood_score(self, features: np.ndarray) -> np.ndarray:
        """Return the distance from the training images over the threshold.

        An image with a score above 1 is out of distribution.

        Args:
            features: (n, d), see `ood_features`.
        """
        return self._distance(features) / self.threshold

    def _distance(self, features: np.ndarray) -> np.ndarray:
        deviation = (features - self.mean) / self.scale
        return np.sqrt(np.einsum("ni,ij,nj->n", deviation, self.precision, deviation) / len(self.mean))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the parameters as arrays by name, as they are stored."""
        return {
            "mean": self.mean,
            "scale": self.scale,
            "precision": self.precision,
            "threshold": np.asarray(self.threshold),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "OODDetector":
        """Return the detector with the given parameters.

        Raises:
            KeyError: one of them is missing.
            ValueError: their shapes or values don't belong together.
        """
        mean, scale, precision, threshold = (
            np.asarray(arrays[name], np.float64) for name in ("mean", "scale", "precision", "threshold")
        )
        n = mean.size
        if (mean.shape, scale.shape, precision.shape, threshold.shape) != ((n,), (n,), (n, n), ()):
            raise ValueError("shapes")
        if not (np.isfinite(mean).all() and np.isfinite(precision).all() and scale.min() > 0 and threshold > 0):
            raise ValueError("values")
        return cls(mean, scale, precision, float(threshold))


def ood_features(images: np.ndarray, geometries: Sequence[Geometry], embedding: np.ndarray) -> np.ndarray:
    """Return the features by which images are compared with the training images.

    Args:
        images: uint8 (n, rows, columns).
        geometries: of each image in its source.
        embedding: float (n, c), the network's mean features; c is 0 for a network without.

    Returns:
        float64 (n, 12 + c): ten global statistics, the logarithm of the breast's height over its width, its height over
        the source's, and the embedding.
    """
    shapes = [
        (
            np.log((geometry.bottom - geometry.top) / max(geometry.right - geometry.left, 1.0)),
            (geometry.bottom - geometry.top) / geometry.source_rows,
        )
        for geometry in geometries
    ]
    statistics = image_statistics(images).to_numpy(np.float64)
    return np.concatenate([statistics, np.array(shapes, np.float64).reshape(-1, 2), embedding], axis=1)


def fit_detector(training: np.ndarray, held_out: np.ndarray) -> OODDetector:
    """Fit the distribution of training images, and the threshold on held-out ones.

    Args:
        training: features (n, d) of the training part.
        held_out: features (m, d) of the validation part.
    """
    mean, scale = training.mean(axis=0), np.maximum(training.std(axis=0), MIN_STANDARD_DEVIATION)
    precision = LedoitWolf(assume_centered=True).fit((training - mean) / scale).precision_
    unscaled = OODDetector(mean, scale, precision, 1.0)
    threshold = MARGIN * float(np.quantile(unscaled.ood_score(held_out), HELD_OUT_QUANTILE))
    return OODDetector(mean, scale, precision, threshold)
