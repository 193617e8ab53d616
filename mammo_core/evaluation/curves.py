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
    threshold = np.minimum(threshold, max(1.0, table["probability"].max()))  # the first one is infinite
    return pd.DataFrame(
        {"false_positive_rate": false_positive_rate, "sensitivity": sensitivity, "threshold": threshold}
    )


def roc_band(table: pd.DataFrame, resamples: int = 200, seed: int = 0) -> pd.DataFrame:
    """Return the 95 % interval of the ROC curve, by bootstrap over patients.

    Args:
        table: one row per unit, with patient_id, label and probability.
        resamples: how many; those without both labels are left out.
        seed: of the draws.

    Returns:
        The columns false_positive_rate, low and high (of the sensitivity). Empty with fewer than two labels.
    """
    grid = np.linspace(0, 1, 101)
    patients, ids = pd.factorize(table["patient_id"])
    label, probability = table["label"].to_numpy(int), table["probability"].to_numpy(float)
    rng, rows = np.random.default_rng(seed), []
    for _ in range(resamples):
        weights = rng.multinomial(len(ids), np.full(len(ids), 1 / len(ids)))[patients]
        if min((weights * label).sum(), (weights * (1 - label)).sum()) > 0:
            false_positive_rate, sensitivity, _ = roc_curve(label, probability, sample_weight=weights)
            rows.append(np.interp(grid, false_positive_rate, sensitivity))
    low, high = np.quantile(rows, [0.025, 0.975], axis=0) if rows else (np.empty(0), np.empty(0))
    return pd.DataFrame({"false_positive_rate": grid[: len(low)], "low": low, "high": high})


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

    The bins divide the range from 0 to 1, or that of scores which are no probabilities.

    Returns:
        One row per label and bin: label, score_from, score_to, number of units and share of that label's units.
    """
    parts, edges = [], _histogram_edges(table["probability"].to_numpy(float))
    for value, name in ((0, "negative"), (1, "positive")):
        scores = table.loc[table["label"] == value, "probability"].to_numpy(float)
        number, _ = np.histogram(scores, edges)
        share = number / max(len(scores), 1)
        parts.append(
            pd.DataFrame(
                {
                    "label": name,
                    "score_from": edges[:-1],
                    "score_to": edges[1:],
                    "number": number,
                    "share": share,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _histogram_edges(scores: np.ndarray) -> np.ndarray:
    low, high = float(scores.min(initial=0.0)), float(scores.max(initial=1.0))
    return HISTOGRAM_EDGES if (low, high) == (0.0, 1.0) else np.linspace(low, high, len(HISTOGRAM_EDGES))
