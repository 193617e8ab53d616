"""Choose the columns by which units may be divided into groups, and divide them.

Columns that may identify patients are never offered: neither by their names nor by their values.
"""

import re
from itertools import pairwise

import numpy as np
import pandas as pd

from mammo_core.documents.column_words import MEASURES

MAX_GROUPS = 30  # of a column of text; one with more tells units apart rather than groups
MAX_VALUES = 6  # of a column of numbers that are groups themselves; more are divided into bins
BINS = 4  # of equal size
OWN_SHARE = 0.9  # of the patients; if so many have a value that no other has, whole numbers or text identify them
BY_PATIENT = 0.99  # of the breasts; if so many have one value in all their images, it is taken for one of the breast
MIN_IDENTIFIER = 1000  # whole numbers that identify patients reach it; ages and doses do not
GROUPING_IDS = {"site_id", "machine_id"}
_IDENTIFYING = re.compile(
    r"name$|birth|dob\b|ssn|mrn|address|phone|mail|zip|post_?code|accession|uid\b|(?<![a-z])ids?$|_id_|date|time|note|comment|text"
    r"|path|file|png|sha256|geometry|source_version|person|initials"
)
_NOT_GROUPS = {
    "label",
    "cancer",
    "probability",
    "raw_probability",
    "saved_raw_probability",
    "part",
    "kind_checked",
    "side_marker",
    "age_band",
    "age",
}
_OF_IMAGES = re.compile(r"image_(area|mean|deviation|p\d+)")  # the statistics of a baseline


def offered_columns(table: pd.DataFrame) -> list[str]:
    """Return the columns by which units may be divided, in the table's order.

    They have two known values or more, and identify nobody.

    Args:
        table: one row per unit, with patient_id.
    """
    return [str(name) for name in table if _may_group(table, str(name))]


def _may_group(table: pd.DataFrame, name: str) -> bool:
    if name in _NOT_GROUPS or _OF_IMAGES.fullmatch(name):
        return False
    if name not in GROUPING_IDS and _IDENTIFYING.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()):
        return False
    values = _numbers(table[name])
    known = values.dropna()
    if known.nunique() < 2 or _tells_patients(values, table["patient_id"]):
        return False
    return pd.api.types.is_numeric_dtype(known) or known.nunique() <= MAX_GROUPS


def _tells_patients(values: pd.Series, patients: pd.Series) -> bool:
    """Return whether most patients have a value that no other patient has.

    Measurements with decimals and small numbers don't count: they differ by chance.
    """
    known = values.notna()
    if pd.api.types.is_numeric_dtype(values):
        numbers = values[known].to_numpy(float)
        if (numbers % 1).any() or np.abs(numbers).max() < MIN_IDENTIFIER:
            return False
    pairs = pd.DataFrame({"patient": patients[known].to_numpy(), "value": values[known].to_numpy()}).drop_duplicates()
    own = ~pairs["value"].duplicated(keep=False)
    return bool(pairs.loc[own, "patient"].nunique() >= OWN_SHARE * pairs["patient"].nunique())


def _numbers(values: pd.Series) -> pd.Series:
    """Return a column as numbers if all its known values are some, else as it is."""
    if pd.api.types.is_numeric_dtype(values):
        return values.astype("float64")
    numbers = pd.to_numeric(values, errors="coerce")
    return numbers.astype("float64") if numbers.notna().equals(values.notna()) else values


def to_groups(values: pd.Series, name: str) -> pd.Series:
    """Return the group of each value as text; missing values have none.

    Text and few numbers are groups themselves. Of more numbers, bins hold about equally many.

    Args:
        values: of one column.
        name: of the column, which tells the unit of measurement.

    Returns:
        An ordered categorical, such as "45 to 52 mm".
    """
    numbers = _numbers(values)
    if not pd.api.types.is_numeric_dtype(numbers) or name in GROUPING_IDS:
        text = values.astype("str")
        return pd.Series(pd.Categorical(text, sorted(text.dropna().unique()), ordered=True), index=values.index)
    known, measure = np.sort(numbers.dropna().unique()), MEASURES.get(name, "")
    if len(known) <= MAX_VALUES:
        words = {value: f"{value:g} {measure}".strip() for value in known}
        return pd.Series(pd.Categorical(numbers.map(words), list(words.values()), ordered=True), index=values.index)
    edges = _edges(numbers)
    labels = [f"up to {edges[0]:g}", *(f"{low:g} to {high:g}" for low, high in pairwise(edges))]
    labels = [f"{label} {measure}".strip() for label in (*labels, f"over {edges[-1]:g}")]
    return pd.Series(pd.cut(numbers, [-np.inf, *edges, np.inf], labels=labels), index=values.index)


def _edges(numbers: pd.Series) -> list[float]:
    """Return where bins of about equal size meet, with three significant digits."""
    edges = [float(f"{edge:.3g}") for edge in numbers.quantile(np.arange(1, BINS) / BINS)]
    inside = [edge for edge in dict.fromkeys(edges) if numbers.min() <= edge < numbers.max()]
    return inside or [float(numbers[numbers < numbers.max()].max())]


def is_of_breasts(values: pd.Series, breasts: pd.Series) -> bool:
    """Return whether a column is about breasts, and not about single images.

    Args:
        values: of each image.
        breasts: the breast of each image.
    """
    return bool((values.groupby(breasts).nunique() <= 1).mean() >= BY_PATIENT)
