"""A number with its 95 % confidence interval."""

from mammo_core.documents.base import Document


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
