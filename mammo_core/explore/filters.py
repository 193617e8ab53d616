"""Select the part of a data set to explore."""

from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
import pandas as pd

from mammo_core.documents.column_words import name_group, value_order
from mammo_core.documents.units import Unit
from mammo_core.explore.counts import class_counts
from mammo_core.explore.units import add_missing_columns, by_unit, has_both_labels, has_values, labels, unit_codes

FILTER_COLUMNS = {  # column → its label
    "site_id": "Site",
    "machine_id": "Machine",
    "view": "View",
    "laterality": "Laterality",
    "density": "Density",
    "BIRADS": "BI-RADS",
    "implant": "Implant",
}
NOT_KNOWN = "not known"
LABELS = {"positive": 1, "negative": 0}


@dataclass(frozen=True)
class Filters:
    """The filters that the user has set; by default none.

    Attributes:
        values: for columns of `FILTER_COLUMNS`, the values to keep (text, or `NOT_KNOWN`); an empty list keeps all.
        ages: youngest and oldest age in years, both included; images without an age are removed. None keeps all.
        label: "positive" or "negative" keeps these units only. None keeps all.
    """

    values: dict[str, list[str]] = field(default_factory=dict)
    ages: tuple[float, float] | None = None
    label: str | None = None

    @property
    def active(self) -> bool:
        """Whether any filter is set."""
        return any(self.values.values()) or self.ages is not None or self.label is not None


@dataclass(frozen=True)
class Selection:
    """The part of a data set that the filters keep.

    Attributes:
        images: one row per image.
        rows: the same, one row per unit (see `by_unit`).
        unit: image, breast or patient.
    """

    images: pd.DataFrame
    rows: pd.DataFrame
    unit: Unit

    @cached_property
    def classes(self) -> pd.DataFrame:
        """The numbers of each class, see `class_counts`."""
        return class_counts(self.images)

    @cached_property
    def both_labels(self) -> bool:
        """Whether there are positive and negative units.

        Only then does a share of positives mean something.
        """
        return has_both_labels(self.rows)


def apply_filters(table: pd.DataFrame, filters: Filters, unit: Unit) -> Selection:
    """Return what the filters keep of a catalogue's table, by image and by unit."""
    images = filter_images(add_missing_columns(table), filters, unit)
    return Selection(images, by_unit(images, unit), unit)


def filter_options(table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the values of each filter column that has at least two.

    The columns are `FILTER_COLUMNS`; a missing value is `NOT_KNOWN`.
    """
    options = {}
    for column in FILTER_COLUMNS:
        if has_values(table, column):
            values = [str(value) for value in table[column].dropna().unique()]
            values.sort(key=partial(value_order, column))
            options[column] = values + [NOT_KNOWN] * bool(table[column].isna().any())
    return {column: values for column, values in options.items() if len(values) > 1}


def describe_filters(filters: Filters) -> str:
    """Return the filters in words.

    Such as "site 1 or 2, age 50–70, negative"; "no filter" where none is set.
    """
    parts = []
    for column, values in filters.values.items():
        if values:
            first, *others = values
            names = [name_group(column, FILTER_COLUMNS[column].lower(), first)]
            names += [name_group(column, "", value).strip() for value in others]
            parts.append(" or ".join(names).replace("bi-rads", "BI-RADS"))
    if filters.ages is not None:
        parts.append(f"age {filters.ages[0]:g}–{filters.ages[1]:g}")
    if filters.label is not None:
        parts.append(filters.label)
    return ", ".join(parts) or "no filter"


def age_limits(table: pd.DataFrame) -> tuple[int, int] | None:
    """Return the youngest and oldest known age in whole years.

    Returns:
        None if the two are equal or no age is known.
    """
    if not has_values(table, "age"):
        return None
    low, high = int(np.floor(table["age"].min())), int(np.ceil(table["age"].max()))
    return (low, high) if low < high else None


def filter_images(table: pd.DataFrame, filters: Filters, unit: Unit) -> pd.DataFrame:
    """Return the images that the filters keep.

    The label filter is applied last and by unit, over the images that the other filters keep: "negative" with patients
    as the unit keeps no image of a positive patient's healthy breast. All other filters are applied by image.
    """
    keep = np.ones(len(table), bool)
    for column, values in filters.values.items():
        if values:
            keep &= table[column].astype("str").fillna(NOT_KNOWN).isin(values).to_numpy(bool)
    if filters.ages is not None:
        keep &= table["age"].between(*filters.ages).to_numpy(bool)
    rows = table[keep]
    if filters.label is None:
        return rows
    codes, count = unit_codes(rows, unit)
    label = labels(rows)
    of_unit = np.full(count, -1.0)
    np.maximum.at(of_unit, codes, np.nan_to_num(label, nan=-1.0))
    return rows[of_unit[codes] == LABELS[filters.label]]
