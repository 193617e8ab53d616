"""Which columns give the label away, and how columns hang together: found by statistics, not by name.

A column leaks if one of its values (being missing is one) all but decides the label on a large share of the data,
further than chance can explain. A risk factor such as age shifts the rate of positives; it doesn't make it 0 or 1.
"""

import itertools
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom

from mammo_core.documents.units import age_band
from mammo_core.explore.units import known, labels

PURITY = 0.05  # a rate below this share of the overall rate is "never"; the same, mirrored, is "always"
LARGE = 0.10  # of the units (never), or of the positives (always)
CHANCE = 0.001  # largest probability that chance alone makes a group so pure
DISTINCT = 20  # numbers with more values are cut into as many groups of equal size
NOT_FEATURES = ("cancer", "patient_id", "image_id", "file", "images")
MISSING = "missing"
COLUMNS = ["column", "leaks", "never", "never_share", "always", "always_share", "auc", "p"]


def leakage(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how far each column gives the label away, a row a column, the strongest first.

    Args:
        rows: one row a unit, with cancer and patient_id.

    Returns:
        column; leaks (bool); never and always: the values whose rows are all but never or always positive, as text;
        never_share: their share of all rows; always_share: their share of the positives; auc: of the label ranked by
        the rate of the column's values, 0.5 to 1, in sample; p: the smallest probability of such a pure group by
        chance, with patients as the trials. Empty without both classes.
    """
    labelled = rows[rows["cancer"].notna()]
    label = labels(labelled)
    if not 0 < label.sum() < len(label):
        return pd.DataFrame(columns=COLUMNS)
    patients = pd.factorize(labelled["patient_id"])[0]
    names = [name for name in labelled if name not in NOT_FEATURES and known(labelled, str(name))]
    found = pd.DataFrame([_judge(labelled[name], label, patients) for name in names], columns=COLUMNS)
    return found.sort_values(["leaks", "auc"], ascending=False, ignore_index=True)


def association(rows: pd.DataFrame) -> pd.DataFrame:
    """Return Cramér's V of every pair of columns, corrected for bias (Bergsma 2013): 0 unrelated, 1 the same.

    Ages are taken by ten-year bands, rows without one of the two values are left out. A pair that shares no rows, or of
    which one has a single value there, is NaN.
    """
    names = [str(name) for name in rows if name not in {"patient_id", "image_id", "file", "images"}]
    columns = {name: age_band(rows[name]) if name == "age" else rows[name] for name in names if known(rows, name)}
    codes = {name: pd.factorize(column)[0] for name, column in columns.items()}
    matrix = pd.DataFrame(np.nan, index=list(codes), columns=list(codes))
    for one, other in itertools.combinations(codes, 2):
        matrix.loc[one, other] = matrix.loc[other, one] = _cramers_v(codes[one], codes[other])
    return matrix


def _judge(column: pd.Series, label: np.ndarray, patients: np.ndarray) -> dict[str, Any]:
    """Return the row of `leakage` of one column."""
    codes, values = _groups(column)
    n = np.bincount(codes, minlength=len(values))
    positives = np.bincount(codes, label, len(values))
    rate, overall = positives / n, label.mean()
    trials = np.bincount(
        np.unique(codes * (patients.max() + 1) + patients) // (patients.max() + 1), minlength=len(values)
    )
    chance_never = binom.cdf(np.floor(rate * trials), trials, overall)
    chance_always = binom.sf(np.ceil(rate * trials) - 1, trials, overall)
    never_stop = (rate <= PURITY * overall) & (chance_never < CHANCE)
    always = (rate >= 1 - PURITY * (1 - overall)) & (chance_always < CHANCE)
    never_share, always_share = n[never_stop].sum() / n.sum(), positives[always].sum() / positives.sum()
    return {
        "column": str(column.name),
        "leaks": bool(never_share >= LARGE or always_share >= LARGE),
        "never": ", ".join(values[never_stop]),
        "never_share": float(never_share),
        "always": ", ".join(values[always]),
        "always_share": float(always_share),
        "auc": _auc(rate, positives, n - positives),
        "p": float(np.minimum(chance_never, chance_always).min()),
    }


def _groups(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's group, (n,), and the groups' names: the values, with missing as one of them."""
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > DISTINCT:
        column = pd.Series(pd.qcut(column.astype("float64"), DISTINCT, duplicates="drop"), index=column.index)
    codes, values = pd.factorize(column, use_na_sentinel=False)
    return codes, np.array([MISSING if pd.isna(value) else str(value) for value in values], dtype=object)


def _auc(rate: np.ndarray, positives: np.ndarray, negatives: np.ndarray) -> float:
    order = np.argsort(rate)
    below = np.cumsum(negatives[order]) - negatives[order] / 2
    return float((positives[order] * below).sum() / (positives.sum() * negatives.sum()))


def _cramers_v(one: np.ndarray, other: np.ndarray) -> float:
    use = (one >= 0) & (other >= 0)
    n, width = int(use.sum()), int(other.max()) + 1
    if n < 2:
        return np.nan
    table = np.bincount(one[use] * width + other[use], minlength=(int(one.max()) + 1) * width).reshape(-1, width)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    r, c = table.shape
    if min(r, c) < 2:
        return np.nan
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi2 = ((table - expected) ** 2 / expected).sum() / n
    surplus = max(0.0, phi2 - (r - 1) * (c - 1) / (n - 1))
    smaller = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    return float(min(1.0, np.sqrt(surplus / smaller))) if smaller > 0 else np.nan
