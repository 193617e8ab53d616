"""Project images to vectors that the views of one breast share.

It is a linear discriminant analysis whose classes are breasts (Fisher 1936): it keeps the directions in which breasts differ more
than the images of one breast do. The vectors have one length, which keeps unusual images from lying far from all others
(Garcia-Romero and Espy-Wilson 2011), and one variance within breasts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import eigh
from sklearn.model_selection import GroupKFold

from mammo_core.dataset.store import parse_geometry

FOLDS = 5
BATCH = 1024  # images that are converted at a time: more take memory
DIMENSIONS = 32  # of the vectors
SHRINKAGE = 0.3  # of the covariance within breasts towards a multiple of the identity: few pairs teach many directions
TOTAL_SHRINKAGE = 0.06  # of the covariance of all images likewise
MEASURES = 13  # of size, grey levels and extent
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)  # quantiles of a breast's grey levels
STEP = 2  # every second row and column of a thumbnail is enough for these
LEAST_BETWEEN = 1e-3  # variance between breasts


@dataclass(frozen=True)
class Projected:
    """All images, projected by what some patients teach.

    Attributes:
        part: int (m,), the images of other patients than those.
        vectors: float32 (n, k), with variance 1 within a breast.
        between: float32 (k,), their variance between breasts.
    """

    part: np.ndarray
    vectors: np.ndarray
    between: np.ndarray


def describe_breasts(manifest: pd.DataFrame, features: np.ndarray, thumbnails: np.ndarray) -> np.ndarray:
    """Return features and measures of each image, standardised in each view.

    Args:
        manifest: with view and geometry; its index tells which rows of the arrays are described.
        features: float (m, c), of the network, averaged over the breast.
        thumbnails: uint8 (m, 64, 64), see `image_features.thumbnails`.

    Returns:
        float32 (n, c + 13), in the order of the manifest.
    """
    rows, count = manifest.index.to_numpy(int), features.shape[1]
    values = np.empty((len(rows), count + MEASURES), np.float32)
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        values[start : start + BATCH, :count] = features[batch]
        values[start : start + BATCH, count + 3 :] = _measure_levels(thumbnails[batch])
    values[:, count : count + 3] = _measure_size(manifest)
    for of_view in manifest.groupby(manifest["view"].astype("str").to_numpy()).indices.values():
        mean, deviation = values[of_view].mean(axis=0), values[of_view].std(axis=0)
        for start in range(0, len(of_view), BATCH):
            batch = of_view[start : start + BATCH]
            values[batch] = (values[batch] - mean) / np.where(deviation > 0, deviation, 1)
    return values


def _measure_size(manifest: pd.DataFrame) -> np.ndarray:
    """Return logarithms of height, width and area of each breast in its file, (n, 3)."""
    boxes = [parse_geometry(text) for text in manifest["geometry"]]
    sizes = np.log([[max(box.bottom - box.top, 1), max(box.right - box.left, 1)] for box in boxes])
    return np.concatenate([sizes, sizes.sum(axis=1, keepdims=True)], axis=1)


def _measure_levels(thumbnails: np.ndarray) -> np.ndarray:
    """Return grey levels of each breast, and its extent in the picture, (n, 10)."""
    pixels = thumbnails[:, ::STEP, ::STEP].reshape(len(thumbnails), -1).astype(np.int64)
    pixels += 256 * np.arange(len(pixels))[:, np.newaxis]
    counts = np.bincount(pixels.ravel(), minlength=256 * len(pixels)).reshape(len(pixels), 256)[:, 1:]
    total, levels = np.maximum(counts.sum(axis=1), 1), np.arange(1, 256)
    mean = counts @ levels / total
    deviation = np.sqrt(np.maximum(counts @ levels**2 / total - mean**2, 0))
    below = np.cumsum(counts, axis=1)
    quantiles = [(below < share * total[:, np.newaxis]).sum(axis=1) for share in LEVELS]
    breast = thumbnails > 0
    extent = [breast.any(axis=2).sum(axis=1), breast.any(axis=1).sum(axis=1), breast.sum(axis=(1, 2))]
    return np.stack([mean, deviation, *quantiles, *extent], axis=1)


def cross_fitted_projections(described: np.ndarray, breasts: np.ndarray, groups: np.ndarray) -> Iterator[Projected]:
    """Yield all images as vectors, taught by other patients than those of a part.

    The parts hold each image once.

    Args:
        described: float32 (n, c), see `describe_breasts`.
        breasts: int (n,), number of each image's breast.
        groups: (n,), such as patients: one group is never on both sides. There are at least `FOLDS`.
    """
    parts = [part for _, part in GroupKFold(FOLDS).split(described, groups=groups)]
    scatters = [_scatter(described[part], breasts[part]) for part in parts]
    for number, part in enumerate(parts):
        rest = np.setdiff1d(np.arange(len(described)), part)
        others = [each for other, each in enumerate(scatters) if other != number]
        total, within = (np.sum(each, axis=0) for each in zip(*others, strict=True))
        several = len(rest) - len(np.unique(breasts[rest]))  # degrees of freedom
        axes = _axes(total / len(rest), within / max(several, 1))
        vectors = described @ axes
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors *= np.sqrt(vectors.shape[1]) / np.where(length > 0, length, 1)
        yield Projected(part, *_with_unit_variance(vectors, rest, breasts[rest]))


def _scatter(values: np.ndarray, breasts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return sums of products of the images, and within breasts, float64 (c, c)."""
    sums, counts = sums_of(values, pd.factorize(breasts)[0])
    means = (sums / np.sqrt(counts)[:, np.newaxis]).astype(np.float32)
    total = (values.T @ values).astype(float)
    return total, total - means.T @ means


def _axes(total: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Return the axes on which breasts differ most, float32 (c, k)."""
    count = len(within)
    within, total = _shrink(within, SHRINKAGE), _shrink(total, TOTAL_SHRINKAGE)
    ratio, axes = eigh(total, within, subset_by_index=[max(count - DIMENSIONS, 0), count - 1])
    return np.asarray(axes / np.sqrt(np.maximum(ratio, 1e-6)), np.float32)


def _shrink(covariance: np.ndarray, share: float) -> np.ndarray:
    typical = max(np.trace(covariance) / len(covariance), 1e-6)
    return (1 - share) * covariance + share * typical * np.eye(len(covariance))


def _with_unit_variance(vectors: np.ndarray, rest: np.ndarray, breasts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors with variance 1 within breasts, and their variance between them.

    Args:
        vectors: float32 (n, k).
        rest: int (m,), images that teach these variances.
        breasts: int (m,), of these.
    """
    codes = pd.factorize(breasts)[0]
    sums, counts = sums_of(vectors[rest], codes)
    apart = vectors[rest] - (sums / counts[:, np.newaxis])[codes]
    within = (apart**2).sum(axis=0) / max(len(rest) - len(counts), 1)
    scaled = (vectors / np.sqrt(np.maximum(within, 1e-6))).astype(np.float32)
    between = np.maximum(scaled[rest].var(axis=0) - 1, LEAST_BETWEEN)
    return scaled, between.astype(np.float32)


def sums_of(values: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return sum and number of rows by code, float64 (g, c) and int (g,).

    Args:
        values: float (n, c).
        codes: int (n,), each of 0 to g - 1 at least once.
    """
    order = np.argsort(codes, kind="stable")
    counts = np.bincount(codes)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return np.add.reduceat(values[order], starts, axis=0).astype(float), counts
