"""Reports → the tables that people read: numbers with their intervals as text."""

from typing import Any

import pandas as pd

from mammo_core.evaluation.operating import READERS, at_threshold, per_thousand
from mammo_core.evaluation.report import FIGURES, NAMES

TITLES = {
    "auc": "ROC AUC",
    "average_precision": "Average precision",
    "sensitivity_at_90_specificity": "Sensitivity at 90 % specificity",
    "partial_auc": "Partial AUC, specificity ≥ 90 %",
    "brier": "Brier score (lower is better)",
    "raw": "pF1, probabilities as they are",
    "best": "pF1 at its best threshold",
    "at_threshold": "pF1 at the operating point",
}
POINT = {
    "sensitivity": "Sensitivity at the operating point",
    "specificity": "Specificity at the operating point",
    "recall_rate": "Recall rate at the operating point",
    "ppv": "PPV1 at the operating point",
}
NOTHING = "–"


def report_table(document: dict[str, Any]) -> pd.DataFrame:
    """Return measure, model, and each baseline beside it, as text with 95 % intervals.

    Args:
        document: of one unit, see `report.evaluate_unit`.
    """
    baselines = document["baselines"]
    always = baselines["prevalence"]
    rows = [(TITLES[name], format_ci(document[name])) for name in FIGURES]
    rows += [(TITLES[name], format_ci(figure)) for name, figure in document["pf1_intervals"].items()]
    rows += [(POINT[name], format_ci(figure)) for name, figure in document["operating_point_intervals"].items()]
    rows.append(("Accuracy at the operating point", f"{document['accuracy']:.3f}"))
    table = pd.DataFrame(rows, columns=["measure", "this model"]).set_index("measure")
    table["always “negative”"] = NOTHING
    table.loc[TITLES["auc"], "always “negative”"] = f"{always['auc']:.3f}"
    table.loc[TITLES["average_precision"], "always “negative”"] = f"{always['average_precision']:.3f}"
    table.loc["Accuracy at the operating point", "always “negative”"] = f"{always['accuracy']:.3f}"
    for name, title in NAMES.items():
        if baselines.get(name):
            table[title] = NOTHING
            for figure in ("auc", "average_precision"):
                table.loc[TITLES[figure], title] = format_ci(baselines[name][figure])
    return table.reset_index()


def comparison_table(documents: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Return model, what it was judged on, and each figure of merit as text with its 95 % interval, a row a model.

    Args:
        documents: reports by the models' names, see `report.evaluate`.
    """
    return pd.DataFrame(
        {
            "model": name,
            "judged on": f"{document['n']:,} {document['unit']}s, {document['positives']:,} positive",
            **{TITLES[figure]: format_ci(document[figure]) for figure in FIGURES},
        }
        for name, document in documents.items()
    )


def subgroup_table(document: dict[str, Any]) -> pd.DataFrame:
    """Return attribute, group, unit, n, positives and AUC as text, "too few" where there is none."""
    table = pd.DataFrame(document["subgroups"])
    if table.empty:
        return table
    return table.assign(auc=[format_ci(auc) if auc else "too few" for auc in table["auc"]]).rename(
        columns={"auc": "AUC"}
    )


def operating_table(units: pd.DataFrame, threshold: float, prevalence: float) -> pd.DataFrame:
    """Return what an operating point means, beside what readers do: measure, this model, readers (BCSC).

    Args:
        units: one row a unit, with label and probability.
        threshold: from which a unit is recalled.
        prevalence: of cancer for the figures in 1,000 screens and the predictive value, in [0, 1].
    """
    point = at_threshold(units, threshold)
    screens = per_thousand(point, prevalence)
    rows = [
        ("Sensitivity", _percent(point["sensitivity"]), _percent(READERS["sensitivity"])),
        ("Specificity", _percent(point["specificity"]), _percent(READERS["specificity"])),
        ("Recalled, in 1,000", _number(screens["recalled"]), _number(1000 * READERS["recall_rate"])),
        ("Cancers found, in 1,000", _number(screens["found"]), _number(READERS["found"])),
        ("Cancers missed, in 1,000", _number(screens["missed"]), NOTHING),
        ("PPV1", _percent(screens["ppv"]), _percent(READERS["ppv"])),
    ]
    return pd.DataFrame(rows, columns=["measure", "this model", "readers (BCSC)"])


def format_ci(figure: dict[str, float | None]) -> str:
    """Return "0.830 (0.790–0.870)"."""
    if figure["value"] is None:
        return NOTHING
    if figure["low"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} ({figure['low']:.3f}–{figure['high']:.3f})"


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{100 * share:.1f} %"


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1f}"
