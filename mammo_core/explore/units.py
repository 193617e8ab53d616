"""Combine images into breasts and patients.

A breast is a patient, an exam and a laterality; a table without the column exam_id has one exam a patient. A unit
consists of its images in the table. Images without a laterality, or with a value in the column left_out, if there is one,
belong to no breast and no patient (spot views, specimens, …: see `mammo_core.dataset.patients`). A unit has a flag (cancer,
biopsy, invasive, implant, difficult negative) if any of its images has. Its BI-RADS is the most abnormal one; its other
attributes are the first known ones. Columns that have no single value in a unit (its view, a patient's laterality) are
omitted.
"""

import numpy as np
import pandas as pd

from mammo_core.documents.units import Unit

FLAGS = ("cancer", "biopsy", "invasive", "implant", "difficult_negative_case")
OPTIONAL = ("site_id", "machine_id", "density", "age", "BIRADS", *FLAGS)
COLUMNS_OF_PARTS: dict[Unit, tuple[str, ...]] = {  # columns without a single value in a unit
    "image": (),
    "breast": ("image_id", "view", "file", "left_out"),
    "patient": ("image_id", "view", "file", "left_out", "laterality", "exam_id", "exam_date"),
}
IDENTITY = ("patient_id", "exam_id", "laterality")  # columns that tell units apart, of those that a table has
NOT_ATTRIBUTES = {"patient_id", "image_id", "exam_id", "exam_date", "file", "left_out", "images"}
BIRADS_ORDER = (1, 2, 3, 6, 0, 4, 5)  # from normal to abnormal, as ACR BI-RADS combines findings


def add_missing_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Add the optional columns that a table lacks.

    Added columns have only missing values.
    """
    absent = {name: np.nan for name in OPTIONAL if name not in table}
    return table.assign(**absent) if absent else table


def identity_of(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the columns that tell units apart, and others."""
    return table[[*(name for name in (*IDENTITY, "left_out") if name in table), *columns]]


def has_values(rows: pd.DataFrame, column: str) -> bool:
    """Return whether the table has the column with at least one value."""
    return column in rows and bool(rows[column].notna().any())


def has_both_labels(rows: pd.DataFrame) -> bool:
    """Return whether the table holds positives and negatives."""
    return has_values(rows, "cancer") and rows["cancer"].nunique() > 1


def by_unit(table: pd.DataFrame, unit: Unit) -> pd.DataFrame:
    """Return one row per unit, in order of appearance.

    The column `images` holds the unit's number of images.
    """
    if unit == "image":
        return table.assign(images=1)
    if "left_out" in table:
        table = table[table["left_out"].isna()]
    if "laterality" in table:
        table = table[table["laterality"].notna()]
    codes, count = unit_codes(table, unit)
    columns = {
        name: _of_unit(table[name], codes, count) for name in table.columns if name not in COLUMNS_OF_PARTS[unit]
    }
    return pd.DataFrame({**columns, "images": np.bincount(codes, minlength=count)})


def unit_codes(table: pd.DataFrame, unit: Unit) -> tuple[np.ndarray, int]:
    """Number the units from 0 in order of appearance.

    Returns:
        The number of each image's unit, int (n,), and the number of units.
    """
    if unit == "image":
        return np.arange(len(table)), len(table)
    codes, patients = pd.factorize(table["patient_id"])
    if unit == "patient":
        return codes, len(patients)
    if "exam_id" in table:
        exams = pd.factorize(table["exam_id"])[0] + 1  # 0 for those without a value
        codes = codes * (exams.max(initial=0) + 1) + exams
    sides, _ = pd.factorize(table["laterality"])  # -1 for images without one, which are of neither
    breasts, keys = pd.factorize(3 * codes + sides + 1)
    return breasts, len(keys)


def labels(rows: pd.DataFrame) -> np.ndarray:
    """Return the label of each row, float64 (n,): 0, 1, or NaN if unknown."""
    return rows["cancer"].to_numpy(np.float64, na_value=np.nan)


def _of_unit(column: pd.Series, codes: np.ndarray, count: int) -> pd.Series:
    """Return the value of each unit in a column."""
    if column.name in FLAGS:
        values = column.to_numpy(np.float64, na_value=np.nan)
        some = np.bincount(codes, ~np.isnan(values), count) > 0
        flags = (np.bincount(codes, values == 1, count) > 0).astype(np.float64)
        return pd.Series(np.where(some, flags, np.nan)).astype("Int8")
    if column.name == "BIRADS":
        rank = column.map({value: index for index, value in enumerate(BIRADS_ORDER)})
        order = np.argsort(rank.to_numpy(np.float64, na_value=-1), kind="stable")
    else:
        has = column.notna().to_numpy(bool)
        order = np.concatenate([np.flatnonzero(~has), np.flatnonzero(has)[::-1]])
    chosen = np.empty(count, np.intp)
    chosen[codes[order]] = order  # the last assignment remains: the first known value, or the most abnormal BI-RADS
    return column.iloc[chosen].reset_index(drop=True)
