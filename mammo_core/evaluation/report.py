"""Predictions → the report: metrics with 95 % confidence intervals over patients, baselines, a verdict in words."""

from typing import Any

import numpy as np
import pandas as pd

from mammo_core.documents.units import UNITS, Unit
from mammo_core.errors import DataError
from mammo_core.evaluation import metrics
from mammo_core.evaluation.baselines import baseline_scores
from mammo_core.evaluation.metrics import Ranking, with_interval
from mammo_core.evaluation.operating import at_threshold
from mammo_core.evaluation.subgroups import subgroups
from mammo_core.evaluation.units import to_unit

FIGURES: dict[str, metrics.Metric] = {
    "auc": metrics.auc,
    "average_precision": metrics.average_precision,
    "sensitivity_at_90_specificity": metrics.sensitivity_at_90_specificity,
    "partial_auc": metrics.partial_auc,
    "brier": metrics.brier,
}
NEVER, ALWAYS = 0.005, 0.995  # recall rates of a model that gives one answer to almost everything
NAMES = {"age_only": "age alone", "image_statistics": "global image statistics", "original_cnn": "the original CNN"}


def evaluate(
    predictions: pd.DataFrame,
    *,
    operating_point: float,
    training: pd.DataFrame | None = None,
    resamples: int = metrics.RESAMPLES,
) -> dict[str, Any]:
    """Judge predictions.

    Args:
        predictions: one row an image: patient_id, laterality, label, probability; and for baselines and subgroups age,
            `baselines.STATISTICS` and the attributes of `subgroups`.
        operating_point: threshold on the probability, chosen elsewhere.
        training: the training part's images, for the baselines.
        resamples: of the bootstrap.

    Returns:
        The report of breasts (see `evaluate_unit`) with its unit; `units`: that of images and patients; `subgroups`.

    Raises:
        DataError: the predictions hold one class only.
    """
    if predictions["label"].nunique() < 2:
        raise DataError("The judged part holds only one class, so nothing can be said about telling them apart.")
    rivals = baseline_scores(predictions, training)
    reports = {unit: evaluate_unit(predictions, unit, operating_point, rivals, resamples) for unit in UNITS}
    return {
        "unit": "breast",
        **reports.pop("breast"),
        "units": reports,
        "subgroups": subgroups(predictions, resamples).to_dict("records"),
    }


def evaluate_unit(
    predictions: pd.DataFrame, unit: Unit, threshold: float, rivals: dict[str, np.ndarray], resamples: int
) -> dict[str, Any]:
    """Judge predictions by one unit.

    Args:
        predictions: one row an image.
        unit: image, breast or patient.
        threshold: the operating point.
        rivals: what the baselines say of each image, (n,); they are combined into units as the model's probabilities are.
        resamples: of the bootstrap.

    Returns:
        n, positives, patients; auc, average_precision, sensitivity_at_90_specificity, partial_auc and brier as {value, low,
        high}; pf1 and pf1_intervals; operating_point (with its confusion matrix) and operating_point_intervals; accuracy;
        baselines with the gain in AUC over each; verdict.
    """
    table = to_unit(predictions, unit)
    model = Ranking(table["label"], table["probability"])
    figures = {name: (model, metric) for name, metric in FIGURES.items()}
    figures |= {"raw": (model, metrics.pf1), "best": (model, metrics.best_pf1)}
    samples = metrics.bootstrap(table["patient_id"], figures, resamples)
    shown = {name: with_interval(model.value(metric), samples[name]) for name, (_, metric) in figures.items()}
    prevalence = float(table["label"].mean())
    always = {"auc": 0.5, "average_precision": prevalence, "accuracy": max(prevalence, 1 - prevalence)}
    baselines = {"prevalence": always, **dict.fromkeys(NAMES)}
    for name, scores in rivals.items():
        baselines[name] = compare_auc(table, to_unit(predictions.assign(probability=scores), unit), resamples)
    document: dict[str, Any] = {
        "n": len(table),
        "positives": int(table["label"].sum()),
        "patients": int(table["patient_id"].nunique()),
        **{name: shown[name] for name in FIGURES},
        "pf1": {name: shown[name]["value"] for name in ("raw", "best")}
        | {"best_threshold": model.value(metrics.best_threshold)},
        "pf1_intervals": {name: shown[name] for name in ("raw", "best")},
        "baselines": baselines,
    }
    return at_operating_point(document, table, threshold, resamples)


def compare_auc(table: pd.DataFrame, rival: pd.DataFrame, resamples: int = metrics.RESAMPLES) -> dict[str, Any]:
    """Describe a rival on the same units: auc and average_precision, and the model's gain in AUC over it (paired).

    Args:
        table: one row a unit, the model's.
        rival: the same units in the same order.
        resamples: of the bootstrap over patients.
    """
    model, other = (Ranking(units["label"], units["probability"]) for units in (table, rival))
    figures: dict[str, tuple[Ranking, metrics.Metric]] = {
        "model": (model, metrics.auc),
        "auc": (other, metrics.auc),
        "average_precision": (other, metrics.average_precision),
    }
    samples = metrics.bootstrap(table["patient_id"], figures, resamples)
    return {
        "auc": with_interval(other.value(metrics.auc), samples["auc"]),
        "average_precision": with_interval(other.value(metrics.average_precision), samples["average_precision"]),
        "gain": with_interval(model.value(metrics.auc) - other.value(metrics.auc), samples["model"] - samples["auc"]),
    }


def at_operating_point(
    document: dict[str, Any], table: pd.DataFrame, threshold: float, resamples: int = metrics.RESAMPLES
) -> dict[str, Any]:
    """Return the report of a unit with everything that hangs on the operating point said of this one.

    Args:
        document: see `evaluate_unit`.
        table: one row a unit.
        threshold: from which a unit is recalled.
        resamples: of the bootstrap.
    """
    model = Ranking(table["label"], table["probability"])
    at = metrics.operating_figures(threshold)
    samples = metrics.bootstrap(table["patient_id"], {name: (model, metric) for name, metric in at.items()}, resamples)
    shown = {name: with_interval(model.value(metric), samples[name]) for name, metric in at.items()}
    pf1 = shown.pop("pf1")
    said = document | {
        "pf1": document["pf1"] | {"at_threshold": pf1["value"]},
        "pf1_intervals": document["pf1_intervals"] | {"at_threshold": pf1},
        "operating_point": at_threshold(table, threshold),
        "operating_point_intervals": shown,
        "accuracy": float(((table["probability"] >= threshold) == table["label"]).mean()),
    }
    return said | {"verdict": verdict(said)}


def verdict(document: dict[str, Any]) -> str:
    """Say in a sentence or two what the numbers of `evaluate_unit` mean."""
    auc, recall_rate = document["auc"], document["operating_point"]["recall_rate"]
    habit = ""
    if recall_rate < NEVER:
        habit = " It answers almost always negative."
    elif recall_rate > ALWAYS:
        habit = " It answers almost always positive."
    if auc["low"] is None or auc["low"] <= 0.5 <= auc["high"]:
        return f"Not distinguishable from chance (AUC {format_estimate(auc)}).{habit}"
    if auc["high"] < 0.5:
        return f"Worse than chance (AUC {format_estimate(auc)}).{habit}"
    found = document["baselines"]
    compared = [f"{describe_difference(NAMES[name], found[name]['gain'])}" for name in NAMES if found.get(name)]
    if not compared:
        return f"Better than chance (AUC {format_estimate(auc)}); there is no age to compare with.{habit}"
    text = "; ".join(compared)
    return f"{text[0].upper()}{text[1:]}.{habit}"


def describe_difference(name: str, gain: dict[str, float | None]) -> str:
    """Say how something fares against a rival of that name, from the paired difference in AUC."""
    low, high = gain["low"], gain["high"]
    if low is None or high is None or low <= 0 <= high:
        word = "not distinguishable from"
    else:
        word = "better than" if low > 0 else "worse than"
    return f"{word} {name} (ΔAUC {format_estimate(gain)})"


def format_estimate(figure: dict[str, float | None]) -> str:
    """Return "0.83, 95 % CI 0.79 to 0.87"."""
    if figure["value"] is None:
        return "not defined"
    if figure["low"] is None:
        return f"{figure['value']:.2f}"
    return f"{figure['value']:.2f}, 95 % CI {figure['low']:.2f} to {figure['high']:.2f}"
