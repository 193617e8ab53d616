"""Find columns that leak the label, and associations between columns.

Leaks are found by statistics, not by the column's name. A column leaks if one of its values (missing counts as a value)
nearly determines the label on a large share of the data, beyond chance. A risk factor such as age shifts the rate of
positives without making it 0 or 1.
"""

import itertools
from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd
from scipy.stats import binom

from mammo_core.documents.units import age_band
from mammo_core.explore.units import NOT_ATTRIBUTES, has_values, labels

PURITY = 0.05  # a rate below this share of the overall rate is "never"; mirrored, "always"
LARGE_SHARE = 0.10  # of the units (never), or of the positives (always), from which a column leaks
CHANCE = 0.001  # largest probability of such a pure group by chance
MAX_DISTINCT = 20  # numeric columns with more values are cut into this many groups of equal size
NOT_FEATURES = {"cancer", *NOT_ATTRIBUTES}
MISSING = "missing"


@dataclass(frozen=True)
class ColumnLeak:
    """How far one column gives away the label.

    Attributes:
        column: its name.
        leaks: whether it must not be an input of a model.
        never, always: the values whose rows are nearly never, or nearly always, positive, as text.
        never_share: share of all rows that have one of the `never` values.
        always_share: share of the positives that have one of the `always` values.
        auc: AUC of the label ranked by the rate of the column's values, 0.5 to 1, in sample.
        p: smallest probability of such a pure group by chance, with patients as the trials.
    """

    column: str
    leaks: bool
    never: str
    never_share: float
    always: str
    always_share: float
    auc: float
    p: float


COLUMNS = [field.name for field in fields(ColumnLeak)]


def leakage(rows: pd.DataFrame) -> pd.DataFrame:
    """Measure how far each column gives away the label.

    Args:
        rows: one row per unit, with cancer and patient_id.

    Returns:
        The fields of `ColumnLeak`, one row per column, the strongest leak first. Empty without both classes.
    """
    labelled = rows[rows["cancer"].notna()]
    label = labels(labelled)
    if not 0 < label.sum() < len(label):
        return pd.DataFrame(columns=COLUMNS)
    patients = pd.factorize(labelled["patient_id"])[0]
    names = [name for name in labelled if name not in NOT_FEATURES and has_values(labelled, str(name))]
    leaks = [asdict(_measure(labelled[name], label, patients)) for name in names]
    return pd.DataFrame(leaks, columns=COLUMNS).sort_values(["leaks", "auc"], ascending=False, ignore_index=True)


def association(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the association of every pair of columns, as corrected Cramér's V.

    V is 0 for unrelated and 1 for equivalent columns. It is corrected for bias (Bergsma 2013). Ages are grouped into
    ten-year bands. Rows that lack one of the two values are ignored. V is NaN if no rows are left or one column is
    constant on them.
    """
    names = [str(name) for name in rows if name not in NOT_ATTRIBUTES]
    columns = {name: age_band(rows[name]) if name == "age" else rows[name] for name in names if has_values(rows, name)}
    codes = {name: pd.factorize(column)[0] for name, column in columns.items()}
    matrix = pd.DataFrame(np.nan, index=list(codes), columns=list(codes))
    for left, right in itertools.combinations(codes, 2):
        matrix.loc[left, right] = matrix.loc[right, left] = _cramers_v(codes[left], codes[right])
    return matrix


def _measure(column: pd.Series, label: np.ndarray, patients: np.ndarray) -> ColumnLeak:
    """Measure one column."""
    codes, values = _groups(column)
    n = np.bincount(codes, minlength=len(values))
    positives = np.bincount(codes, label, len(values))
    rate, overall = positives / n, label.mean()
    trials = np.bincount(
        np.unique(codes * (patients.max() + 1) + patients) // (patients.max() + 1), minlength=len(values)
    )
    chance_never = binom.cdf(np.floor(rate * trials), trials, overall)
    chance_always = binom.sf(np.ceil(rate * trials) - 1, trials, overall)
    never = (rate <= PURITY * overall) & (chance_never < CHANCE)
    always = (rate >= 1 - PURITY * (1 - overall)) & (chance_always < CHANCE)
    never_share, always_share = n[never].sum() / n.sum(), positives[always].sum() / positives.sum()
    return ColumnLeak(
        column=str(column.name),
        leaks=bool(never_share >= LARGE_SHARE or always_share >= LARGE_SHARE),
        never=", ".join(values[never]),
        never_share=float(never_share),
        always=", ".join(values[always]),
        always_share=float(always_share),
        auc=_auc(rate, positives, n - positives),
        p=float(np.minimum(chance_never, chance_always).min()),
    )


def _groups(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Group the rows by their value in a column.

    Returns:
        The group of each row, int (n,), and the names of the groups: the values, including missing.
    """
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > MAX_DISTINCT:
        column = pd.Series(pd.qcut(column.astype("float64"), MAX_DISTINCT, duplicates="drop"), index=column.index)
    codes, values = pd.factorize(column, use_na_sentinel=False)
    return codes, np.array([MISSING if pd.isna(value) else str(value) for value in values], dtype=object)


def _auc(rate: np.ndarray, positives: np.ndarray, negatives: np.ndarray) -> float:
    order = np.argsort(rate)
    below = np.cumsum(negatives[order]) - negatives[order] / 2
    return float((positives[order] * below).sum() / (positives.sum() * negatives.sum()))


def _cramers_v(left: np.ndarray, right: np.ndarray) -> float:
    """Return the corrected Cramér's V of two columns of codes.

    Negative codes are missing values.
    """
    use = (left >= 0) & (right >= 0)
    n, width = int(use.sum()), int(right.max()) + 1
    if n < 2:
        return np.nan
    table = np.bincount(left[use] * width + right[use], minlength=(int(left.max()) + 1) * width).reshape(-1, width)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    r, c = table.shape
    if min(r, c) < 2:
        return np.nan
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi2 = ((table - expected) ** 2 / expected).sum() / n
    surplus = max(0.0, phi2 - (r - 1) * (c - 1) / (n - 1))
    smaller = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    return float(min(1.0, np.sqrt(surplus / smaller))) if smaller > 0 else np.nan
