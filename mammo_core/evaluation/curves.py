"""Predictions → the curves of a report, as tables."""

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_curve, roc_curve

CALIBRATION_BINS = 10
HISTOGRAM_EDGES = np.linspace(0, 1, 21)  # probabilities


def roc(table: pd.DataFrame) -> pd.DataFrame:
    """Return the ROC curve, from no unit recalled to all.

    Columns: false_positive_rate, sensitivity, threshold.
    """
    false_positive_rate, sensitivity, threshold = roc_curve(table["label"].astype(int), table["probability"])
    threshold = np.minimum(threshold, 1.0)  # the first one is infinite
    return pd.DataFrame(
        {"false_positive_rate": false_positive_rate, "sensitivity": sensitivity, "threshold": threshold}
    )


def precision_recall(table: pd.DataFrame) -> pd.DataFrame:
    """Return the precision-recall curve, from all units recalled to none.

    Columns: sensitivity, ppv.
    """
    ppv, sensitivity, _ = precision_recall_curve(table["label"].astype(int), table["probability"])
    return pd.DataFrame({"sensitivity": sensitivity, "ppv": ppv})


def calibration(table: pd.DataFrame) -> pd.DataFrame:
    """Compare predicted probabilities with observed shares in bins of equal size.

    Returns:
        One row per bin, from the lowest probabilities to the highest: n, mean_predicted (mean probability) and
        observed_share (share of positives).
    """
    order = table.sort_values("probability", kind="stable")
    bins = [indices for indices in np.array_split(np.arange(len(order)), CALIBRATION_BINS) if len(indices)]
    label, probability = order["label"].to_numpy(float), order["probability"].to_numpy(float)
    rows = [(len(indices), probability[indices].mean(), label[indices].mean()) for indices in bins]
    return pd.DataFrame(rows, columns=["n", "mean_predicted", "observed_share"])


def histogram(table: pd.DataFrame) -> pd.DataFrame:
    """Count the probabilities of each label, in the same bins for both.

    Returns:
        One row per label and bin: label, score_from, score_to, number of units and share of that label's units.
    """
    parts = []
    for value, name in ((0, "negative"), (1, "positive")):
        scores = table.loc[table["label"] == value, "probability"].to_numpy(float)
        number, _ = np.histogram(scores, HISTOGRAM_EDGES)
        share = number / max(len(scores), 1)
        parts.append(
            pd.DataFrame(
                {
                    "label": name,
                    "score_from": HISTOGRAM_EDGES[:-1],
                    "score_to": HISTOGRAM_EDGES[1:],
                    "number": number,
                    "share": share,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
