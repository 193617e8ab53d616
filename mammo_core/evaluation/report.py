"""Predictions → the report: metrics with 95 % confidence intervals over patients, baselines, a verdict in words."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from mammo_core.errors import DataError
from mammo_core.evaluation import metrics
from mammo_core.evaluation.operating import at_threshold
from mammo_core.evaluation.units import Unit, to_unit

INTERVALS: dict[str, metrics.Metric] = {
    "auc": metrics.auc,
    "average_precision": metrics.average_precision,
    "sensitivity_at_90_specificity": metrics.sensitivity_at_90_specificity,
    "brier": metrics.brier,
}


@dataclass(frozen=True)
class Report:
    """What is known of a model on patients that it hasn't seen.

    Attributes:
        unit: what is judged: image, breast or patient.
        document: the report as JSON; see `evaluate`.
    """

    unit: Unit
    document: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON document."""
        return {"unit": self.unit, **self.document}


def evaluate(
    predictions: pd.DataFrame,
    *,
    unit: Unit = "breast",
    operating_point: float,
    training_table: pd.DataFrame | None = None,
    resamples: int = metrics.RESAMPLES,
) -> Report:
    """Judge predictions.

    Args:
        predictions: one row an image: patient_id, laterality, label, probability, and age for that baseline.
        unit: to judge by.
        operating_point: threshold on the probability, chosen elsewhere.
        training_table: images of the training part (label, age), for the age-only baseline; without it the age itself is
            the score.
        resamples: of the bootstrap.

    Returns:
        n, positives, patients; auc, average_precision, sensitivity_at_90_specificity and brier as {value, low, high}; pf1;
        operating_point; baselines; verdict.

    Raises:
        DataError: the predictions hold one class only.
    """
    table = to_unit(predictions, unit)
    y, p = table["label"].to_numpy(int), table["probability"].to_numpy(float)
    if len(np.unique(y)) < 2:
        raise DataError(
            "The judged part holds only one class, so nothing can be said about telling them apart."
        )
    age = age_score(table, training_table)
    draws = {name: partial(metric, y, p) for name, metric in INTERVALS.items()}
    if age is not None:
        draws["age"] = partial(metrics.auc, y, age)
    samples = metrics.bootstrap(table["patient_id"].to_numpy(), draws, resamples)
    once = np.ones((1, len(y)))
    document: dict[str, Any] = {
        "n": len(y),
        "positives": int(y.sum()),
        "patients": int(table["patient_id"].nunique()),
    }
    document |= {
        name: _with_interval(float(metric(y, p, once)[0]), samples[name])
        for name, metric in INTERVALS.items()
    }
    best, best_threshold = metrics.best_pf1(y, p)
    document["pf1"] = {
        "raw": metrics.pf1(y, p),
        "best": best,
        "best_threshold": best_threshold,
        "at_threshold": metrics.pf1(y, (p >= operating_point).astype(float)),
    }
    document["operating_point"] = at_threshold(table, operating_point)
    prevalence = float(y.mean())
    document["baselines"] = {
        "prevalence": {
            "auc": 0.5,
            "average_precision": prevalence,
            "accuracy": max(prevalence, 1 - prevalence),
        },
        "age_only": None,
    }
    document["accuracy"] = float(((p >= operating_point) == y).mean())
    gain = None
    if age is not None:
        value = float(metrics.auc(y, age, once)[0])
        document["baselines"]["age_only"] = {"auc": _with_interval(value, samples["age"])}
        gain = _with_interval(document["auc"]["value"] - value, samples["auc"] - samples["age"])
        document["gain_over_age"] = gain
    document["verdict"] = verdict(document, gain)
    return Report(unit, document)


def age_score(table: pd.DataFrame, training: pd.DataFrame | None) -> np.ndarray | None:
    """Return what age alone says of each unit: a logistic regression on the training images' age, or the age itself.

    Missing ages take the median. None if no age is known.
    """
    if "age" not in table or table["age"].notna().sum() == 0:
        return None
    known = table if training is None or training["age"].notna().sum() == 0 else training
    median = float(known["age"].median())
    ages = table["age"].fillna(median).to_numpy(float)
    if known is table:
        return ages
    fitted = LogisticRegression().fit(
        (known["age"].fillna(median).to_numpy(float) - median)[:, np.newaxis], known["label"].to_numpy(int)
    )
    return fitted.predict_proba((ages - median)[:, np.newaxis])[:, 1]


def verdict(document: dict[str, Any], gain: dict[str, Any] | None) -> str:
    """Say in one sentence what the numbers mean."""
    point, auc = document["operating_point"], document["auc"]
    if auc["low"] is not None and auc["low"] <= 0.5 <= auc["high"]:
        habit = ""
        if point["recall_rate"] < 0.005:
            habit = " and answers almost always negative"
        elif point["recall_rate"] > 0.995:
            habit = " and answers almost always positive"
        return f"Not distinguishable from chance (AUC {_text(auc)}){habit}."
    if gain is None:
        return f"Better than chance (AUC {_text(auc)}); there is no age to compare with."
    if gain["low"] > 0:
        return f"Better than age alone (ΔAUC {_text(gain)})."
    if gain["high"] < 0:
        return f"Worse than age alone (ΔAUC {_text(gain)})."
    return f"Not distinguishable from age alone (ΔAUC {_text(gain)})."


def _with_interval(value: float, samples: np.ndarray) -> dict[str, float | None]:
    low, high = metrics.interval(samples)
    return {"value": value, "low": low, "high": high}


def _text(figure: dict[str, Any]) -> str:
    return f"{figure['value']:.2f}, 95 % CI {figure['low']:.2f} to {figure['high']:.2f}"
