"""Reports → tables for display: figures with their intervals as text."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from mammo_core.documents.column_words import name_value
from mammo_core.documents.estimate import Estimate
from mammo_core.documents.report import EvaluationReport, Subgroup, UnitReport
from mammo_core.evaluation.operating import READERS, at_threshold, per_thousand
from mammo_core.evaluation.report import BASELINE_NAMES, NO_INTERVAL, operating_intervals

TITLES = {
    "auc": "ROC AUC",
    "average_precision": "Average precision",
    "sensitivity_at_90_specificity": "Sensitivity at 90 % specificity",
    "partial_auc": "Partial AUC, specificity ≥ 90 %",
    "brier": "Brier score (lower is better)",
    "raw": "pF1, probabilities as they are",
    "best": "pF1 at its best threshold",
    "at_threshold": "pF1 at the operating point",
    "sensitivity": "Sensitivity at the operating point",
    "specificity": "Specificity at the operating point",
    "recall_rate": "Recall rate at the operating point",
    "ppv": "PPV1 at the operating point",
    "accuracy": "Accuracy at the operating point",
}
MEANINGS = {  # of each measure, in one line
    "auc": "chance that a positive has a higher probability than a negative; 0.5 is guessing",
    "average_precision": "mean precision over all recall thresholds; the prevalence is guessing",
    "sensitivity_at_90_specificity": "share of positives recalled where 90 % of the negatives are not",
    "partial_auc": "AUC within the part of the curve that screening uses, scaled so that 0.5 is guessing",
    "brier": "mean squared error of the probabilities",
    "raw": "probabilistic F1 of RSNA's competition",
    "best": "the same, of decisions, at the threshold that makes it highest",
    "at_threshold": "the same, of decisions, at the operating point",
    "sensitivity": "share of positives that are recalled",
    "specificity": "share of negatives that are not recalled",
    "recall_rate": "share of all that are recalled",
    "ppv": "share of the recalled that are positive",
    "accuracy": "share of right decisions; always “negative” reaches the share of negatives",
}
FIRST_MEASURES = ("auc", "average_precision", "sensitivity", "specificity", "recall_rate", "ppv")
MEANING = "meaning"
MODEL, CONSTANT = "this model", "always “negative”"
IMAGE_AND_AGE = "this model with age"
MISSING = "–"
SMALLEST_P_VALUE = 0.001  # smaller ones are shown as such
ALPHA = 0.05  # corrected p values below it count as a difference


def report_table(report: UnitReport) -> pd.DataFrame:
    """Return the figures of a report and its baselines as text, with intervals.

    Returns:
        One row per figure: measure, the model, the constant prediction, each known baseline, and the model with age.
    """
    figures = report.figures_of_merit() | report.pf1_intervals.by_name() | report.operating_point_intervals.by_name()
    columns = {MODEL: {name: format_ci(figure) for name, figure in figures.items()}}
    columns[MODEL]["accuracy"] = f"{report.accuracy:.3f}"
    constant = report.baselines.prevalence
    columns[CONSTANT] = {
        "auc": f"{constant.auc:.3f}",
        "average_precision": f"{constant.average_precision:.3f}",
        "accuracy": f"{constant.accuracy:.3f}",
    }
    compared = {BASELINE_NAMES[name]: baseline for name, baseline in report.baselines.known().items()}
    if report.baselines.image_and_age is not None:
        compared[IMAGE_AND_AGE] = report.baselines.image_and_age
    for name, baseline in compared.items():
        columns[name] = {
            "auc": format_ci(baseline.auc),
            "average_precision": format_ci(baseline.average_precision),
        }
    table = pd.DataFrame(columns, index=list(columns[MODEL])).fillna(MISSING)
    return table.rename(index=TITLES).rename_axis("measure").reset_index()


def divide_measures(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Divide a `report_table` into the first measures and the others.

    The others have their meaning beside them. Columns without any value are left out.
    """
    names = {title: name for name, title in TITLES.items()}
    explained = table.assign(**{MEANING: [MEANINGS[names[title]] for title in table["measure"]]})
    first = table["measure"].isin([TITLES[name] for name in FIRST_MEASURES])
    return _with_values(table[first]), _with_values(explained[~first])


def explain_measures() -> pd.DataFrame:
    """Return the meaning of each of the first measures, as measure and meaning."""
    rows = [(TITLES[name], MEANINGS[name]) for name in FIRST_MEASURES]
    return pd.DataFrame(rows, columns=["measure", MEANING])


def _with_values(table: pd.DataFrame) -> pd.DataFrame:
    return table.loc[:, (table != MISSING).any()].reset_index(drop=True)


def comparison_table(reports: Mapping[str, EvaluationReport]) -> pd.DataFrame:
    """Return the figures of merit of several models as text, with 95 % intervals.

    Args:
        reports: by the models' names.

    Returns:
        One row per model: model, what it was evaluated on, and each figure of merit.
    """
    return pd.DataFrame(
        {
            "model": name,
            "evaluated on": f"{report.n:,} {report.unit}s, {report.positives:,} positive",
            **{TITLES[figure]: format_ci(value) for figure, value in report.figures_of_merit().items()},
        }
        for name, report in reports.items()
    )


def split_few(subgroups: Sequence[Subgroup]) -> tuple[tuple[Subgroup, ...], int]:
    """Return the subgroups with an AUC, and the number of those that are too small."""
    large = tuple(row for row in subgroups if row.auc is not None)
    return large, len(subgroups) - len(large)


def describe_few(few: int) -> str:
    """State how many subgroups are too small; whatever their units are."""
    return "1 group is too small for an AUC" if few == 1 else f"{few:,} groups are too small for an AUC"


def subgroup_table(subgroups: tuple[Subgroup, ...]) -> pd.DataFrame:
    """Return subgroups as text.

    Returns:
        One row per group: attribute, group, unit, n, positives and AUC, "too few" where there is none; and where groups were
        compared, the difference of the AUC from that of all others with its corrected p value.
    """
    compared = any(row.difference is not None for row in subgroups)
    return pd.DataFrame(
        {
            "attribute": name_attribute(row.attribute),
            "group": name_value(row.attribute, row.group),
            "unit": row.unit,
            "n": row.n,
            "positives": row.positives,
            "AUC": format_ci(row.auc) if row.auc else "too few",
            **(_difference_cells(row) if compared else {}),
        }
        for row in subgroups
    )


def name_attribute(attribute: str) -> str:
    """Return an attribute's name for readers, such as "site" for site_id."""
    return attribute.removesuffix("_id").replace("_", " ")


def _difference_cells(row: Subgroup) -> dict[str, str]:
    return {
        "ΔAUC to the rest": format_difference(row.difference) if row.difference else "too few",
        "p, corrected": MISSING if row.p_value is None else format_p_value(row.p_value),
    }


def format_p_value(value: float) -> str:
    """Return a p value as text, "0.031" or "< 0.001"."""
    return "< 0.001" if value < SMALLEST_P_VALUE else f"{value:.3f}"


def describe_differences(subgroups: Sequence[Subgroup]) -> str:
    """State in a sentence or two which groups differ from all others.

    It quotes the groups' names.
    """
    tested = [row for row in subgroups if row.p_value is not None]
    if not tested:
        return "Too few units to compare a group with the rest."
    different = [row for row in tested if row.p_value is not None and row.p_value < ALPHA]
    number = "1 group was" if len(tested) == 1 else f"{len(tested):,} groups were"
    compared = f"{number} compared with the rest, and p values corrected for their number (Holm)."
    if not different:
        return f"No group is shown to differ from the rest. {compared}"
    named = [
        f"{name_attribute(row.attribute)} {name_value(row.attribute, row.group)} "
        f"(ΔAUC {row.difference.value:.3f}, p {_with_sign(row.p_value)})"
        for row in different
        if row.difference is not None and row.p_value is not None
    ]
    return f"Different from the rest: {'; '.join(named)}. {compared}"


def _with_sign(p_value: float) -> str:
    text = format_p_value(p_value)
    return text if text.startswith("<") else f"= {text}"


def operating_table(units: pd.DataFrame, thresholds: Mapping[str, float], prevalence: float) -> pd.DataFrame:
    """Return what operating points mean in screening, compared with radiologists.

    Args:
        units: one row per unit, with patient_id, label and probability.
        thresholds: by name of their column; a unit whose probability reaches a threshold is recalled.
        prevalence: of cancer for the figures in 1,000 screens and the predictive value, in [0, 1].

    Returns:
        One row per figure: measure, each operating point with 95 % intervals, readers (BCSC). The last rows are the
        confusion matrix.
    """
    measures = {
        "Sensitivity": _percent(READERS["sensitivity"]),
        "Specificity": _percent(READERS["specificity"]),
        "Recalled, in 1,000": _number(1000 * READERS["recall_rate"]),
        "Cancers detected, in 1,000": _number(READERS["detected"]),
        "Cancers missed, in 1,000": MISSING,
        "PPV1": _percent(READERS["ppv"]),
        "With cancer: recalled, missed": MISSING,
        "Without: recalled, not recalled": MISSING,
    }
    points = {name: _describe_point(units, threshold, prevalence) for name, threshold in thresholds.items()}
    return pd.DataFrame({"measure": list(measures), **points, "readers (BCSC)": list(measures.values())})


def _describe_point(units: pd.DataFrame, threshold: float, prevalence: float) -> list[str]:
    """Return the column of an operating point.

    Where sensitivity and specificity both count, the interval joins the ends of theirs, so it is rather too wide.
    """
    cells = at_threshold(units, threshold).confusion
    shares = operating_intervals(units, threshold)
    sensitivity, specificity = shares.sensitivity, shares.specificity
    screens = per_thousand(sensitivity.value, specificity.value, prevalence)
    both_low = per_thousand(sensitivity.low, specificity.low, prevalence)
    both_high = per_thousand(sensitivity.high, specificity.high, prevalence)
    few = per_thousand(sensitivity.low, specificity.high, prevalence)
    many = per_thousand(sensitivity.high, specificity.low, prevalence)
    return [
        format_share(sensitivity),
        format_share(specificity),
        _with_interval(Estimate(value=screens.recalled, low=few.recalled, high=many.recalled), _number),
        _with_interval(Estimate(value=screens.detected, low=few.detected, high=many.detected), _number),
        _with_interval(Estimate(value=screens.missed, low=many.missed, high=few.missed), _number),
        format_share(Estimate(value=screens.ppv, low=both_low.ppv, high=both_high.ppv)),
        f"{cells.tp:,}, {cells.fn:,}",
        f"{cells.fp:,}, {cells.tn:,}",
    ]


def format_ci(figure: Estimate) -> str:
    """Return an estimate as text, "0.830 (0.790–0.870)" or "0.830 (no interval)"."""
    return _with_interval(figure, lambda value: f"{value:.3f}")


def format_difference(figure: Estimate) -> str:
    """Return a difference as text, "-0.100 (-0.200 to -0.010)"."""
    if figure.value is None:
        return MISSING
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f} ({NO_INTERVAL})"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def format_interval(figure: Estimate) -> str:
    """Return an estimate's interval, "95 % interval 0.790–0.870" or "no interval"."""
    if figure.low is None or figure.high is None:
        return NO_INTERVAL
    return f"95 % interval {figure.low:.3f}–{figure.high:.3f}"


def format_share(figure: Estimate) -> str:
    """Return a share as text, "80.0 % (49.0–94.3)" or "80.0 % (no interval)"."""
    return _with_interval(figure, lambda value: f"{100 * value:.1f}", " %")


def _with_interval(figure: Estimate, text: Callable[[float], str], unit: str = "") -> str:
    if figure.value is None:
        return MISSING
    if figure.low is None or figure.high is None:
        return f"{text(figure.value)}{unit} ({NO_INTERVAL})"
    return f"{text(figure.value)}{unit} ({text(figure.low)}–{text(figure.high)})"


def _percent(share: float | None) -> str:
    return MISSING if share is None else f"{100 * share:.1f} %"


def _number(value: float | None) -> str:
    return MISSING if value is None else f"{value:.1f}"
