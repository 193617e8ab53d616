"""Compute metrics of one table, or of thousands of resamples at once.

Units are ranked once by their score. A sample holds how often each unit was drawn. Weights of 1 give the plain metric,
equal to scikit-learn's where it has one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

FALSE_POSITIVE_LIMIT = 0.10  # of the partial AUC and of the sensitivity at 90 % specificity


@dataclass(frozen=True)
class Sample:
    """A batch of b samples of ranked units.

    Attributes:
        ranking: the units that were drawn from.
        weights: how often each unit was drawn, float64 (b, n).
    """

    ranking: "Ranking"
    weights: np.ndarray

    @cached_property
    def positive(self) -> np.ndarray:
        """Positives in each bin of the ranking, (b, k)."""
        return (self.ranking.positive_bins @ self.weights.T).T

    @cached_property
    def negative(self) -> np.ndarray:
        """Negatives in each bin of the ranking, (b, k)."""
        return (self.ranking.negative_bins @ self.weights.T).T

    @cached_property
    def true_positives(self) -> np.ndarray:
        """True positives with a threshold at each bin, (b, k)."""
        return np.cumsum(self.positive, axis=1)

    @cached_property
    def false_positives(self) -> np.ndarray:
        """False positives with a threshold at each bin, (b, k)."""
        return np.cumsum(self.negative, axis=1)

    @property
    def positives(self) -> np.ndarray:
        """Number of positives, (b, 1)."""
        return self.true_positives[:, -1:]

    @property
    def negatives(self) -> np.ndarray:
        """Number of negatives, (b, 1)."""
        return self.false_positives[:, -1:]

    def total(self, values: np.ndarray) -> np.ndarray:
        """Return the sum of a value of each unit, (n,), over the units drawn, (b,)."""
        return self.weights @ values.astype(np.float64)


Metric = Callable[[Sample], np.ndarray]


class Ranking:
    """Units binned by their scores into k bins, from the highest score to the lowest.

    Each distinct score of a positive is a bin, and all scores of negatives only between two of them share one. No rank
    metric changes, and there are far fewer bins than units.

    Args:
        labels: 0 or 1, (n,).
        scores: higher means more likely positive, (n,).
    """

    def __init__(self, labels: npt.ArrayLike, scores: npt.ArrayLike) -> None:
        self.labels, self.scores = np.asarray(labels) == 1, np.asarray(scores, np.float64)
        order = np.argsort(-self.scores, kind="stable")
        distinct = np.cumsum(np.r_[False, np.diff(self.scores[order]) != 0])  # index of the distinct score, (n,)
        has_positive = np.bincount(distinct, self.labels[order]) > 0
        starts = has_positive | np.r_[True, has_positive[:-1]]
        bin_index = np.empty(len(order), np.int64)
        bin_index[order] = (np.cumsum(starts) - 1)[distinct]
        self.thresholds = np.full(bin_index.max() + 1, np.inf)  # lowest score of each bin, (k,)
        np.minimum.at(self.thresholds, bin_index, self.scores)
        self.positive_bins, self.negative_bins = (  # sparse (k, n)
            sparse.csr_array(
                (mask.astype(np.float64), (bin_index, np.arange(len(bin_index)))),
                shape=(len(self.thresholds), len(bin_index)),
            )
            for mask in (self.labels, ~self.labels)
        )

    def value(self, metric: Metric) -> float:
        """Return a metric of the units themselves."""
        return float(metric(Sample(self, np.ones((1, len(self.labels)))))[0])


def auc(sample: Sample) -> np.ndarray:
    """Return the area under the ROC curve of each sample, (b,).

    NaN where a sample has one class only.
    """
    above = sample.true_positives - sample.positive / 2
    return _divide((sample.negative * above).sum(axis=1), (sample.negatives * sample.positives)[:, 0])


def partial_auc(sample: Sample) -> np.ndarray:
    """Return the area under the ROC curve where specificity is at least 90 %, (b,).

    It is scaled so that 0.5 is chance and 1 is perfect (McClish 1989).
    """
    first = np.zeros((len(sample.positive), 1))
    sensitivity = np.hstack([first, _divide(sample.true_positives, sample.positives)])
    false_positive_rate = np.hstack([first, _divide(sample.false_positives, sample.negatives)])
    width = np.diff(false_positive_rate, axis=1)
    inside = np.clip(_divide(FALSE_POSITIVE_LIMIT - false_positive_rate[:, :-1], width, default=0.0), 0, 1)
    area = (inside * width * (sensitivity[:, :-1] + inside * np.diff(sensitivity, axis=1) / 2)).sum(axis=1)
    chance = FALSE_POSITIVE_LIMIT**2 / 2
    return 0.5 * (1 + (area - chance) / (FALSE_POSITIVE_LIMIT - chance))


def average_precision(sample: Sample) -> np.ndarray:
    """Return the average precision of each sample, (b,); NaN without positives."""
    precision = _divide(sample.true_positives, sample.true_positives + sample.false_positives, default=0.0)
    return _divide((sample.positive * precision).sum(axis=1), sample.positives[:, 0])


def sensitivity_at_90_specificity(sample: Sample) -> np.ndarray:
    """Return the highest sensitivity with at least 90 % specificity, (b,).

    NaN where a sample has one class only.
    """
    return sensitivity_at_specificity(1 - FALSE_POSITIVE_LIMIT)(sample)


def sensitivity_at_specificity(specificity: float) -> Metric:
    """Return the metric: the highest sensitivity with at least this specificity.

    It is NaN where a sample has one class only.

    Args:
        specificity: in [0, 1].
    """

    def metric(sample: Sample) -> np.ndarray:
        sensitivity = _divide(sample.true_positives, sample.positives)
        false_positive_rate = _divide(sample.false_positives, sample.negatives)
        best = np.where(false_positive_rate <= 1 - specificity + 1e-12, sensitivity, 0.0).max(axis=1)
        return np.where(np.isnan(sensitivity[:, -1] + false_positive_rate[:, -1]), np.nan, best)

    return metric


def brier(sample: Sample) -> np.ndarray:
    """Return the mean squared error of scores that are probabilities, (b,) in [0, 1]."""
    ranking = sample.ranking
    return sample.total((ranking.scores - ranking.labels) ** 2) / sample.weights.sum(axis=1)


def pf1(sample: Sample) -> np.ndarray:
    """Return the RSNA competition's probabilistic F1, (b,).

    pTP and pFP are the sums of the probabilities, clipped to [0, 1], over positives and negatives; pPrecision = pTP / (pTP +
    pFP), pRecall = pTP / positives; the result is their harmonic mean, 0 without a true
    positive.
    """
    ranking = sample.ranking
    probability = np.clip(ranking.scores, 0, 1)
    return _divide(
        2 * sample.total(probability * ranking.labels),
        sample.total(probability) + sample.total(ranking.labels),
        default=0.0,
    )


def best_pf1(sample: Sample) -> np.ndarray:
    """Return the highest pF1 of decisions (0 or 1) at any threshold, (b,)."""
    return _f1(sample).max(axis=1)


def best_threshold(sample: Sample) -> np.ndarray:
    """Return the threshold of the best pF1, (b,)."""
    return sample.ranking.thresholds[_f1(sample).argmax(axis=1)]


def operating_figures(threshold: float) -> dict[str, Metric]:
    """Return the metrics at a threshold; a unit whose score reaches it is recalled.

    Returns:
        sensitivity, specificity, recall_rate, ppv and pf1 of the decisions, by name; NaN where there is nothing to divide
        by.
    """

    def recalled(sample: Sample) -> np.ndarray:
        return sample.total(sample.ranking.scores >= threshold)

    def detected(sample: Sample) -> np.ndarray:
        return sample.total((sample.ranking.scores >= threshold) & sample.ranking.labels)

    def sensitivity(sample: Sample) -> np.ndarray:
        return _divide(detected(sample), sample.positives[:, 0])

    def specificity(sample: Sample) -> np.ndarray:
        return 1 - _divide(recalled(sample) - detected(sample), sample.negatives[:, 0])

    def recall_rate(sample: Sample) -> np.ndarray:
        return recalled(sample) / sample.weights.sum(axis=1)

    def ppv(sample: Sample) -> np.ndarray:
        return _divide(detected(sample), recalled(sample))

    def decided_pf1(sample: Sample) -> np.ndarray:
        return _divide(2 * detected(sample), recalled(sample) + sample.positives[:, 0], default=0.0)

    return {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "recall_rate": recall_rate,
        "ppv": ppv,
        "pf1": decided_pf1,
    }


def _f1(sample: Sample) -> np.ndarray:
    return _divide(
        2 * sample.true_positives, sample.true_positives + sample.false_positives + sample.positives, default=0.0
    )


def _divide(part: np.ndarray, total: np.ndarray, default: float = np.nan) -> np.ndarray:
    """Divide element by element, with `default` where the divisor is 0."""
    part, total = np.broadcast_arrays(part, total)
    return np.divide(part, total, out=np.full(part.shape, default), where=total != 0)
