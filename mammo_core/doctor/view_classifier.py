"""Estimate by the pixels how likely each stated view, CC or MLO, is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mammo_core.doctor.cross_fitting import Fold, divide

MAX_FITTED = 6_000  # images of each fold: more take minutes and change little
STRENGTH = 0.001  # inverse of the logistic regressions' regularisation
SUPPORT_STRENGTH = 3.0  # the same of the support vector machine
CELLS = 16  # rows and columns of the picture that is compared
LEAST_WRONG = 0.002  # share of wrong views that is assumed at least, so that a single one can be believed
STEEP = 0.0005  # penalty of a steep curve, which perfectly separated views would make infinitely steep


@dataclass(frozen=True)
class ViewPictures:
    """The features and pictures by which views are compared.

    Attributes:
        features: float32 (n, c), of the network, averaged over the breast.
        thumbnails: uint8 (n, 64, 64), see `image_features.thumbnails`.
    """

    features: np.ndarray
    thumbnails: np.ndarray


def wrong_view_log_odds(pictures: ViewPictures, is_mlo: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the log odds that each stated view is wrong, by pixels alone.

    Three classifiers learn the views from other groups' images: a logistic regression and a support vector machine on the
    network's features, and a logistic regression on a coarse picture of the breast. Their mean becomes a probability by a
    logistic curve that is fitted together with the share of stated views that are wrong.

    Args:
        pictures: of n images.
        is_mlo: int (n,), 1 for MLO and 0 for CC, as stated.
        groups: (n,), such as patients: one group is never on both sides.

    Returns:
        float64 (n,).
    """
    margin = _mean_margin(pictures, is_mlo, groups)
    sign = 2 * is_mlo - 1
    slope, offset, share = _fit_curve(margin, sign)
    return np.asarray(logit(share) - sign * (slope * margin + offset))


def _mean_margin(pictures: ViewPictures, is_mlo: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return how much each image looks like MLO, with deviation 1."""
    linear = LogisticRegression(C=STRENGTH, max_iter=500)
    coarse, folds = coarse_pictures(pictures.thumbnails), divide(is_mlo, groups)
    margins = [
        _cross_fitted_margin(linear, pictures.features, is_mlo, folds),
        _cross_fitted_margin(linear, coarse, is_mlo, folds),
        _cross_fitted_margin(SVC(C=SUPPORT_STRENGTH), pictures.features, is_mlo, folds),
    ]
    total = np.sum([margin / max(float(margin.std()), 1e-9) for margin in margins], axis=0)
    return np.asarray(total / max(float(total.std()), 1e-9))


def coarse_pictures(thumbnails: np.ndarray) -> np.ndarray:
    """Return images reduced to 16 x 16 cells, relative to the breast's mean.

    Args:
        thumbnails: uint8 (n, 64, 64); 0 is background.

    Returns:
        float32 (n, 256).
    """
    size = thumbnails.shape[1] // CELLS
    cells = thumbnails.reshape(len(thumbnails), CELLS, size, CELLS, size).mean(axis=(2, 4), dtype=np.float32)
    breast = np.array([np.count_nonzero(image) for image in thumbnails])
    mean = thumbnails.sum(axis=(1, 2), dtype=np.float32) / np.maximum(breast, 1)
    return np.asarray(cells.reshape(len(thumbnails), -1) / np.maximum(mean, 1)[:, np.newaxis], np.float32)


def _cross_fitted_margin(
    classifier: LogisticRegression | SVC, features: np.ndarray, is_mlo: np.ndarray, folds: Sequence[Fold]
) -> np.ndarray:
    """Return the decision function of each image.

    The classifier was fitted to other groups.
    """
    margin = np.empty(len(is_mlo))
    generator = np.random.default_rng(0)
    for rest, part in folds:
        fitted = generator.permutation(rest)[:MAX_FITTED]
        model: Pipeline = make_pipeline(StandardScaler(), classifier)
        model.fit(features[fitted], is_mlo[fitted])
        margin[part] = model.decision_function(features[part])
    return margin


def _fit_curve(margin: np.ndarray, sign: np.ndarray) -> tuple[float, float, float]:
    """Fit a logistic curve: its slope and offset, and the share of wrong signs."""

    def loss(parameters: np.ndarray) -> float:
        slope, offset, share = _curve(parameters)
        right = expit(sign * (slope * margin + offset))
        likelihood = (1 - share) * right + share * (1 - right)
        return float(-np.log(np.maximum(likelihood, 1e-300)).sum() + STEEP * slope**2)

    fitted = minimize(loss, np.array([1.0, 0.0, -3.0]), method="Nelder-Mead", options={"maxiter": 2000})
    return _curve(fitted.x)


def _curve(parameters: np.ndarray) -> tuple[float, float, float]:
    """Return a positive slope, the offset and a share below one half."""
    return (
        float(np.exp(parameters[0])),
        float(parameters[1]),
        float(np.clip(expit(parameters[2]) / 2, LEAST_WRONG, 0.49)),
    )
