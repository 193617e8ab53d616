"""How many: units, classes, images a unit, missing values, the way from biopsy to invasive cancer."""

from typing import Any

import numpy as np
import pandas as pd

from mammo_core.documents.units import UNITS, Unit
from mammo_core.explore.ages import LABELS, describe_ages
from mammo_core.explore.rates import wilson
from mammo_core.explore.units import by_unit, complete, known, labels


def summary(table: pd.DataFrame) -> dict[str, Any]:
    """Return the statistics that the command line prints.

    Returns:
        images, breasts, patients; positive = {images, breasts, patients} (None without labels); age = {negative,
        positive} each {n, mean, median, std} in years over images (0 and None where there are none; std with n - 1);
        views, sites, machines, density, birads as counts of images; missing as a count of images by column. A column
        that the table lacks counts as missing everywhere. Safe for JSON.
    """
    table = complete(table)
    classes = class_counts(table).set_index("unit")
    labelled = known(table, "cancer")
    return {
        **{f"{unit}s": int(classes.loc[unit, "total"]) for unit in UNITS},
        "positive": {f"{unit}s": int(classes.loc[unit, "positive"]) if labelled else None for unit in UNITS},
        "age": {name: describe_ages(table, label) for label, name in LABELS.items()},
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
    """Return unit, total, negative, positive, unlabelled, share of positives and its 95 % interval, a row a unit.

    The interval of images and breasts takes account of patients having several (see `rates.wilson`).
    """
    rows = []
    for unit in UNITS:
        units = by_unit(complete(table)[["patient_id", "laterality", "cancer"]], unit)
        label = labels(units)
        low, high = wilson(units["patient_id"].to_numpy(), label)
        negative, positive = int((label == 0).sum()), int((label == 1).sum())
        rows.append((unit, len(units), negative, positive, int(np.isnan(label).sum()), low, high))
    table = pd.DataFrame(rows, columns=["unit", "total", "negative", "positive", "unlabelled", "low", "high"])
    return table.assign(share=table["positive"] / (table["negative"] + table["positive"]).replace(0, np.nan))


def images_per_unit(table: pd.DataFrame, unit: Unit) -> pd.DataFrame:
    """Return images and number: how many patients (breasts, if these are the unit) have so many images."""
    units = by_unit(table[["patient_id", "laterality"]], "breast" if unit == "breast" else "patient")
    number = units["images"].value_counts().sort_index()
    return pd.DataFrame({"images": number.index.to_numpy(), "number": number.to_numpy()})


def missing_by_site(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the share of rows without a value, a row a column of the data set and a column a site, "all" first."""
    names = [name for name in rows.columns if name not in {"patient_id", "image_id", "images", "file"}]
    absent = rows[names].isna()
    parts = {"all": absent.mean()}
    if known(rows, "site_id"):
        sites = rows["site_id"].astype("str")
        parts |= {
            f"site {site}": absent[sites == site].mean() for site in sorted(sites.dropna().unique(), key=_natural)
        }
    return pd.DataFrame(parts)


def funnel(rows: pd.DataFrame) -> pd.DataFrame:
    """Return step and number: all units, those with a biopsy, with cancer found by one, and invasive ones of these."""
    biopsy = rows["biopsy"].eq(1).fillna(False)
    cancer = biopsy & rows["cancer"].eq(1).fillna(False)
    invasive = cancer & rows["invasive"].eq(1).fillna(False)
    numbers = [len(rows), int(biopsy.sum()), int(cancer.sum()), int(invasive.sum())]
    return pd.DataFrame({"step": ["all", "biopsy", "cancer", "invasive"], "number": numbers})


def difficult_negatives(rows: pd.DataFrame) -> pd.DataFrame:
    """Return site, positive, difficult (negatives) and other (negatives), a row a site; one row "all" without sites."""
    sites = rows["site_id"].astype("str") if known(rows, "site_id") else pd.Series("all", index=rows.index)
    positive = rows["cancer"].eq(1).fillna(False)
    negative = rows["cancer"].eq(0).fillna(False)
    difficult = rows["difficult_negative_case"].eq(1).fillna(False)
    kinds = pd.DataFrame(
        {
            "positive": positive & ~difficult,
            "difficult positive": positive & difficult,
            "difficult negative": negative & difficult,
            "other negative": negative & ~difficult,
        }
    )
    return kinds.groupby(sites.fillna("not known").to_numpy()).sum().reset_index(names="site")


def _natural(value: str) -> tuple[int, str]:
    return (int(value), "") if value.isdigit() else (10**9, value)
