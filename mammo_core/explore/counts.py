"""Count units, classes, images and missing values.

The steps from biopsy to invasive cancer are counted, too.
"""

import numpy as np
import pandas as pd

from mammo_core.documents.column_words import numeric_order
from mammo_core.documents.explore_summary import AgeByLabel, ExploreSummary, PositiveCounts
from mammo_core.documents.units import UNITS, Unit
from mammo_core.explore.ages import describe_ages
from mammo_core.explore.rates import wilson
from mammo_core.explore.units import NOT_ATTRIBUTES, add_missing_columns, by_unit, has_values, identity_of, labels


def summary(table: pd.DataFrame) -> ExploreSummary:
    """Return the statistics that `mammo explore` prints, of a catalogue's table."""
    table = add_missing_columns(table)
    classes = class_counts(table).set_index("unit")
    totals = {f"{unit}s": int(classes.loc[unit, "total"]) for unit in UNITS}
    labelled = has_values(table, "cancer")
    positive = {f"{unit}s": int(classes.loc[unit, "positive"]) if labelled else None for unit in UNITS}
    return ExploreSummary(
        **totals,
        positive=PositiveCounts(**positive),
        age=AgeByLabel(negative=describe_ages(table, 0), positive=describe_ages(table, 1)),
        views=counts(table["view"]),
        sites=counts(table["site_id"]),
        machines=counts(table["machine_id"]),
        density=counts(table["density"]),
        birads=counts(table["BIRADS"]),
        missing={str(name): int(number) for name, number in table.isna().sum().items() if name != "left_out"},
        left_out=counts(table["left_out"]) if "left_out" in table else {},
    )


def counts(column: pd.Series) -> dict[str, int]:
    """Count the known values of a column, the most frequent first."""
    return {str(value): int(number) for value, number in column.value_counts().items()}


def class_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Count the classes of each unit.

    Returns:
        One row per unit: unit, total, negative, positive, unlabelled, share of positives, and low and high of its
        95 % interval. The interval allows for patients having several images and breasts (see `rates.wilson`).
    """
    rows = []
    for unit in UNITS:
        units = by_unit(identity_of(add_missing_columns(table), "cancer"), unit)
        label = labels(units)
        low, high = wilson(units["patient_id"].to_numpy(), label)
        negative, positive = int((label == 0).sum()), int((label == 1).sum())
        rows.append((unit, len(units), negative, positive, int(np.isnan(label).sum()), low, high))
    table = pd.DataFrame(rows, columns=["unit", "total", "negative", "positive", "unlabelled", "low", "high"])
    return table.assign(share=table["positive"] / (table["negative"] + table["positive"]).replace(0, np.nan))


def images_per_unit(table: pd.DataFrame, unit: Unit) -> pd.DataFrame:
    """Count patients or breasts by their number of images.

    Breasts are counted if they are the unit, else patients.

    Returns:
        The columns images and number.
    """
    units = by_unit(identity_of(table), "breast" if unit == "breast" else "patient")
    number = units["images"].value_counts().sort_index()
    return pd.DataFrame({"images": number.index.to_numpy(), "number": number.to_numpy()})


def missing_by_site(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the share of missing values by column and site.

    Returns:
        A row for each column of the table, and a column for each site, "all" first.
    """
    names = [name for name in rows.columns if name not in NOT_ATTRIBUTES]
    absent = rows[names].isna()
    parts = {"all": absent.mean()}
    if has_values(rows, "site_id"):
        sites = rows["site_id"].astype("str")
        parts |= {
            f"site {site}": absent[sites == site].mean() for site in sorted(sites.dropna().unique(), key=numeric_order)
        }
    return pd.DataFrame(parts)


def funnel(rows: pd.DataFrame) -> pd.DataFrame:
    """Count the units at each step from biopsy to invasive cancer.

    The steps are all units, those with a biopsy, those of them with cancer, and those with invasive cancer.

    Returns:
        The columns step and number.
    """
    biopsy = rows["biopsy"].eq(1).fillna(False)
    cancer = biopsy & rows["cancer"].eq(1).fillna(False)
    invasive = cancer & rows["invasive"].eq(1).fillna(False)
    numbers = [len(rows), int(biopsy.sum()), int(cancer.sum()), int(invasive.sum())]
    return pd.DataFrame({"step": ["all", "biopsy", "cancer", "invasive"], "number": numbers})


def difficult_negatives(rows: pd.DataFrame) -> pd.DataFrame:
    """Count positives, difficult negatives and other negatives by site.

    Without sites, there is one row "all".
    """
    sites = rows["site_id"].astype("str") if has_values(rows, "site_id") else pd.Series("all", index=rows.index)
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
