"""Estimate by the pixels how likely each stated view, CC or MLO, is wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mammo_core.doctor.cross_fitting import Fold, divide

MAX_FITTED = 3_000  # images of each fold: more take a minute and change little
STRENGTH = 0.001  # inverse of the logistic regression's regularisation
SUPPORT_STRENGTH = 3.0  # the same of the support vector machines
CELLS = 8  # rows and columns of parts of which edges are compared
DIRECTIONS = 8  # of edges
FAINT = 0.5  # of an image's mean gradient, below which the edges of a part count little
CHUNK = 32  # images of which edges are computed at once, for the processor's cache
LEAST_WRONG = 0.005  # share of wrong views that is assumed at least, so that a single one can be believed
STEEP = 2e-5  # an image's penalty of a steep curve: well separated views, or a few odd ones, make it too steep

Rows = Callable[[np.ndarray], np.ndarray]  # numbers of images → their features, float32 (n, c)


@dataclass(frozen=True)
class ViewPictures:
    """The features and pictures by which views are compared.

    Attributes:
        features: float (n, c), of the network, averaged over the breast.
        thumbnails: uint8 (n, 64, 64), see `image_features.thumbnails`.
    """

    features: np.ndarray
    thumbnails: np.ndarray


def wrong_view_log_odds(
    pictures: ViewPictures, is_mlo: np.ndarray, groups: np.ndarray, exams: np.ndarray
) -> np.ndarray:
    """Return the log odds that each stated view is wrong, by pixels alone.

    Three classifiers learn the views from other groups' images: a support vector machine on the network's features, a
    logistic regression on how these differ from the mean of the exam, and a support vector machine on how directions of
    edges do. The difference leaves out what all images of an exam share, such as density and machine. The classifiers' mean
    becomes a probability by a logistic curve that is fitted together with the share of stated views that are wrong. This is
    done twice: the second time, the classifiers learn from views of which those that are likely wrong are exchanged.

    Args:
        pictures: of n images.
        is_mlo: int (n,), 1 for MLO and 0 for CC, as stated.
        groups: (n,), such as patients: one group is never on both sides.
        exams: (n,), the exam of each image.

    Returns:
        float64 (n,).
    """
    described, folds = _describe(pictures, exams), divide(is_mlo, groups)
    odds = _log_odds(_mean_margin(described, is_mlo, folds), is_mlo)
    corrected = np.where(odds > 0, 1 - is_mlo, is_mlo)
    return _log_odds(_mean_margin(described, corrected, folds), is_mlo)


def _log_odds(margin: np.ndarray, is_mlo: np.ndarray) -> np.ndarray:
    """Return the log odds that stated views are wrong, by the margins."""
    sign = 2 * is_mlo - 1
    slope, share = _fit_curve(margin, sign)
    return np.asarray(logit(share) - sign * slope * margin)


def _describe(pictures: ViewPictures, exams: np.ndarray) -> list[tuple[LogisticRegression | SVC, Rows]]:
    """Return the classifiers, and the features that each of them gets."""
    _, numbers = np.unique(exams, return_inverse=True)
    return [
        (SVC(C=SUPPORT_STRENGTH), lambda rows: pictures.features[rows].astype(np.float32)),
        (
            LogisticRegression(C=STRENGTH, max_iter=500, fit_intercept=False),
            relative_to_exam(pictures.features, numbers),
        ),
        (SVC(C=SUPPORT_STRENGTH), relative_to_exam(edge_directions(pictures.thumbnails), numbers)),
    ]


def relative_to_exam(features: np.ndarray, exams: np.ndarray) -> Rows:
    """Return features less their mean over the exam, of the images that are requested.

    Those of all images at once would take too much memory.

    Args:
        features: float (n, c).
        exams: int (n,), number of the exam of each, from 0 without gaps.
    """
    order = np.argsort(exams, kind="stable")
    starts = np.flatnonzero(np.diff(exams[order], prepend=-1))
    sums = np.add.reduceat(features[order], starts, axis=0, dtype=np.float32)
    means = sums / np.bincount(exams)[:, np.newaxis].astype(np.float32)
    return lambda rows: features[rows] - means[exams[rows]]


def edge_directions(thumbnails: np.ndarray) -> np.ndarray:
    """Return in which directions edges run in each part of the images.

    The strengths of the directions in a part are divided by their length, so that a faint muscle counts as a bright one
    does; see Dalal and Triggs, Histograms of oriented gradients for human detection, CVPR 2005.

    Args:
        thumbnails: uint8 (n, 64, 64).

    Returns:
        float16 (n, 512), of 8 x 8 parts and 8 directions.
    """
    edges = np.empty((len(thumbnails), CELLS * CELLS * DIRECTIONS), np.float16)
    for start in range(0, len(thumbnails), CHUNK):
        strength = _edge_strength(thumbnails[start : start + CHUNK].astype(np.float32))
        mean = strength.mean(axis=(1, 2), keepdims=True)
        strength /= np.where(mean > 0, mean, 1)
        strength /= np.linalg.norm(strength, axis=2, keepdims=True) + FAINT
        edges[start : start + CHUNK] = strength.reshape(len(strength), -1)
    return edges


def _edge_strength(images: np.ndarray) -> np.ndarray:
    """Return the sum of gradients in each part and direction, (n, parts, directions).

    Args:
        images: float32 (n, 64, 64).
    """
    number, side = images.shape[:2]
    down, across = np.gradient(images, axis=(1, 2))
    half_turns = (np.arctan2(down, across) + np.pi) / np.pi
    steps = half_turns * DIRECTIONS + 0.5  # so that along an axis is the middle of a direction
    cells = np.arange(side) * CELLS // side
    parts = cells[:, np.newaxis] * CELLS + cells + CELLS * CELLS * np.arange(number)[:, np.newaxis, np.newaxis]
    indices = parts * DIRECTIONS + steps.astype(int) % DIRECTIONS
    strength = np.sqrt(down * down + across * across)
    sums = np.bincount(indices.ravel(), strength.ravel(), minlength=number * CELLS * CELLS * DIRECTIONS)
    return sums.reshape(number, CELLS * CELLS, DIRECTIONS)


def _mean_margin(
    described: Sequence[tuple[LogisticRegression | SVC, Rows]], is_mlo: np.ndarray, folds: Sequence[Fold]
) -> np.ndarray:
    """Return how much each image looks like MLO, with deviation 1."""
    margins = [_cross_fitted_margin(classifier, features, is_mlo, folds) for classifier, features in described]
    total = np.sum([margin / max(float(margin.std()), 1e-9) for margin in margins], axis=0)
    return np.asarray(total / max(float(total.std()), 1e-9))


def _cross_fitted_margin(
    classifier: LogisticRegression | SVC, features: Rows, is_mlo: np.ndarray, folds: Sequence[Fold]
) -> np.ndarray:
    """Return the decision function of each image, 0 where features tell nothing.

    The classifier was fitted to other groups.
    """
    margin = np.empty(len(is_mlo))
    generator = np.random.default_rng(0)
    for rest, part in folds:
        fitted = generator.permutation(rest)[:MAX_FITTED]
        model: Pipeline = make_pipeline(StandardScaler(), classifier)
        model.fit(features(fitted), is_mlo[fitted])
        values = features(part)
        margin[part] = model.decision_function(values) * values.any(axis=1)
    return margin


def _fit_curve(margin: np.ndarray, sign: np.ndarray) -> tuple[float, float]:
    """Fit a logistic curve about 0: its slope, and the share of wrong signs."""

    def loss(parameters: np.ndarray) -> float:
        slope, share = _curve(parameters)
        right = expit(sign * slope * margin)
        likelihood = (1 - share) * right + share * (1 - right)
        return float(-np.log(np.maximum(likelihood, 1e-300)).sum() + STEEP * len(margin) * slope**2)

    fitted = minimize(loss, np.array([1.0, -3.0]), method="Nelder-Mead", options={"maxiter": 2000})
    return _curve(fitted.x)


def _curve(parameters: np.ndarray) -> tuple[float, float]:
    """Return a positive slope, and a share below one half."""
    return float(np.exp(parameters[0])), float(np.clip(expit(parameters[1]) / 2, LEAST_WRONG, 0.49))
