"""Compute confidence intervals where there are enough patients for them.

- Below `MIN_PATIENTS` patients of either label there is no interval, and no verdict.
- A proportion (sensitivity, specificity, recall rate, PPV, hit rate) gets Wilson's score interval (1927). The bootstrap has
  no spread where all units, or none, are hits: 5 of 5 would be 100 % without any doubt.
- All other figures get the percentile interval of the bootstrap over patients. Where a perfect or perfectly wrong ranking
  leaves the bootstrap without spread, the AUC gets Newcombe's score interval (2006), and the others have none.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq

from mammo_core.documents.estimate import Estimate, Z, score_interval
from mammo_core.documents.units import Unit
from mammo_core.evaluation.bootstrap import estimate

# Patients of each label that an interval and a verdict need. With 5, fewer than 1 % (e^-5) of the resamples of patients lack
# a label, and the end of a percentile interval is more than one patient drawn again and again (5^-5 of the resamples; with 3
# it is 4 %, more than the 2.5 % beyond each end). A perfect ranking of 5 and 5 has p = 0.008, one of 3 and 3 only 0.1.
MIN_PATIENTS = 5
Interval = tuple[float | None, float | None]
NO_INTERVAL: Interval = (None, None)


def patients_by_label(units: pd.DataFrame) -> tuple[int, int]:
    """Return the numbers of patients with a negative unit and with a positive one.

    Args:
        units: one row per unit, with patient_id and label.
    """
    counts = units.groupby("label")["patient_id"].nunique()
    return int(counts.get(0, 0)), int(counts.get(1, 0))


def describe_too_few(units: pd.DataFrame, unit: Unit) -> str | None:
    """State why there is neither verdict nor interval; None if the patients suffice.

    Args:
        units: one row per unit, with patient_id and label.
        unit: what is counted.
    """
    negative, positive = patients_by_label(units)
    if min(negative, positive) >= MIN_PATIENTS:
        return None
    counted = f"{positive:,} with a positive {unit} and {negative:,} with a negative one"
    if unit == "patient":
        counted = f"{positive:,} positive and {negative:,} negative"
    return f"Too few patients for a verdict: {counted}; at least {MIN_PATIENTS} of each are needed."


def rank_estimate(units: pd.DataFrame, value: float, resampled: np.ndarray, *, is_auc: bool = False) -> Estimate:
    """Return a figure of ranked units with its interval.

    Args:
        units: one row per unit, with patient_id and label.
        value: the figure.
        resampled: the figure on bootstrap resamples of patients, (resamples,).
        is_auc: whether it is an AUC, which has a score interval where the bootstrap has no spread.
    """
    negative, positive = patients_by_label(units)
    if min(negative, positive) < MIN_PATIENTS:
        return estimate(value, np.array([]))
    figure = estimate(value, resampled)
    if figure.value not in (0.0, 1.0) or figure.low != figure.high:
        return figure
    low, high = newcombe(value, negative, positive) if is_auc else NO_INTERVAL
    return Estimate(value=value, low=low, high=high)


def gain_estimate(units: pd.DataFrame, value: float, resampled: np.ndarray) -> Estimate:
    """Return a difference between two figures with its bootstrap interval.

    The arguments are those of `rank_estimate`.
    """
    return estimate(value, resampled if min(patients_by_label(units)) >= MIN_PATIENTS else np.array([]))


def share_estimate(patients: npt.ArrayLike, hits: npt.ArrayLike) -> Estimate:
    """Return a proportion with its interval.

    Args:
        patients: the patient of each unit that counts, (n,).
        hits: whether it is a hit, (n,).

    Returns:
        No value without units; no interval with fewer than `MIN_PATIENTS` patients.
    """
    codes, hit = np.unique(np.asarray(patients), return_inverse=True)[1], np.asarray(hits, float)
    if not len(hit):
        return Estimate(value=None)
    low, high = wilson(codes, hit) if codes.max() + 1 >= MIN_PATIENTS else NO_INTERVAL
    return Estimate(value=float(hit.mean()), low=low, high=high)


def wilson(patients: np.ndarray, hits: np.ndarray) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a proportion r among units of patients.

    Its sample size is the effective one, r (1 - r) / v, where v is the linearised variance of r over patients; at most the
    number of units. With one unit per patient it is Wilson's original interval. Where r is 0 or 1, v is 0 and the number of
    patients is used.

    Args:
        patients: the index of each unit's patient, int (n,).
        hits: 0 or 1, float (n,).
    """
    share, count = float(hits.mean()), len(hits)
    deviations = np.bincount(patients, hits - share)  # of the hits of each patient from those expected
    variance = float((deviations**2).sum()) / count**2
    effective = min(share * (1 - share) / variance, count) if 0 < share < 1 and variance else count
    if share in (0.0, 1.0):
        effective = int(patients.max()) + 1
    low, high = score_interval(share, effective)
    return float(low), float(high)


def newcombe(auc: float, negatives: int, positives: int) -> tuple[float, float]:
    """Return the 95 % score interval of an AUC of 0 or 1 (Newcombe 2006, method 5).

    Its bounds are the AUC t with (auc - t)² = z² V(t), where V is Hanley and McNeil's variance (1982) with both numbers
    replaced by their mean in its numerator.

    Args:
        auc: 0 or 1.
        negatives: number of patients with a negative unit.
        positives: number of patients with a positive unit.
    """
    mean = (negatives + positives) / 2

    def excess(distance: float) -> float:
        other = 1 - distance  # V is the same at t and 1 - t
        spread = 1 + (mean - 1) * (distance / (1 + distance) + other / (2 - distance))
        return distance - Z**2 * other * spread / (negatives * positives)  # divided by the distance, a solution itself

    reach = float(brentq(excess, 0.0, 1.0))
    return (1 - reach, 1.0) if auc == 1 else (0.0, reach)
