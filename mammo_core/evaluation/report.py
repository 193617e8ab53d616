"""Predictions → the report: metrics with 95 % confidence intervals over patients, baselines, a verdict in words."""

from typing import Any

import numpy as np
import pandas as pd

from mammo_core.errors import DataError
from mammo_core.evaluation import metrics
from mammo_core.evaluation.baselines import baseline_scores
from mammo_core.evaluation.metrics import Ranking, with_interval
from mammo_core.evaluation.operating import at_threshold
from mammo_core.evaluation.subgroups import subgroups
from mammo_core.evaluation.units import UNITS, Unit, to_unit

FIGURES: dict[str, metrics.Metric] = {
    "auc": metrics.auc,
    "average_precision": metrics.average_precision,
    "sensitivity_at_90_specificity": metrics.sensitivity_at_90_specificity,
    "partial_auc": metrics.partial_auc,
    "brier": metrics.brier,
}
NEVER, ALWAYS = 0.005, 0.995  # recall rates of a model that gives one answer to almost everything
NAMES = {"age_only": "age alone", "image_statistics": "global image statistics"}


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
        The report of breasts (see `judge`) with its unit; `units`: that of images and patients; `subgroups`.

    Raises:
        DataError: the predictions hold one class only.
    """
    if predictions["label"].nunique() < 2:
        raise DataError("The judged part holds only one class, so nothing can be said about telling them apart.")
    rivals = baseline_scores(predictions, training)
    reports = {unit: judge(predictions, unit, operating_point, rivals, resamples) for unit in UNITS}
    return {
        "unit": "breast",
        **reports.pop("breast"),
        "units": reports,
        "subgroups": subgroups(predictions, resamples).to_dict("records"),
    }


def judge(
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
    y, p = table["label"].to_numpy(int), table["probability"].to_numpy(float)
    model = Ranking(y, p)
    at = metrics.operating_figures(threshold)
    figures = {name: (model, metric) for name, metric in FIGURES.items()}
    figures |= {f"at {name}": (model, metric) for name, metric in at.items()}
    figures |= {"raw": (model, metrics.pf1), "best": (model, metrics.best_pf1)}
    others = {
        name: Ranking(y, to_unit(predictions.assign(probability=scores), unit)["probability"])
        for name, scores in rivals.items()
    }
    figures |= {f"{name} auc": (ranking, metrics.auc) for name, ranking in others.items()}
    figures |= {f"{name} ap": (ranking, metrics.average_precision) for name, ranking in others.items()}
    samples = metrics.bootstrap(table["patient_id"], figures, resamples)
    shown = {name: with_interval(ranking.value(metric), samples[name]) for name, (ranking, metric) in figures.items()}

    prevalence = float(y.mean())
    document: dict[str, Any] = {
        "n": len(y),
        "positives": int(y.sum()),
        "patients": int(table["patient_id"].nunique()),
        **{name: shown[name] for name in FIGURES},
        "pf1": {
            "raw": shown["raw"]["value"],
            "best": shown["best"]["value"],
            "best_threshold": model.value(metrics.best_threshold),
            "at_threshold": shown["at pf1"]["value"],
        },
        "pf1_intervals": {"raw": shown["raw"], "best": shown["best"], "at_threshold": shown["at pf1"]},
        "operating_point": at_threshold(table, threshold),
        "operating_point_intervals": {name: shown[f"at {name}"] for name in at if name != "pf1"},
        "accuracy": float(((p >= threshold) == y).mean()),
        "baselines": {
            "prevalence": {
                "auc": 0.5,
                "average_precision": prevalence,
                "accuracy": max(prevalence, 1 - prevalence),
            },
            **dict.fromkeys(NAMES),
        },
    }
    for name, ranking in others.items():
        gain = samples["auc"] - samples[f"{name} auc"]
        document["baselines"][name] = {
            "auc": shown[f"{name} auc"],
            "average_precision": shown[f"{name} ap"],
            "gain": with_interval(model.value(metrics.auc) - ranking.value(metrics.auc), gain),
        }
    return document | {"verdict": verdict(document)}


def verdict(document: dict[str, Any]) -> str:
    """Say in a sentence or two what the numbers of `judge` mean."""
    auc, recall_rate = document["auc"], document["operating_point"]["recall_rate"]
    habit = ""
    if recall_rate < NEVER:
        habit = " It answers almost always negative."
    elif recall_rate > ALWAYS:
        habit = " It answers almost always positive."
    if auc["low"] is None or auc["low"] <= 0.5 <= auc["high"]:
        return f"Not distinguishable from chance (AUC {in_words(auc)}).{habit}"
    if auc["high"] < 0.5:
        return f"Worse than chance (AUC {in_words(auc)}).{habit}"
    found = document["baselines"]
    compared = [f"{against(NAMES[name], found[name]['gain'])}" for name in NAMES if found[name]]
    if not compared:
        return f"Better than chance (AUC {in_words(auc)}); there is no age to compare with.{habit}"
    text = "; ".join(compared)
    return f"{text[0].upper()}{text[1:]}.{habit}"


def against(name: str, gain: dict[str, float | None]) -> str:
    """Say how something fares against a rival of that name, from the paired difference in AUC."""
    low, high = gain["low"], gain["high"]
    if low is None or high is None or low <= 0 <= high:
        word = "not distinguishable from"
    else:
        word = "better than" if low > 0 else "worse than"
    return f"{word} {name} (ΔAUC {in_words(gain)})"


def in_words(figure: dict[str, float | None]) -> str:
    """Return "0.83, 95 % CI 0.79 to 0.87"."""
    if figure["value"] is None:
        return "not defined"
    if figure["low"] is None:
        return f"{figure['value']:.2f}"
    return f"{figure['value']:.2f}, 95 % CI {figure['low']:.2f} to {figure['high']:.2f}"
