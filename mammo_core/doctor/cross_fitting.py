"""Predict each patient's images by a classifier that was fitted to other patients."""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDS = 5
MAX_FITTED = (
    8_000  # images of each fold, so that the largest store takes a minute; all of the rarer class are among them
)


Fold = tuple[np.ndarray, np.ndarray]  # rows to which a classifier is fitted, and those that it predicts


def divide(labels: np.ndarray, groups: np.ndarray) -> list[Fold]:
    """Divide images into folds with about the same share of each label.

    Of many groups this takes seconds, so classifiers that are compared share the folds.

    Args:
        labels: int (n,), 0 or 1.
        groups: (n,), such as patients: one group is never on both sides.
    """
    return list(StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0).split(labels, labels, groups))


def cross_fitted(
    features: np.ndarray, labels: np.ndarray, folds: Sequence[Fold], strength: float, *, balanced: bool = False
) -> np.ndarray:
    """Return the probability of label 1 of each image.

    Args:
        features: float32 (n, c).
        labels: int (n,), 0 or 1.
        folds: of the images, see `divide`.
        strength: inverse of the regularisation of the logistic regression.
        balanced: whether both labels weigh the same.

    Returns:
        float64 (n,).
    """
    probability = np.empty(len(labels))
    generator = np.random.default_rng(0)
    for rest, part in folds:
        fitted = _sample(rest, labels, generator)
        model = make_pipeline(
            StandardScaler(),
            LogisticRegression(C=strength, class_weight="balanced" if balanced else None, max_iter=500),
        )
        model.fit(features[fitted], labels[fitted])
        probability[part] = model.predict_proba(features[part])[:, 1]
    return probability


def _sample(rows: np.ndarray, labels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return at most `MAX_FITTED` of some rows, those of the rarer label first."""
    if len(rows) <= MAX_FITTED:
        return rows
    rare = int(labels[rows].mean() < 0.5)
    few, many = rows[labels[rows] == rare], rows[labels[rows] != rare]
    few = generator.permutation(few)[: MAX_FITTED // 2]
    return np.concatenate([few, generator.permutation(many)[: MAX_FITTED - len(few)]])
