"""Metrics for one table and, by the same formulae, for thousands of bootstrap resamples at once.

Every metric takes labels (n,), probabilities (n,) and weights (b, n): how often each unit stands in each of b samples.
Weights of one give the plain metric, equal to scikit-learn's.
"""

from collections.abc import Callable

import numpy as np

Metric = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

RESAMPLES = 2000
BLOCK = 64  # resamples at a time, so that memory stays flat
LEVEL = 0.95


def _counts(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weight of positives and of negatives at each distinct probability, highest first, (b, k) each."""
    order = np.argsort(-probabilities, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(probabilities[order]) != 0])
    ordered = weights[:, order]
    positive = labels[order] == 1
    return (
        np.add.reduceat(ordered * positive, starts, axis=1),
        np.add.reduceat(ordered * ~positive, starts, axis=1),
    )


def auc(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the area under the ROC curve of each sample, (b,); NaN where a sample has one class only."""
    positive, negative = _counts(labels, probabilities, weights)
    above = np.cumsum(positive, axis=1) - positive / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return (negative * above).sum(axis=1) / (negative.sum(axis=1) * positive.sum(axis=1))


def average_precision(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the average precision of each sample, (b,); NaN without positives."""
    positive, negative = _counts(labels, probabilities, weights)
    hits, alarms = np.cumsum(positive, axis=1), np.cumsum(negative, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(hits + alarms > 0, hits / (hits + alarms), 0.0)
        return (positive * precision).sum(axis=1) / positive.sum(axis=1)


def sensitivity_at_90_specificity(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return the highest sensitivity with at least 90 % specificity, (b,); NaN where a sample has one class only."""
    positive, negative = _counts(labels, probabilities, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.cumsum(positive, axis=1) / positive.sum(axis=1, keepdims=True)
        alarms = np.cumsum(negative, axis=1) / negative.sum(axis=1, keepdims=True)
    best = np.where(alarms <= 0.1 + 1e-12, found, 0.0).max(axis=1)
    return np.where(np.isnan(found).any(axis=1) | np.isnan(alarms).any(axis=1), np.nan, best)


def brier(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the mean squared error of the probabilities, (b,) in [0, 1]."""
    return (weights * (probabilities - labels) ** 2).sum(axis=1) / weights.sum(axis=1)


def pf1(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the RSNA competition's probabilistic F1.

    pTP and pFP are the sums of the probabilities over positives and negatives; pPrecision = pTP / (pTP + pFP),
    pRecall = pTP / positives; the result is their harmonic mean.

    Args:
        labels: 0 or 1, (n,).
        probabilities: (n,); clipped to [0, 1].
    """
    p = np.clip(probabilities, 0, 1)
    hits, alarms, positives = p[labels == 1].sum(), p[labels == 0].sum(), (labels == 1).sum()
    if hits == 0 or positives == 0:
        return 0.0
    precision, recall = hits / (hits + alarms), hits / positives
    return float(2 * precision * recall / (precision + recall))


def best_pf1(labels: np.ndarray, probabilities: np.ndarray) -> tuple[float, float]:
    """Return the highest pF1 of decisions (0 or 1) at any threshold, and that threshold."""
    weights = np.ones((1, len(labels)))
    positive, negative = (counts[0] for counts in _counts(labels, probabilities, weights))
    hits, alarms = np.cumsum(positive), np.cumsum(negative)
    scores = 2 * hits / (hits + alarms + positive.sum())  # F1 of decisions, which pF1 then is
    chosen = int(np.argmax(scores))
    return float(scores[chosen]), float(np.unique(probabilities)[::-1][chosen])


def bootstrap(
    patients: np.ndarray,
    metrics: dict[str, Callable[[np.ndarray], np.ndarray]],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Draw patients with replacement and compute metrics on each draw.

    Args:
        patients: the patient of each unit, (n,): all units of a patient are drawn together.
        metrics: functions of weights (b, n) that give (b,).
        resamples: how many draws.
        seed: of the draws.

    Returns:
        The values of each metric, (resamples,).
    """
    _, index = np.unique(patients, return_inverse=True)
    count = int(index.max()) + 1
    generator = np.random.default_rng(seed)
    values: dict[str, list[np.ndarray]] = {name: [] for name in metrics}
    for start in range(0, resamples, BLOCK):
        draws = generator.multinomial(count, np.full(count, 1 / count), size=min(BLOCK, resamples - start))
        weights = draws[:, index].astype(np.float64)
        for name, metric in metrics.items():
            values[name].append(metric(weights))
    return {name: np.concatenate(parts) for name, parts in values.items()}


def interval(values: np.ndarray) -> tuple[float | None, float | None]:
    """Return the percentile interval of `LEVEL`; draws without a value (NaN) are left out."""
    known = values[~np.isnan(values)]
    if known.size == 0:
        return None, None
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
