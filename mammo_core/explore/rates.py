"""Shares of positives with intervals that know that a patient's images and breasts are not independent."""

import numpy as np
import pandas as pd
from scipy.stats import chi2

from mammo_core.explore.units import known, labels

Z = 1.959963984540054  # of a two-sided 95 % interval
LARGEST = 12  # groups shown on their own
COLUMNS = ["value", "n", "patients", "positives", "rate", "low", "high", "effective_n"]


def rate_by(rows: pd.DataFrame, column: str, ordered: bool = False) -> pd.DataFrame:
    """Return the share of positives by the values of a column, with 95 % intervals.

    Args:
        rows: one row a unit, with patient_id and cancer.
        column: what to group by; rows without its value or without a label are left out.
        ordered: in the order of the values, otherwise the largest groups first and all but the `LARGEST` pooled.

    Returns:
        value (text), n (units), patients, positives, rate, low, high, effective_n. Empty if nothing is known.
    """
    if not (known(rows, column) and known(rows, "cancer")):
        return pd.DataFrame(columns=COLUMNS)
    use = rows[rows["cancer"].notna() & rows[column].notna()]
    groups, values = pd.factorize(use[column], sort=ordered)
    names = np.array([str(value) for value in values], dtype=object)
    if not ordered:
        groups, names = _largest(groups, names)
    rates = _rates(groups, len(names), use["patient_id"].to_numpy(), labels(use))
    rates.insert(0, "value", names)
    return rates


def wilson(patients: np.ndarray, label: np.ndarray) -> tuple[float | None, float | None]:
    """Return the 95 % interval of the share of positives among units of patients; None without labels.

    This is Wilson's interval (1927) with the effective sample size r (1 - r) / v, where v is the linearised variance of
    the share r over patients; it is Wilson's own where each patient has one unit. Where r is 0 or 1, v says nothing and
    the number of patients is taken.
    """
    use = ~np.isnan(label)
    if not use.any():
        return None, None
    row = _rates(np.zeros(int(use.sum()), int), 1, patients[use], label[use]).iloc[0]
    return float(row["low"]), float(row["high"])


def spread_p(rates: pd.DataFrame) -> float | None:
    """Return how likely chance alone would spread the rates so far: a χ² test on effective sample sizes.

    None with fewer than two groups or without both classes.
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
    """Return n, patients, positives, rate, low, high and effective_n, a row a group."""
    codes, found = pd.factorize(patients)
    pairs, places = np.unique(groups * len(found) + codes, return_inverse=True)  # a patient within a group
    owner = pairs // len(found)
    size = np.bincount(places)
    hits = np.bincount(places, label)
    n = np.bincount(owner, size, count)
    positives = np.bincount(owner, hits, count)
    clusters = np.bincount(owner, minlength=count)
    rate = positives / n
    variance = np.bincount(owner, (hits - rate[owner] * size) ** 2, count) / n**2
    with np.errstate(invalid="ignore", divide="ignore"):
        effective = np.where(variance > 0, rate * (1 - rate) / variance, clusters)
    effective = np.minimum(effective, n)
    centre = (rate + Z**2 / (2 * effective)) / (1 + Z**2 / effective)
    reach = Z / (1 + Z**2 / effective) * np.sqrt(rate * (1 - rate) / effective + Z**2 / (4 * effective**2))
    return pd.DataFrame(
        {
            "n": n.astype(int),
            "patients": clusters,
            "positives": positives.astype(int),
            "rate": rate,
            "low": np.where(positives == 0, 0.0, centre - reach),
            "high": np.where(positives == n, 1.0, centre + reach),
            "effective_n": effective,
        }
    )


def _largest(groups: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the groups by size, the largest first, and pool those beyond `LARGEST` into one."""
    order = np.argsort(-np.bincount(groups), kind="stable")
    place = np.empty(len(order), int)
    place[order] = np.minimum(np.arange(len(order)), LARGEST)
    pooled = [f"{len(order) - LARGEST} others"] if len(order) > LARGEST else []
    return place[groups], np.array([*names[order][:LARGEST], *pooled], dtype=object)
