"""Compare the ages of positives and negatives, in years.

The statistics are a histogram, cumulative shares, quantiles, and the difference with its interval.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mammo_core.documents.explore_summary import AgeSummary
from mammo_core.documents.units import UNITS
from mammo_core.explore.units import add_missing_columns, by_unit, identity_of, labels

LABELS = {1: "positive", 0: "negative"}
BIN_EDGES = np.arange(25, 95, 5)  # years; ages outside are counted in the first or last bin
RESAMPLES = 2000


@dataclass(frozen=True)
class AgeDifference:
    """Age of positives minus age of negatives, in years; None where it is not defined.

    Attributes:
        mean, median: difference of the means and of the medians.
        low, high: 95 % confidence interval of the difference of the means.
    """

    mean: float | None = None
    median: float | None = None
    low: float | None = None
    high: float | None = None


def ages_of(rows: pd.DataFrame, label: int) -> np.ndarray:
    """Return the known ages of the rows with this label, float64 (n,)."""
    ages = rows.loc[labels(rows) == label, "age"].to_numpy(np.float64, na_value=np.nan)
    return ages[~np.isnan(ages)]


def describe_ages(rows: pd.DataFrame, label: int) -> AgeSummary:
    """Summarise the ages of the rows with this label."""
    ages = ages_of(rows, label)
    return AgeSummary(
        n=len(ages),
        mean=float(ages.mean()) if len(ages) else None,
        median=float(np.median(ages)) if len(ages) else None,
        std=float(ages.std(ddof=1)) if len(ages) > 1 else None,
    )


def age_table(table: pd.DataFrame) -> pd.DataFrame:
    """Summarise ages by unit and label.

    Returns:
        The columns unit, label, n, mean, median and std.
    """
    rows = []
    for unit in UNITS:
        units = by_unit(identity_of(add_missing_columns(table), "cancer", "age"), unit)
        rows += [
            {"unit": unit, "label": name, **describe_ages(units, label).to_json()} for label, name in LABELS.items()
        ]
    return pd.DataFrame(rows)


def age_histogram(rows: pd.DataFrame) -> pd.DataFrame:
    """Count ages in the same bins for both labels.

    Returns:
        The columns age_from, age_to, label, number, and share of the label.
    """
    parts = []
    for label, name in LABELS.items():
        ages = ages_of(rows, label)
        number, _ = np.histogram(np.clip(ages, BIN_EDGES[0], BIN_EDGES[-1] - 0.1), BIN_EDGES)
        share = number / max(len(ages), 1)
        bins = {"age_from": BIN_EDGES[:-1], "age_to": BIN_EDGES[1:], "label": name, "number": number, "share": share}
        parts.append(pd.DataFrame(bins))
    return pd.concat(parts, ignore_index=True)


def age_counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Count ages in bins, whatever the label.

    Returns:
        The columns age_from, age_to and number.
    """
    ages = rows["age"].to_numpy(np.float64, na_value=np.nan)
    clipped = np.clip(ages[~np.isnan(ages)], BIN_EDGES[0], BIN_EDGES[-1] - 0.1)
    number, _ = np.histogram(clipped, BIN_EDGES)
    return pd.DataFrame({"age_from": BIN_EDGES[:-1], "age_to": BIN_EDGES[1:], "number": number})


def age_cumulative(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the cumulative share of each label by age.

    Returns:
        The columns label, age and share.
    """
    parts = []
    for label, name in LABELS.items():
        values, number = np.unique(ages_of(rows, label), return_counts=True)
        share = np.cumsum(number) / max(number.sum(), 1)
        parts.append(pd.DataFrame({"label": name, "age": values, "share": share}))
    return pd.concat(parts, ignore_index=True)


def age_quantiles(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the quantiles and mean of the ages of each label.

    Returns:
        The columns label, n, p5, q1, median, q3, p95 and mean; one row per label that has ages.
    """
    parts = []
    for label, name in LABELS.items():
        ages = ages_of(rows, label)
        if len(ages):
            p5, q1, median, q3, p95 = np.quantile(ages, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist()
            parts.append((name, len(ages), p5, q1, median, q3, p95, float(ages.mean())))
    return pd.DataFrame(parts, columns=["label", "n", "p5", "q1", "median", "q3", "p95", "mean"])


def age_difference(rows: pd.DataFrame, resamples: int = RESAMPLES, seed: int = 0) -> AgeDifference:
    """Compare the ages of positives with those of negatives.

    The interval is a percentile bootstrap over patients. Patients that contribute the same numbers of rows and sums of
    ages are interchangeable, so a resample needs one multinomial draw over the distinct contributions.

    Returns:
        All None if a label has no age; no interval with fewer than two patients of a label.
    """
    negative, positive = ages_of(rows, 0), ages_of(rows, 1)
    if not (len(negative) and len(positive)):
        return AgeDifference()
    low, high = _bootstrap_interval(rows, resamples, seed)
    return AgeDifference(
        mean=float(positive.mean() - negative.mean()),
        median=float(np.median(positive) - np.median(negative)),
        low=low,
        high=high,
    )


def _bootstrap_interval(rows: pd.DataFrame, resamples: int, seed: int) -> tuple[float | None, float | None]:
    label, age = labels(rows), rows["age"].to_numpy(np.float64, na_value=np.nan)
    use = ~np.isnan(label) & ~np.isnan(age)
    patients, patient_ids = pd.factorize(rows["patient_id"].to_numpy()[use])
    sums = [
        np.bincount(patients, weights, len(patient_ids))
        for value in (0, 1)
        for weights in (label[use] == value, (label[use] == value) * age[use])
    ]
    contributions = np.stack(sums, axis=1)  # (patients, 4): number and sum of ages of negatives, then of positives
    if min((contributions[:, 0] > 0).sum(), (contributions[:, 2] > 0).sum()) < 2:
        return None, None
    distinct, times = np.unique(contributions, axis=0, return_counts=True)
    draws = np.random.default_rng(seed).multinomial(len(patient_ids), times / len(patient_ids), size=resamples)
    totals = draws @ distinct  # (resamples, 4)
    with np.errstate(invalid="ignore"):
        differences = totals[:, 3] / totals[:, 2] - totals[:, 1] / totals[:, 0]
    low, high = np.nanquantile(differences, [0.025, 0.975])
    return float(low), float(high)
