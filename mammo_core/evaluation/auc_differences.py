"""Compare the AUC of a group of units with that of all others.

The variance is DeLong's (1988) for units that belong to patients (Obuchowski 1997): each patient's contribution to both AUCs is
one number, so a patient with units in the group and outside of it counts as one. It takes no resampling, so that hundreds of
groups can be compared.

The p value is a score test's: its variance is about the AUC that both have in common if they don't differ. A small group that
is ranked almost perfectly shows too little variance about its own AUC, so that groups by chance would differ too often.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata, t

from mammo_core.documents.estimate import Estimate
from mammo_core.evaluation.bootstrap import LEVEL
from mammo_core.evaluation.intervals import patients_by_label


def compare_with_rest(units: pd.DataFrame, inside: np.ndarray) -> tuple[Estimate, float | None]:
    """Return the AUC of a group minus that of all other units, and its p value.

    Args:
        units: one row per unit, with patient_id, label and probability; group and rest both hold both labels, each from two
            patients or more.
        inside: whether a unit belongs to the group, bool (n,).

    Returns:
        The difference with its 95 % interval, and the two-sided p value in [0, 1]. Both follow Student's t with as many degrees
        of freedom as the rarest of the four has patients, less one: normal intervals of few patients are too narrow. Interval
        and p value are missing where nothing varies.
    """
    patients = np.unique(units["patient_id"].to_numpy(), return_inverse=True)[1]
    count, masks = int(patients.max()) + 1, (inside, ~inside)
    parts = [auc_contributions(units[mask], patients[mask], count) for mask in masks]
    freedom = min(min(patients_by_label(units[mask])) for mask in masks) - 1
    difference, deviation = parts[0][0] - parts[1][0], _deviation([own for _, own in parts])
    if deviation < np.finfo(float).eps:
        return Estimate(value=difference), None
    reach = float(t.ppf((1 + LEVEL) / 2, freedom)) * deviation
    common = float(np.average([auc for auc, _ in parts], weights=[units["label"][mask].sum() for mask in masks]))
    about_common = [auc_contributions(units[mask], patients[mask], count, common)[1] for mask in masks]
    p_value = float(2 * t.sf(abs(difference) / _deviation(about_common), freedom))
    return Estimate(value=difference, low=max(difference - reach, -1.0), high=min(difference + reach, 1.0)), p_value


def _deviation(contributions: Sequence[np.ndarray]) -> float:
    """Return the standard deviation of the difference of two AUCs."""
    return float(np.sqrt(((contributions[0] - contributions[1]) ** 2).sum()))


def auc_contributions(
    units: pd.DataFrame, patients: np.ndarray, count: int, about: float | None = None
) -> tuple[float, np.ndarray]:
    """Return the AUC of units, and how much each patient moves it.

    Args:
        units: one row per unit, with label and probability; both labels occur, each in two patients or more.
        patients: the index of each unit's patient, int (n,).
        count: of all patients, k.
        about: the AUC about which units vary; by default their own.

    Returns:
        The AUC, and the contributions, float64 (k,), whose squares add up to its variance.
    """
    positive = units["label"].to_numpy(int) == 1
    scores = units["probability"].to_numpy(float)
    m, n = int(positive.sum()), int((~positive).sum())
    ranks = rankdata(scores)
    above = np.empty(
        len(scores)
    )  # share of the other label's units that a positive exceeds, or by which a negative is exceeded
    above[positive] = (ranks[positive] - rankdata(scores[positive])) / n
    above[~positive] = 1 - (ranks[~positive] - rankdata(scores[~positive])) / m
    auc, contributions = float(above[positive].mean()), np.zeros(count)
    centre = auc if about is None else about
    for mask, units_of_label in ((positive, m), (~positive, n)):
        of_label = len(np.unique(patients[mask]))
        correction = np.sqrt(of_label / (of_label - 1)) / units_of_label
        contributions += np.bincount(patients[mask], (above[mask] - centre) * correction, count)
    return auc, contributions


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values that are corrected for their number (Holm 1979), in order."""
    order, corrected, highest = np.argsort(p_values, kind="stable"), [0.0] * len(p_values), 0.0
    for index, position in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - index) * p_values[position]))
        corrected[position] = highest
    return corrected
