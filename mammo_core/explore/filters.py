"""Which part of a data set is looked at."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mammo_core.documents.units import Unit
from mammo_core.explore.units import by_unit, complete, known, labels, unit_codes

CHOICES = {  # column → what it is called
    "site_id": "Site",
    "machine_id": "Machine",
    "view": "View",
    "laterality": "Laterality",
    "density": "Density",
    "implant": "Implant",
}
NOT_KNOWN = "not known"
LABELS = {"positive": 1, "negative": 0}


@dataclass(frozen=True)
class Filters:
    """What the user wants to see; the default is everything.

    Attributes:
        values: for a column of `CHOICES` the values (text, or `NOT_KNOWN`) that stay; no values means all.
        ages: youngest and oldest age in years, both included; images without an age then go. None means all.
        label: "positive" or "negative" units only, or None.
    """

    values: dict[str, list[str]] = field(default_factory=dict)
    ages: tuple[float, float] | None = None
    label: str | None = None


@dataclass(frozen=True)
class View:
    """The part of a data set that is looked at.

    Attributes:
        images: one row an image that the filters leave.
        rows: the same, one row a unit (see `by_unit`).
        unit: image, breast or patient.
    """

    images: pd.DataFrame
    rows: pd.DataFrame
    unit: Unit


def look(table: pd.DataFrame, filters: Filters, unit: Unit) -> View:
    """Return what the filters leave of a catalogue's table, by image and by unit."""
    images = select(complete(table), filters, unit)
    return View(images, by_unit(images, unit), unit)


def options(table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the values of each column of `CHOICES` that has at least two, missing as `NOT_KNOWN`."""
    found = {}
    for column in CHOICES:
        if known(table, column):
            values = [str(value) for value in table[column].dropna().unique()]
            values.sort(key=lambda value: (int(value), "") if value.isdigit() else (10**9, value))
            found[column] = values + [NOT_KNOWN] * bool(table[column].isna().any())
    return {column: values for column, values in found.items() if len(values) > 1}


def age_limits(table: pd.DataFrame) -> tuple[int, int] | None:
    """Return the youngest and oldest known age in whole years, or None if there are not two of them."""
    if not known(table, "age"):
        return None
    low, high = int(np.floor(table["age"].min())), int(np.ceil(table["age"].max()))
    return (low, high) if low < high else None


def select(table: pd.DataFrame, filters: Filters, unit: Unit) -> pd.DataFrame:
    """Return the images that the filters leave.

    All but the label go by image. The label goes by unit, made of the images left by then: with negative patients, no
    image of a positive patient's healthy breast stays.
    """
    stay = np.ones(len(table), bool)
    for column, values in filters.values.items():
        if values:
            stay &= table[column].astype("str").fillna(NOT_KNOWN).isin(values).to_numpy(bool)
    if filters.ages is not None:
        stay &= table["age"].between(*filters.ages).to_numpy(bool)
    rows = table[stay]
    if filters.label is None:
        return rows
    codes, count = unit_codes(rows, unit)
    label = labels(rows)
    of_unit = np.full(count, -1.0)
    np.maximum.at(of_unit, codes, np.nan_to_num(label, nan=-1.0))
    return rows[of_unit[codes] == LABELS[filters.label]]
