"""A number with its 95 % confidence interval."""

import numpy as np

from mammo_core.documents.base import Document

Z = 1.959963984540054  # of a two-sided 95 % interval


class Estimate(Document):
    """A value and its 95 % confidence interval; None where one is not defined.

    There is no interval with too few patients, see `mammo_core.evaluation.intervals`.

    Attributes:
        value: the estimate.
        low: lower bound of the interval.
        high: upper bound of the interval.
    """

    value: float | None
    low: float | None = None
    high: float | None = None


def score_interval(share: np.ndarray | float, size: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Return the bounds of Wilson's 95 % score interval (1927) of proportions.

    `explore` and `evaluation`, which do not import each other, use it, so it is in the room below both.

    Args:
        share: in [0, 1].
        size: of the sample, above 0; it need not be a whole number.
    """
    share, size = np.asarray(share, float), np.asarray(size, float)
    centre = (share + Z**2 / (2 * size)) / (1 + Z**2 / size)
    reach = Z / (1 + Z**2 / size) * np.sqrt(share * (1 - share) / size + Z**2 / (4 * size**2))
    return np.where(share == 0, 0.0, centre - reach), np.where(share == 1, 1.0, centre + reach)
