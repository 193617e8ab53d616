"""Metrics of one table and, by the same formulae, of thousands of bootstrap resamples at once.

Units are ranked once by their score. A sample says how often each unit was drawn. Weights of one give the plain metric,
equal to scikit-learn's where it has one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

RESAMPLES = 2000
BLOCK = 64  # resamples at a time, so that memory stays flat
LEVEL = 0.95
FALSE_POSITIVE_LIMIT = 0.10  # of the partial AUC and of the sensitivity at 90 % specificity


@dataclass(frozen=True)
class Sample:
    """b samples of a ranking.

    Attributes:
        ranking: what was drawn from.
        weights: how often each unit was drawn, float64 (b, n).
    """

    ranking: "Ranking"
    weights: np.ndarray

    @cached_property
    def positive(self) -> np.ndarray:
        """Positives in each step of the ranking, (b, k)."""
        return (self.ranking.positive_steps @ self.weights.T).T

    @cached_property
    def negative(self) -> np.ndarray:
        """Negatives in each step of the ranking, (b, k)."""
        return (self.ranking.negative_steps @ self.weights.T).T

    @cached_property
    def hits(self) -> np.ndarray:
        """Positives at or above each step, (b, k)."""
        return np.cumsum(self.positive, axis=1)

    @cached_property
    def alarms(self) -> np.ndarray:
        """Negatives at or above each step, (b, k)."""
        return np.cumsum(self.negative, axis=1)

    @property
    def positives(self) -> np.ndarray:
        """All positives, (b, 1)."""
        return self.hits[:, -1:]

    @property
    def negatives(self) -> np.ndarray:
        """All negatives, (b, 1)."""
        return self.alarms[:, -1:]

    def total(self, values: np.ndarray) -> np.ndarray:
        """Return the sum over the units drawn of a value that each unit has, (b,)."""
        return self.weights @ values.astype(np.float64)


Metric = Callable[[Sample], np.ndarray]


class Ranking:
    """Units in the order of their scores, in k steps from the highest to the lowest.

    A score that a positive has is a step. Scores between two of these, that negatives alone have, are one step together: no
    metric can tell them apart, and positives are few.

    Args:
        labels: 0 or 1, (n,).
        scores: higher means more likely positive, (n,).
    """

    def __init__(self, labels: npt.ArrayLike, scores: npt.ArrayLike) -> None:
        self.labels, self.scores = np.asarray(labels) == 1, np.asarray(scores, np.float64)
        order = np.argsort(-self.scores, kind="stable")
        value = np.cumsum(np.r_[False, np.diff(self.scores[order]) != 0])  # which distinct score, (n,)
        has_positive = np.bincount(value, self.labels[order]) > 0
        starts = has_positive | np.r_[True, has_positive[:-1]]
        step = np.empty(len(order), np.int64)
        step[order] = (np.cumsum(starts) - 1)[value]
        self.steps = np.full(step.max() + 1, np.inf)  # lowest score of each step, (k,)
        np.minimum.at(self.steps, step, self.scores)
        self.positive_steps, self.negative_steps = (
            sparse.csr_array(
                (mask.astype(np.float64), (step, np.arange(len(step)))), shape=(len(self.steps), len(step))
            )
            for mask in (self.labels, ~self.labels)
        )

    def value(self, metric: Metric) -> float:
        """Return a metric of the units themselves."""
        return float(metric(Sample(self, np.ones((1, len(self.labels)))))[0])


def auc(sample: Sample) -> np.ndarray:
    """Return the area under the ROC curve of each sample, (b,); NaN where a sample has one class only."""
    above = sample.hits - sample.positive / 2
    return _divide((sample.negative * above).sum(axis=1), (sample.negatives * sample.positives)[:, 0])


def partial_auc(sample: Sample) -> np.ndarray:
    """Return the area under the ROC curve where specificity is 90 % or more, scaled to 0.5 for chance and 1 (McClish 1989)."""
    first = np.zeros((len(sample.positive), 1))
    found = np.hstack([first, _divide(sample.hits, sample.positives)])
    alarmed = np.hstack([first, _divide(sample.alarms, sample.negatives)])
    width = np.diff(alarmed, axis=1)
    inside = np.clip(_divide(FALSE_POSITIVE_LIMIT - alarmed[:, :-1], width, default=0.0), 0, 1)
    area = (inside * width * (found[:, :-1] + inside * np.diff(found, axis=1) / 2)).sum(axis=1)
    chance = FALSE_POSITIVE_LIMIT**2 / 2
    return 0.5 * (1 + (area - chance) / (FALSE_POSITIVE_LIMIT - chance))


def average_precision(sample: Sample) -> np.ndarray:
    """Return the average precision of each sample, (b,); NaN without positives."""
    precision = _divide(sample.hits, sample.hits + sample.alarms, default=0.0)
    return _divide((sample.positive * precision).sum(axis=1), sample.positives[:, 0])


def sensitivity_at_90_specificity(sample: Sample) -> np.ndarray:
    """Return the highest sensitivity with at least 90 % specificity, (b,); NaN where a sample has one class only."""
    found, alarmed = _divide(sample.hits, sample.positives), _divide(sample.alarms, sample.negatives)
    best = np.where(alarmed <= FALSE_POSITIVE_LIMIT + 1e-12, found, 0.0).max(axis=1)
    return np.where(np.isnan(found[:, -1] + alarmed[:, -1]), np.nan, best)


def brier(sample: Sample) -> np.ndarray:
    """Return the mean squared error of scores that are probabilities, (b,) in [0, 1]."""
    ranking = sample.ranking
    return sample.total((ranking.scores - ranking.labels) ** 2) / sample.weights.sum(axis=1)


def pf1(sample: Sample) -> np.ndarray:
    """Return the RSNA competition's probabilistic F1, (b,).

    pTP and pFP are the sums of the probabilities, clipped to [0, 1], over positives and negatives; pPrecision = pTP / (pTP +
    pFP), pRecall = pTP / positives; the result is their harmonic mean, 0 without a hit.
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
    return sample.ranking.steps[_f1(sample).argmax(axis=1)]


def operating_figures(threshold: float) -> dict[str, Metric]:
    """Return the metrics of an operating point: a unit whose score reaches the threshold is recalled.

    Returns:
        sensitivity, specificity, recall_rate, ppv and pf1 of the decisions; NaN where there is nothing to divide by.
    """

    def recalled(sample: Sample) -> np.ndarray:
        return sample.total(sample.ranking.scores >= threshold)

    def caught(sample: Sample) -> np.ndarray:
        return sample.total((sample.ranking.scores >= threshold) & sample.ranking.labels)

    def sensitivity(sample: Sample) -> np.ndarray:
        return _divide(caught(sample), sample.positives[:, 0])

    def specificity(sample: Sample) -> np.ndarray:
        return 1 - _divide(recalled(sample) - caught(sample), sample.negatives[:, 0])

    def recall_rate(sample: Sample) -> np.ndarray:
        return recalled(sample) / sample.weights.sum(axis=1)

    def ppv(sample: Sample) -> np.ndarray:
        return _divide(caught(sample), recalled(sample))

    def decided_pf1(sample: Sample) -> np.ndarray:
        return _divide(2 * caught(sample), recalled(sample) + sample.positives[:, 0], default=0.0)

    return {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "recall_rate": recall_rate,
        "ppv": ppv,
        "pf1": decided_pf1,
    }


def bootstrap(
    patients: npt.ArrayLike,
    figures: dict[str, tuple[Ranking, Metric]],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Draw patients with replacement and compute metrics on each draw.

    Args:
        patients: the patient of each unit, (n,): all units of a patient are drawn together.
        figures: a ranking of the same n units and a metric, by name; all see the same draws, so that differences between
            them are paired.
        resamples: how many draws.
        seed: of the draws.

    Returns:
        The values of each figure, (resamples,).
    """
    _, index = np.unique(np.asarray(patients), return_inverse=True)
    count = int(index.max()) + 1
    generator = np.random.default_rng(seed)
    values: dict[str, list[np.ndarray]] = {name: [] for name in figures}
    for start in range(0, resamples, BLOCK):
        draws = [generator.integers(count, size=count) for _ in range(min(BLOCK, resamples - start))]
        weights = np.stack([np.bincount(draw, minlength=count) for draw in draws])[:, index].astype(np.float64)
        samples = {ranking: Sample(ranking, weights) for ranking, _ in figures.values()}
        for name, (ranking, metric) in figures.items():
            values[name].append(metric(samples[ranking]))
    return {name: np.concatenate(parts) for name, parts in values.items()}


def interval(values: np.ndarray) -> tuple[float | None, float | None]:
    """Return the percentile interval of `LEVEL`; draws without a value (NaN) are left out."""
    known = values[~np.isnan(values)]
    if known.size == 0:
        return None, None
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def with_interval(value: float, samples: np.ndarray) -> dict[str, float | None]:
    """Return {value, low, high}; None for what isn't defined."""
    low, high = interval(samples)
    return {"value": None if np.isnan(value) else value, "low": low, "high": high}


def _f1(sample: Sample) -> np.ndarray:
    return _divide(2 * sample.hits, sample.hits + sample.alarms + sample.positives, default=0.0)


def _divide(part: np.ndarray, total: np.ndarray, default: float = np.nan) -> np.ndarray:
    """Divide; `default` where the divisor is 0."""
    part, total = np.broadcast_arrays(part, total)
    return np.divide(part, total, out=np.full(part.shape, default), where=total != 0)
