"""Operating points: the threshold from which a breast is recalled."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_curve, roc_curve

from mammo_core.documents.operating_point import Policy
from mammo_core.documents.report import ConfusionMatrix, OperatingPointFigures
from mammo_core.documents.units import Unit
from mammo_core.errors import ConfigError, DataError
from mammo_core.evaluation.units import to_unit

POLICIES: dict[Policy, str] = {
    "specificity_90": "90 % specificity",
    "sensitivity_90": "90 % sensitivity",
    "best_f1": "best F1",
    "recall_10": "10 % recall rate",
}
READERS = {  # radiologists of the Breast Cancer Surveillance Consortium (Lehman et al. 2017)
    "sensitivity": 0.869,
    "specificity": 0.889,
    "recall_rate": 0.116,
    "ppv": 0.044,
    "detected": 5.1,  # cancers in 1,000 screens
}
PREVALENCES = {
    "RSNA": 0.0206,  # share of the breasts with cancer
    "screening": 0.005,  # share of the screens of a population
}


def to_per_thousand(share: float) -> float:
    """Return a share in [0, 1] as a number in 1,000."""
    return 1000 * share


def from_per_thousand(number: float) -> float:
    """Return a number in 1,000 as a share in [0, 1]."""
    return number / 1000


@dataclass(frozen=True)
class ScreeningOutcome:
    """What an operating point does in 1,000 screens; None where it is not defined.

    Attributes:
        recalled: screens that are recalled.
        detected, missed: screens with cancer that are recalled, and those that are not.
        ppv: share of the recalled screens with cancer, in [0, 1].
    """

    recalled: float | None
    detected: float | None
    missed: float | None
    ppv: float | None


def choose_threshold(predictions: pd.DataFrame, policy: Policy, unit: Unit = "breast") -> float:
    """Choose a threshold by a policy, on validation predictions.

    Args:
        predictions: one row per image, see `mammo_core.evaluation.units`.
        policy: at least 90 % specificity; at least 90 % sensitivity; the best F1; or at most 10 % recalled.
        unit: what is recalled.

    Returns:
        A probability, or a score where the predictions are no probabilities; a unit that reaches it is recalled.

    Raises:
        DataError: the predictions hold one class only.
        ConfigError: the policy is unknown.
    """
    table = to_unit(predictions, unit)
    y, p = table["label"].to_numpy(int), table["probability"].to_numpy(float)
    if len(np.unique(y)) < 2:
        raise DataError("An operating point can only be chosen on positive and negative examples.")
    false_positive, true_positive, thresholds = roc_curve(y, p, drop_intermediate=False)
    if policy == "specificity_90":
        chosen = thresholds[np.flatnonzero(false_positive <= 0.10)[-1]]
    elif policy == "sensitivity_90":
        chosen = thresholds[np.flatnonzero(true_positive >= 0.90)[0]]
    elif policy == "best_f1":
        precision, sensitivity, thresholds = precision_recall_curve(y, p)
        chosen = thresholds[
            int(np.argmax((2 * precision * sensitivity / np.maximum(precision + sensitivity, 1e-12))[:-1]))
        ]
    elif policy == "recall_10":
        recall_rate = np.array([(p >= threshold).mean() for threshold in thresholds])
        chosen = thresholds[np.flatnonzero(recall_rate <= 0.10)[-1]]
    else:
        raise ConfigError(f"There is no operating policy {policy!r}.")
    if np.isfinite(chosen):
        return float(chosen)
    return 1.0 if p.max() <= 1 else float(np.nextafter(p.max(), np.inf))  # no unit is recalled


def at_threshold(table: pd.DataFrame, threshold: float) -> OperatingPointFigures:
    """Return the figures of an operating point.

    Args:
        table: one row per unit, with label and probability.
        threshold: a unit whose probability reaches it is recalled.
    """
    positive = table["label"].to_numpy(int) == 1
    recalled = table["probability"].to_numpy(float) >= threshold
    tp, fp = int((recalled & positive).sum()), int((recalled & ~positive).sum())
    fn, tn = int((~recalled & positive).sum()), int((~recalled & ~positive).sum())
    return OperatingPointFigures(
        threshold=threshold,
        sensitivity=_share(tp, tp + fn),
        specificity=_share(tn, tn + fp),
        recall_rate=_share(tp + fp, len(table)),
        ppv=_share(tp, tp + fp),
        confusion=ConfusionMatrix(tp=tp, fp=fp, tn=tn, fn=fn),
    )


def outcomes(units: pd.DataFrame, threshold: float, label: int, recalled: bool) -> pd.DataFrame:
    """Return the units of a cell of the confusion matrix, most surprising first.

    Args:
        units: one row per unit, with label and probability.
        threshold: the operating point.
        label: 0 or 1.
        recalled: whether the probability reaches the threshold.
    """
    cell = units[(units["label"] == label) & ((units["probability"] >= threshold) == recalled)]
    return cell.sort_values("probability", ascending=label == 1).reset_index(drop=True)


def per_thousand(sensitivity: float | None, specificity: float | None, prevalence: float) -> ScreeningOutcome:
    """Return what an operating point does in 1,000 screens at a prevalence.

    Args:
        sensitivity: of the operating point, in [0, 1]; None where not defined.
        specificity: likewise.
        prevalence: share of screens with a cancer, in [0, 1].
    """
    if sensitivity is None or specificity is None:
        return ScreeningOutcome(None, None, None, None)
    detected = 1000 * prevalence * sensitivity
    false_positives = 1000 * (1 - prevalence) * (1 - specificity)
    return ScreeningOutcome(
        recalled=detected + false_positives,
        detected=detected,
        missed=1000 * prevalence - detected,
        ppv=_share(detected, detected + false_positives),
    )


def describe_percentile(validation: pd.DataFrame, probability: float, unit: Unit) -> str:
    """Describe how a probability compares with those of validation units.

    Args:
        validation: one row per image, with label and probability.
        probability: in [0, 1].
        unit: the unit that the probability belongs to.
    """
    units = to_unit(validation, unit)
    shares = (float((group["probability"] < probability).mean()) for _, group in units.groupby("label"))
    negative, positive = (f"{100 * share:.0f} %" for share in shares)
    return f"Higher than {negative} of validation {unit}s without cancer, and {positive} of those with cancer."


def _share(part: float, total: float) -> float | None:
    return part / total if total else None
