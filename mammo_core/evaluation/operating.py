"""Operating points: the threshold from which a breast is recalled."""

from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_curve, roc_curve

from mammo_core.documents.units import Unit
from mammo_core.errors import ConfigError, DataError
from mammo_core.evaluation.units import to_unit

Policy = Literal["specificity_90", "sensitivity_90", "best_f1", "recall_10"]
POLICIES: dict[Policy, str] = {
    "specificity_90": "90 % specificity",
    "sensitivity_90": "90 % sensitivity",
    "best_f1": "best F1",
    "recall_10": "10 % recall rate",
}
READERS = {  # of the Breast Cancer Surveillance Consortium (Lehman et al. 2017)
    "sensitivity": 0.869,
    "specificity": 0.889,
    "recall_rate": 0.116,
    "ppv": 0.044,
    "found": 5.1,
}
PREVALENCES = {"RSNA": 0.0206, "screening": 0.005}  # share of breasts in the RSNA data; of screens in a population


def choose_threshold(predictions: pd.DataFrame, policy: Policy, unit: Unit = "breast") -> float:
    """Choose the threshold by a policy, on validation predictions.

    Args:
        predictions: one row an image, see `mammo_core.evaluation.units`.
        policy: at least 90 % specificity; at least 90 % sensitivity; the best F1; or at most 10 % recalled.
        unit: that is recalled.

    Returns:
        A probability; a unit whose probability reaches it is recalled.

    Raises:
        DataError: there is only one class.
        ConfigError: there is no such policy.
    """
    table = to_unit(predictions, unit)
    y, p = table["label"].to_numpy(int), table["probability"].to_numpy(float)
    if len(np.unique(y)) < 2:
        raise DataError("An operating point needs positive and negative examples to be chosen on.")
    false_positive, true_positive, thresholds = roc_curve(y, p, drop_intermediate=False)
    if policy == "specificity_90":
        chosen = thresholds[np.flatnonzero(false_positive <= 0.10)[-1]]
    elif policy == "sensitivity_90":
        chosen = thresholds[np.flatnonzero(true_positive >= 0.90)[0]]
    elif policy == "best_f1":
        precision, recall, cuts = precision_recall_curve(y, p)
        chosen = cuts[int(np.argmax((2 * precision * recall / np.maximum(precision + recall, 1e-12))[:-1]))]
    elif policy == "recall_10":
        recalled = np.array([(p >= cut).mean() for cut in thresholds])
        chosen = thresholds[np.flatnonzero(recalled <= 0.10)[-1]]
    else:
        raise ConfigError(f"There is no operating policy {policy!r}.")
    return float(min(chosen, 1.0))


def at_threshold(table: pd.DataFrame, threshold: float) -> dict[str, Any]:
    """Describe an operating point.

    Args:
        table: one row a unit, with label and probability.
        threshold: a unit whose probability reaches it is recalled.

    Returns:
        threshold, sensitivity, specificity, recall_rate and ppv in [0, 1] (None where there is nothing to divide by), and
        the confusion matrix's counts tp, fp, tn, fn.
    """
    positive = table["label"].to_numpy(int) == 1
    recalled = table["probability"].to_numpy(float) >= threshold
    tp, fp = int((recalled & positive).sum()), int((recalled & ~positive).sum())
    fn, tn = int((~recalled & positive).sum()), int((~recalled & ~positive).sum())
    return {
        "threshold": threshold,
        "sensitivity": _share(tp, tp + fn),
        "specificity": _share(tn, tn + fp),
        "recall_rate": _share(tp + fp, len(table)),
        "ppv": _share(tp, tp + fp),
        "confusion": {"tp": tp, "fp": fp, "tn": tn, "fn": fn},
    }


def _share(part: float, total: float) -> float | None:
    return part / total if total else None


def outcomes(units: pd.DataFrame, threshold: float, label: int, recalled: bool) -> pd.DataFrame:
    """Return the units of one cell of the confusion matrix, those that surprise most first.

    Args:
        units: one row a unit, with label and probability.
        threshold: the operating point.
        label: 0 or 1.
        recalled: whether the probability reaches the threshold.
    """
    chosen = units[(units["label"] == label) & ((units["probability"] >= threshold) == recalled)]
    return chosen.sort_values("probability", ascending=label == 1).reset_index(drop=True)


def per_thousand(point: dict[str, Any], prevalence: float) -> dict[str, float | None]:
    """Return what an operating point does in 1,000 screens at a prevalence.

    Args:
        point: see `at_threshold`.
        prevalence: share of screens with a cancer, in [0, 1].

    Returns:
        recalled, found and missed in 1,000 screens, and ppv in [0, 1]; None where the point's shares aren't defined.
    """
    sensitivity, specificity = point["sensitivity"], point["specificity"]
    if sensitivity is None or specificity is None:
        return dict.fromkeys(("recalled", "found", "missed", "ppv"))
    found = 1000 * prevalence * sensitivity
    alarms = 1000 * (1 - prevalence) * (1 - specificity)
    return {
        "recalled": found + alarms,
        "found": found,
        "missed": 1000 * prevalence - found,
        "ppv": _share(found, found + alarms),
    }


def place_among(validation: pd.DataFrame, probability: float, unit: Unit) -> str:
    """Say where a probability lies among validation units with and without cancer.

    Args:
        validation: one row an image, with label and probability.
        probability: in [0, 1].
        unit: that it belongs to.
    """
    units = to_unit(validation, unit)
    shares = (float((part["probability"] < probability).mean()) for _, part in units.groupby("label"))
    negative, positive = (f"{100 * share:.0f} %" for share in shares)
    return f"Above {negative} of validation {unit}s without cancer, and {positive} of those with."
