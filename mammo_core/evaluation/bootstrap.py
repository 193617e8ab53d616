"""Compute confidence intervals by bootstrap over patients.

All units of a patient are drawn together.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from mammo_core.documents.estimate import Estimate
from mammo_core.evaluation.metrics import Metric, Ranking, Sample

RESAMPLES = 2000
BLOCK = 64  # resamples at a time, so that memory stays flat
LEVEL = 0.95


def resample_weights(patients: npt.ArrayLike, resamples: int = RESAMPLES, seed: int = 0) -> Iterator[np.ndarray]:
    """Draw patients with replacement and yield how often each unit was drawn.

    Args:
        patients: the patient of each unit, (n,).
        resamples: how many draws.
        seed: of the draws.

    Yields:
        Blocks of draws, float64 (b, n), b at most `BLOCK`.
    """
    _, index = np.unique(np.asarray(patients), return_inverse=True)
    count = int(index.max()) + 1
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, BLOCK):
        draws = [generator.integers(count, size=count) for _ in range(min(BLOCK, resamples - start))]
        yield np.stack([np.bincount(draw, minlength=count) for draw in draws])[:, index].astype(np.float64)


def bootstrap(
    patients: npt.ArrayLike,
    figures: Mapping[str, tuple[Ranking, Metric]],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Compute metrics on bootstrap resamples of patients.

    Args:
        patients: the patient of each unit, (n,).
        figures: a ranking of the same n units and a metric, by name. All use the same draws, so that differences between
            them are paired.
        resamples: how many draws.
        seed: of the draws.

    Returns:
        The values of each figure, float64 (resamples,).
    """
    values: dict[str, list[np.ndarray]] = {name: [] for name in figures}
    for weights in resample_weights(patients, resamples, seed):
        samples = {ranking: Sample(ranking, weights) for ranking, _ in figures.values()}
        for name, (ranking, metric) in figures.items():
            values[name].append(metric(samples[ranking]))
    return {name: np.concatenate(parts) for name, parts in values.items()}


def interval(values: np.ndarray) -> tuple[float | None, float | None]:
    """Return the percentile interval of `LEVEL`.

    Resamples without a value (NaN) are left out; without any value both bounds are None.
    """
    known = values[~np.isnan(values)]
    if known.size == 0:
        return None, None
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def estimate(value: float, resampled: np.ndarray) -> Estimate:
    """Return a value with the percentile interval of its resamples.

    A value or bound that is not defined (NaN) is None.
    """
    low, high = interval(resampled)
    return Estimate(value=None if np.isnan(value) else value, low=low, high=high)
