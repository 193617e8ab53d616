"""Compute shares of positives, with intervals.

The intervals allow for the dependence between images and breasts of one patient.
"""

import numpy as np
import pandas as pd
from scipy.stats import chi2

from mammo_core.documents.column_words import value_order
from mammo_core.documents.estimate import score_interval
from mammo_core.explore.units import has_values, labels

MAX_GROUPS = 12  # groups shown separately; smaller ones are pooled
FEW = 50  # units; the interval of a smaller group says little, unless it has
FEW_POSITIVES = 10
COLUMNS = ["value", "n", "patients", "positives", "rate", "low", "high", "effective_n"]


def rate_by(rows: pd.DataFrame, column: str, ordered: bool = False) -> pd.DataFrame:
    """Return the share of positives by the values of a column, with 95 % intervals.

    Args:
        rows: one row per unit, with patient_id and cancer.
        column: the column to group by; rows without its value or without a label are ignored.
        ordered: whether to sort groups by value, see `value_order`. Otherwise the largest come first, and those beyond
            `MAX_GROUPS` are pooled.

    Returns:
        value (text), n (units), patients, positives, rate, low, high, effective_n. Empty without values or labels.
    """
    if not (has_values(rows, column) and has_values(rows, "cancer")):
        return pd.DataFrame(columns=COLUMNS)
    use = rows[rows["cancer"].notna() & rows[column].notna()]
    groups, names = _groups(use[column], ordered)
    rates = _rates(groups, len(names), use["patient_id"].to_numpy(), labels(use))
    rates.insert(0, "value", names)
    return rates


def count_by(rows: pd.DataFrame, column: str, ordered: bool = False) -> pd.DataFrame:
    """Count the units by the values of a column, whatever their label.

    Args:
        rows: one row per unit.
        column: the column to group by; rows without its value are ignored.
        ordered: see `rate_by`.

    Returns:
        value (text) and n. Empty without values.
    """
    if not has_values(rows, column):
        return pd.DataFrame(columns=["value", "n"])
    groups, names = _groups(rows[column].dropna(), ordered)
    return pd.DataFrame({"value": names, "n": np.bincount(groups, minlength=len(names))})


def cap_of(rates: pd.DataFrame) -> float:
    """Return the share up to which a chart of `rate_by` is drawn.

    Groups of fewer than `FEW` units and `FEW_POSITIVES` positives, whose intervals are wide, don't stretch it beyond three
    times the pooled rate.
    """
    pooled = float(rates["positives"].sum() / rates["n"].sum())
    highest = rates.loc[(rates["n"] >= FEW) | (rates["positives"] >= FEW_POSITIVES), "high"].max()
    return float(min(rates["high"].max(), max(3 * pooled, 0.0 if np.isnan(highest) else highest)))


def wilson(patients: np.ndarray, label: np.ndarray) -> tuple[float | None, float | None]:
    """Return the 95 % interval of the share of positives among units of patients.

    The limits are None without labels. This is Wilson's interval (1927) with the effective sample size r (1 - r) / v,
    where v is the linearised variance of the share r over patients. With one unit per patient it is Wilson's original
    interval. Where r is 0 or 1, v is 0 and the number of patients is used.
    """
    use = ~np.isnan(label)
    if not use.any():
        return None, None
    row = _rates(np.zeros(int(use.sum()), int), 1, patients[use], label[use]).iloc[0]
    return float(row["low"]), float(row["high"])


def spread_p(rates: pd.DataFrame) -> float | None:
    """Return the p-value of the hypothesis that all groups have the same rate.

    It comes from a χ² test on effective sample sizes. It is None with fewer than two groups or without both classes.
    """
    n = rates["effective_n"].to_numpy(float)
    rate = rates["rate"].to_numpy(float)
    if len(rates) < 2 or n.sum() == 0:
        return None
    overall = float((n * rate).sum() / n.sum())
    if overall in (0.0, 1.0):
        return None
    statistic = float((n * (rate - overall) ** 2).sum() / (overall * (1 - overall)))
    return float(chi2.sf(statistic, len(rates) - 1))


def _rates(groups: np.ndarray, count: int, patients: np.ndarray, label: np.ndarray) -> pd.DataFrame:
    """Compute the rate of positives in each group, with its interval.

    Returns:
        n, patients, positives, rate, low, high and effective_n, one row per group.
    """
    codes, patient_ids = pd.factorize(patients)
    pairs, indices = np.unique(groups * len(patient_ids) + codes, return_inverse=True)  # a patient within a group
    owner = pairs // len(patient_ids)
    size = np.bincount(indices)
    hits = np.bincount(indices, label)
    n = np.bincount(owner, size, count)
    positives = np.bincount(owner, hits, count)
    clusters = np.bincount(owner, minlength=count)
    rate = positives / n
    variance = np.bincount(owner, (hits - rate[owner] * size) ** 2, count) / n**2
    with np.errstate(invalid="ignore", divide="ignore"):
        effective = np.where(variance > 0, rate * (1 - rate) / variance, clusters)
    effective = np.minimum(effective, n)
    low, high = score_interval(rate, effective)
    return pd.DataFrame(
        {
            "n": n.astype(int),
            "patients": clusters,
            "positives": positives.astype(int),
            "rate": rate,
            "low": low,
            "high": high,
            "effective_n": effective,
        }
    )


def _groups(column: pd.Series, ordered: bool) -> tuple[np.ndarray, np.ndarray]:
    """Number the groups of a column without missing values, and name them."""
    groups, values = pd.factorize(column, sort=isinstance(column.dtype, pd.CategoricalDtype))
    names = np.array([str(value) for value in values], dtype=object)
    if not ordered:
        return _largest(groups, names)
    if isinstance(column.dtype, pd.CategoricalDtype):
        return groups, names
    order = sorted(range(len(names)), key=lambda index: value_order(str(column.name), str(names[index])))
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order))
    return rank[groups], names[order]


def _largest(groups: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Renumber the groups by size, the largest first.

    Groups beyond `MAX_GROUPS` are pooled into one.
    """
    order = np.argsort(-np.bincount(groups), kind="stable")
    rank = np.empty(len(order), int)
    rank[order] = np.minimum(np.arange(len(order)), MAX_GROUPS)
    pooled = [f"{len(order) - MAX_GROUPS} others"] if len(order) > MAX_GROUPS else []
    return rank[groups], np.array([*names[order][:MAX_GROUPS], *pooled], dtype=object)
