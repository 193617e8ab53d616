"""Evaluations on other data → tables and sentences for display."""

from collections.abc import Mapping, Sequence

import pandas as pd

from mammo_core.documents.estimate import Estimate
from mammo_core.documents.report import EvaluationReport
from mammo_core.documents.store_evaluation import ShareShift, ShiftedShare, StoreEvaluation
from mammo_core.evaluation.tables import MISSING, format_ci, format_share

HOME = "own held-out patients"
NAMES: dict[ShiftedShare, str] = {
    "recall_rate": "recall rate",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "ppv": "PPV1",
}


def elsewhere_table(home: EvaluationReport, evaluations: Mapping[str, EvaluationReport]) -> pd.DataFrame:
    """Return reports on several data as text, side by side.

    Args:
        home: on the model's own held-out patients.
        evaluations: on other data, by their names.

    Returns:
        One row per data set: data, breasts, positive, AUC, and the shares at the threshold, each with its 95 % interval.
    """
    return pd.DataFrame(_row(name, report) for name, report in {HOME: home, **evaluations}.items())


def _row(name: str, report: EvaluationReport) -> dict[str, str]:
    shares = report.operating_point_intervals.by_name()
    return {
        "data": name,
        "breasts": f"{report.n:,}",
        "positive": f"{report.positives:,} ({100 * report.positives / report.n:.1f} %)",
        "AUC": format_ci(report.auc),
        **{title: format_share(shares[measure]) for measure, title in NAMES.items()},
    }


def shift_table(evaluations: Mapping[str, Sequence[ShareShift]]) -> pd.DataFrame:
    """Return how far the shares at the threshold lie from those at home, as text.

    Args:
        evaluations: shifts by the names of the data.

    Returns:
        One row per data set: data, and each share's difference in percentage points with its 95 % interval.
    """
    return pd.DataFrame(
        {"data": name, **{NAMES[shift.measure]: format_points(shift.difference) for shift in shifts}}
        for name, shifts in evaluations.items()
    )


def format_points(difference: Estimate) -> str:
    """Return a difference of shares as text, "+3.0 points (0.5 to 5.5)"."""
    if difference.value is None:
        return MISSING
    value = f"{100 * difference.value:+.1f} points"
    if difference.low is None or difference.high is None:
        return f"{value} (no interval)"
    return f"{value} ({100 * difference.low:.1f} to {100 * difference.high:.1f})"


def describe_shift(evaluation: StoreEvaluation) -> str:
    """State in a sentence or two what the threshold chosen at home does elsewhere."""
    threshold = evaluation.report.operating_point.threshold
    if not evaluation.shift:
        return (
            "These data hold patients of the model's own report, so the threshold's figures can't be compared as those of "
            "other patients."
        )
    shifted = [
        f"the {NAMES[shift.measure]} is {'higher' if shift.difference.value > 0 else 'lower'} by "
        f"{100 * abs(shift.difference.value):.1f} points"
        for shift in evaluation.shift
        if shift.difference.value is not None and _is_clear(shift.difference)
    ]
    text = " and ".join([", ".join(shifted[:-1]), shifted[-1]]) if len(shifted) > 1 else "".join(shifted)
    result = f"{text} than at home" if shifted else "no share is shown to differ from home"
    return (
        f"At the threshold {threshold:.3f}, which was chosen at home, {result}. Recall rate and PPV1 also follow the share of "
        "breasts with cancer."
    )


def _is_clear(difference: Estimate) -> bool:
    """Return whether a difference's interval leaves out 0."""
    return difference.low is not None and difference.high is not None and not difference.low <= 0 <= difference.high
