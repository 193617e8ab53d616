"""Ages by label, in years: shared bins, cumulative shares, quantiles, and the difference with its interval."""

from typing import Any

import numpy as np
import pandas as pd

from mammo_core.documents.units import UNITS
from mammo_core.explore.units import by_unit, complete, labels

LABELS = {0: "negative", 1: "positive"}
EDGES = np.arange(25, 95, 5)  # years; what lies outside is counted in the first or last bin
RESAMPLES = 2000


def ages_of(rows: pd.DataFrame, label: int) -> np.ndarray:
    """Return the known ages of the rows with a label, (n,) float64."""
    ages = rows.loc[labels(rows) == label, "age"].to_numpy(np.float64, na_value=np.nan)
    return ages[~np.isnan(ages)]


def describe_ages(rows: pd.DataFrame, label: int) -> dict[str, Any]:
    """Return n, mean, median and std (with n - 1) of the ages of a label; None where they aren't defined."""
    ages = ages_of(rows, label)
    return {
        "n": len(ages),
        "mean": float(ages.mean()) if len(ages) else None,
        "median": float(np.median(ages)) if len(ages) else None,
        "std": float(ages.std(ddof=1)) if len(ages) > 1 else None,
    }


def age_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return unit, label, n, mean, median and std of the ages, a row a unit and label."""
    rows = []
    for unit in UNITS:
        units = by_unit(complete(table)[["patient_id", "laterality", "cancer", "age"]], unit)
        rows += [{"unit": unit, "label": name, **describe_ages(units, label)} for label, name in LABELS.items()]
    return pd.DataFrame(rows)


def age_histogram(rows: pd.DataFrame) -> pd.DataFrame:
    """Return age_from, age_to, label, number and the share of that label, in bins that both labels share."""
    parts = []
    for label, name in LABELS.items():
        ages = ages_of(rows, label)
        number, _ = np.histogram(np.clip(ages, EDGES[0], EDGES[-1] - 0.1), EDGES)
        share = number / max(len(ages), 1)
        bins = {"age_from": EDGES[:-1], "age_to": EDGES[1:], "label": name, "number": number, "share": share}
        parts.append(pd.DataFrame(bins))
    return pd.concat(parts, ignore_index=True)


def age_cumulative(rows: pd.DataFrame) -> pd.DataFrame:
    """Return label, age and the share of that label's rows that are at most so old."""
    parts = []
    for label, name in LABELS.items():
        values, number = np.unique(ages_of(rows, label), return_counts=True)
        share = np.cumsum(number) / max(number.sum(), 1)
        parts.append(pd.DataFrame({"label": name, "age": values, "share": share}))
    return pd.concat(parts, ignore_index=True)


def age_quantiles(rows: pd.DataFrame) -> pd.DataFrame:
    """Return label, n, p5, q1, median, q3, p95 and mean of the ages, a row a label that has any."""
    parts = []
    for label, name in LABELS.items():
        ages = ages_of(rows, label)
        if len(ages):
            p5, q1, median, q3, p95 = np.quantile(ages, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist()
            parts.append((name, len(ages), p5, q1, median, q3, p95, float(ages.mean())))
    return pd.DataFrame(parts, columns=["label", "n", "p5", "q1", "median", "q3", "p95", "mean"])


def age_difference(rows: pd.DataFrame, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, float | None]:
    """Return how much older positives are: mean and median difference, and a 95 % interval of the former.

    The interval is the percentile bootstrap over patients. Patients that contribute the same numbers of rows and sums
    of ages are interchangeable, so a draw needs one multinomial over the distinct contributions.

    Returns:
        mean, median, low, high in years; None where a label has no age, and no interval with fewer than two patients of
        a label.
    """
    negative, positive = ages_of(rows, 0), ages_of(rows, 1)
    if not (len(negative) and len(positive)):
        return dict.fromkeys(("mean", "median", "low", "high"))
    low, high = _interval(rows, resamples, seed)
    return {
        "mean": float(positive.mean() - negative.mean()),
        "median": float(np.median(positive) - np.median(negative)),
        "low": low,
        "high": high,
    }


def _interval(rows: pd.DataFrame, resamples: int, seed: int) -> tuple[float | None, float | None]:
    label, age = labels(rows), rows["age"].to_numpy(np.float64, na_value=np.nan)
    use = ~np.isnan(label) & ~np.isnan(age)
    patients, found = pd.factorize(rows["patient_id"].to_numpy()[use])
    sums = [
        np.bincount(patients, weights, len(found))
        for value in LABELS
        for weights in (label[use] == value, (label[use] == value) * age[use])
    ]
    contributions = np.stack(sums, axis=1)  # (patients, 4): number and sum of ages of negatives, then of positives
    if min((contributions[:, 0] > 0).sum(), (contributions[:, 2] > 0).sum()) < 2:
        return None, None
    distinct, times = np.unique(contributions, axis=0, return_counts=True)
    draws = np.random.default_rng(seed).multinomial(len(found), times / len(found), size=resamples)
    totals = draws @ distinct  # (resamples, 4)
    with np.errstate(invalid="ignore"):
        differences = totals[:, 3] / totals[:, 2] - totals[:, 1] / totals[:, 0]
    low, high = np.nanquantile(differences, [0.025, 0.975])
    return float(low), float(high)
