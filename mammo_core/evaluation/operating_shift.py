"""Compare what a threshold does at home with what it does elsewhere."""

import math
from typing import get_args

from mammo_core.documents.estimate import Estimate
from mammo_core.documents.report import UnitReport
from mammo_core.documents.store_evaluation import ShareShift, ShiftedShare
from mammo_core.errors import ConfigError

MEASURES: tuple[ShiftedShare, ...] = get_args(ShiftedShare)


def operating_shift(home: UnitReport, elsewhere: UnitReport) -> tuple[ShareShift, ...]:
    """Return the shares of an operating point on two sets of patients.

    Args:
        home: the report on the model's own held-out patients.
        elsewhere: the report on others, at the same threshold.

    Raises:
        ConfigError: the reports are at different thresholds.
    """
    if home.operating_point.threshold != elsewhere.operating_point.threshold:
        raise ConfigError("Operating points can only be compared at the same threshold. Evaluate both again.")
    first, second = home.operating_point_intervals.by_name(), elsewhere.operating_point_intervals.by_name()
    return tuple(
        ShareShift(
            measure=name, home=first[name], elsewhere=second[name], difference=difference(first[name], second[name])
        )
        for name in MEASURES
    )


def difference(home: Estimate, elsewhere: Estimate) -> Estimate:
    """Return the difference of two independent shares, elsewhere minus home.

    Its interval joins both score intervals (Newcombe 1998, method 10).

    Args:
        home: with its score interval, or without where there are too few patients.
        elsewhere: likewise.
    """
    if home.value is None or elsewhere.value is None:
        return Estimate(value=None)
    value = elsewhere.value - home.value
    if home.low is None or home.high is None or elsewhere.low is None or elsewhere.high is None:
        return Estimate(value=value)
    return Estimate(
        value=value,
        low=value - math.hypot(elsewhere.value - elsewhere.low, home.high - home.value),
        high=value + math.hypot(elsewhere.high - elsewhere.value, home.value - home.low),
    )
