"""Predictions → the curves of a report, as tables."""

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_curve, roc_curve

BINS = 10  # of calibration, with equally many units
EDGES = np.linspace(0, 1, 21)  # of the histogram of probabilities


def roc(table: pd.DataFrame) -> pd.DataFrame:
    """Return false_positive_rate, sensitivity and threshold, from nothing recalled to everything."""
    false_positive, sensitivity, threshold = roc_curve(table["label"].astype(int), table["probability"])
    found = {"false_positive_rate": false_positive, "sensitivity": sensitivity, "threshold": np.minimum(threshold, 1.0)}
    return pd.DataFrame(found)


def precision_recall(table: pd.DataFrame) -> pd.DataFrame:
    """Return sensitivity and ppv, from everything recalled to nothing."""
    ppv, sensitivity, _ = precision_recall_curve(table["label"].astype(int), table["probability"])
    return pd.DataFrame({"sensitivity": sensitivity, "ppv": ppv})


def calibration(table: pd.DataFrame) -> pd.DataFrame:
    """Return n, said (mean probability) and found (share of positives) in bins with equally many units."""
    order = table.sort_values("probability", kind="stable")
    parts = [part for part in np.array_split(np.arange(len(order)), BINS) if len(part)]
    label, probability = order["label"].to_numpy(float), order["probability"].to_numpy(float)
    rows = [(len(part), probability[part].mean(), label[part].mean()) for part in parts]
    return pd.DataFrame(rows, columns=["n", "said", "found"])


def histogram(table: pd.DataFrame) -> pd.DataFrame:
    """Return label, score_from, score_to, number and share of that label, in bins that both labels share."""
    parts = []
    for value, name in ((0, "negative"), (1, "positive")):
        scores = table.loc[table["label"] == value, "probability"].to_numpy(float)
        number, _ = np.histogram(scores, EDGES)
        share = number / max(len(scores), 1)
        bins = {"label": name, "score_from": EDGES[:-1], "score_to": EDGES[1:], "number": number, "share": share}
        parts.append(pd.DataFrame(bins))
    return pd.concat(parts, ignore_index=True)
