"""A catalogue's table → statistics: counts by unit, ages by label, rates by group, what is missing.

A breast is a patient and a laterality; it is positive if any of its images is, and a patient if any of theirs is. A unit's
other attributes are the first known ones among its images.
"""

from typing import Any, Literal

import numpy as np
import pandas as pd

Unit = Literal["image", "breast", "patient"]
UNITS: tuple[Unit, ...] = ("image", "breast", "patient")
KEYS: dict[Unit, list[str]] = {
    "image": ["image_id"],
    "breast": ["patient_id", "laterality"],
    "patient": ["patient_id"],
}
AGE_EDGES = np.arange(25, 95, 5)  # years


def by_unit(table: pd.DataFrame, unit: Unit) -> pd.DataFrame:
    """Return one row a unit; cancer is 1 if any image's is, other columns take their first known value."""
    if unit == "image":
        return table
    return table.groupby(KEYS[unit], as_index=False, sort=False).agg(
        {name: "max" if name == "cancer" else "first" for name in table.columns if name not in KEYS[unit]}
    )


def summary(table: pd.DataFrame) -> dict[str, Any]:
    """Return the statistics that the command line prints.

    Returns:
        images, breasts, patients; positive by unit (None without labels); age by label at image level; views, sites, machines,
        density and birads as counts of images; missing as counts by column. Safe for JSON.
    """
    labelled = bool(table["cancer"].notna().any())
    units = {unit: by_unit(table[[*{"image_id", *KEYS["breast"], "cancer"}]], unit) for unit in UNITS}
    return {
        "images": len(units["image"]),
        "breasts": len(units["breast"]),
        "patients": len(units["patient"]),
        "positive": {f"{unit}s": _positives(rows, labelled) for unit, rows in units.items()},
        "age": {
            name: _age(table.loc[table["cancer"] == label, "age"])
            for label, name in ((0, "negative"), (1, "positive"))
        },
        "views": counts(table["view"]),
        "sites": counts(table["site_id"]),
        "machines": counts(table["machine_id"]),
        "density": counts(table["density"]),
        "birads": counts(table["BIRADS"]),
        "missing": {str(name): int(number) for name, number in table.isna().sum().items()},
    }


def counts(column: pd.Series) -> dict[str, int]:
    """Return how often each known value stands in a column, the most frequent first."""
    return {str(value): int(number) for value, number in column.value_counts().items()}


def class_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Return unit, total, negative, positive and the share of positives, a row a unit."""
    rows = []
    for unit in UNITS:
        cancer = by_unit(table[[*{"image_id", *KEYS["breast"], "cancer"}]], unit)["cancer"]
        positive, known = int(cancer.sum()), int(cancer.notna().sum())
        rows.append({"unit": unit, "total": len(cancer), "negative": known - positive, "positive": positive})
    table = pd.DataFrame(rows)
    return table.assign(share=table["positive"] / (table["negative"] + table["positive"]).replace(0, np.nan))


def age_histogram(rows: pd.DataFrame) -> pd.DataFrame:
    """Return age_from, age_to (years), label, number and share of that label, with bins of five years for both labels."""
    parts = []
    for label, name in ((0, "negative"), (1, "positive")):
        ages = rows.loc[(rows["cancer"] == label) & rows["age"].notna(), "age"].to_numpy(float)
        number, _ = np.histogram(np.clip(ages, AGE_EDGES[0], AGE_EDGES[-1] - 0.1), AGE_EDGES)
        share = number / max(len(ages), 1)
        parts.append(
            pd.DataFrame(
                {
                    "age_from": AGE_EDGES[:-1],
                    "age_to": AGE_EDGES[1:],
                    "label": name,
                    "number": number,
                    "share": share,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def age_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return unit, label, n, mean, median and standard deviation of the ages (years), a row a unit and label."""
    rows = []
    for unit in UNITS:
        units = by_unit(table[[*{"image_id", *KEYS["breast"], "cancer", "age"}]], unit)
        for label, name in ((0, "negative"), (1, "positive")):
            rows.append({"unit": unit, "label": name, **_age(units.loc[units["cancer"] == label, "age"])})
    return pd.DataFrame(rows)


def rate_by(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the share of positives by the values of a column, with a 95 % interval (Wilson 1927).

    Returns:
        value, n, positives, rate, low, high; the largest groups first.
    """
    known = rows[rows["cancer"].notna() & rows[column].notna()]
    grouped = (
        known.groupby(known[column].astype("str"))["cancer"]
        .agg(n="count", positives="sum")
        .reset_index(names="value")
    )
    n, positives = grouped["n"].to_numpy(float), grouped["positives"].to_numpy(float)
    z = 1.959964
    centre = (positives + z**2 / 2) / (n + z**2)
    reach = z / (n + z**2) * np.sqrt(positives * (n - positives) / n + z**2 / 4)
    grouped = grouped.assign(rate=positives / n, low=centre - reach, high=centre + reach)
    return grouped.sort_values("n", ascending=False, ignore_index=True)


def _positives(rows: pd.DataFrame, labelled: bool) -> int | None:
    return int(rows["cancer"].sum()) if labelled else None


def _age(ages: pd.Series) -> dict[str, Any]:
    known = ages.dropna()
    return {
        "n": len(known),
        "mean": float(known.mean()) if len(known) else None,
        "median": float(known.median()) if len(known) else None,
        "std": float(known.std(ddof=1)) if len(known) > 1 else None,
    }
