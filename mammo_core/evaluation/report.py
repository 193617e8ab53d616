"""Predictions → the report: figures with 95 % intervals, baselines, a verdict."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from mammo_core.documents.estimate import Estimate
from mammo_core.documents.report import (
    PF1,
    Baseline,
    Baselines,
    ConstantBaseline,
    EvaluatedPart,
    EvaluationReport,
    OperatingPointFigures,
    OperatingPointIntervals,
    OtherUnits,
    PF1Intervals,
    UnitReport,
)
from mammo_core.documents.units import Unit
from mammo_core.errors import DataError
from mammo_core.evaluation import metrics
from mammo_core.evaluation.baselines import baseline_scores, image_and_age_scores
from mammo_core.evaluation.bootstrap import RESAMPLES, bootstrap
from mammo_core.evaluation.intervals import (
    MIN_PATIENTS,
    describe_too_few,
    gain_estimate,
    patients_by_label,
    rank_estimate,
    share_estimate,
)
from mammo_core.evaluation.metrics import Ranking
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
BASELINE_NAMES = {
    "age_only": "age alone",
    "image_statistics": "global image statistics",
    "original_cnn": "the original CNN",
}
NO_INTERVAL = "no interval"  # of an estimate, in text
ALMOST_NONE, ALMOST_ALL = 0.005, 0.995  # recall rates that show a constant decision

Report = TypeVar("Report", bound=UnitReport)


@dataclass(frozen=True)
class _ThresholdFigures:
    """All figures of a report that depend on the threshold."""

    figures: OperatingPointFigures
    intervals: OperatingPointIntervals
    pf1: float
    pf1_interval: Estimate
    accuracy: float


def evaluate(
    predictions: pd.DataFrame,
    *,
    operating_point: float,
    part: EvaluatedPart = "all",
    training: pd.DataFrame | None = None,
    validation: pd.DataFrame | None = None,
    resamples: int = RESAMPLES,
) -> EvaluationReport:
    """Evaluate predictions by breast, image and patient.

    Args:
        predictions: one row per image: patient_id, laterality, label, probability; and for baselines and subgroups age,
            `baselines.STATISTICS` and the attributes of `subgroups`.
        operating_point: threshold on the probability, chosen on other patients.
        part: the part of the data that the predictions belong to.
        training: the training part's images, for the baselines.
        validation: the model's predictions for its validation part, other patients, on which image and age are combined.
        resamples: how many bootstrap resamples.

    Returns:
        The report, without localisation.

    Raises:
        DataError: the predictions hold one class only.
    """
    if predictions["label"].nunique() < 2:
        raise DataError("The evaluated part holds only one class; an evaluation needs positive and negative images.")
    scores = baseline_scores(predictions, training)
    combined = None if validation is None else image_and_age_scores(predictions, validation)
    if combined is not None:
        scores["image_and_age"] = combined
    breast, image, patient = (
        evaluate_unit(predictions, unit, operating_point, scores, resamples) for unit in ("breast", "image", "patient")
    )
    return EvaluationReport(
        **dict(breast),
        part=part,
        units=OtherUnits(image=image, patient=patient),
        subgroups=subgroups(predictions, resamples),
    )


def evaluate_unit(
    predictions: pd.DataFrame,
    unit: Unit,
    threshold: float,
    baselines: Mapping[str, np.ndarray],
    resamples: int = RESAMPLES,
) -> UnitReport:
    """Evaluate predictions by one unit.

    Args:
        predictions: one row per image.
        unit: image, breast or patient.
        threshold: the operating point.
        baselines: the scores of each baseline, (n,), one an image; they are combined into units as the model's
            probabilities are.
        resamples: how many bootstrap resamples.
    """
    table = to_unit(predictions, unit)
    model = Ranking(table["label"], table["probability"])
    figures = {name: (model, metric) for name, metric in FIGURES.items()}
    figures |= {"raw": (model, metrics.pf1), "best": (model, metrics.best_pf1)}
    samples = bootstrap(table["patient_id"], figures, resamples)
    estimates = {
        name: rank_estimate(table, model.value(metric), samples[name], is_auc=name == "auc")
        for name, (_, metric) in figures.items()
    }
    point = _threshold_figures(table, threshold, resamples)
    tables = {name: to_unit(predictions.assign(probability=scores), unit) for name, scores in baselines.items()}
    compared = Baselines(
        prevalence=constant_baseline(float(table["label"].mean())),
        **{name: compare_auc(table, baseline, resamples) for name, baseline in tables.items()},
        image_over_age=_image_over_age(tables, resamples),
    )
    too_few = describe_too_few(table, unit)
    return UnitReport(
        n=len(table),
        positives=int(table["label"].sum()),
        patients=int(table["patient_id"].nunique()),
        **{name: estimates[name] for name in FIGURES},
        pf1=PF1(
            raw=model.value(metrics.pf1),
            best=model.value(metrics.best_pf1),
            best_threshold=model.value(metrics.best_threshold),
            at_threshold=point.pf1,
        ),
        pf1_intervals=PF1Intervals(raw=estimates["raw"], best=estimates["best"], at_threshold=point.pf1_interval),
        baselines=compared,
        operating_point=point.figures,
        operating_point_intervals=point.intervals,
        accuracy=point.accuracy,
        verdict=None if too_few else verdict(estimates["auc"], point.figures.recall_rate, compared),
        verdict_reason=too_few,
    )


def _image_over_age(tables: Mapping[str, pd.DataFrame], resamples: int) -> Estimate | None:
    """Return what the image adds to age, in AUC; None where one of both is unknown."""
    if not {"image_and_age", "age_only"} <= set(tables):
        return None
    return compare_auc(tables["image_and_age"], tables["age_only"], resamples).gain


def constant_baseline(prevalence: float) -> ConstantBaseline:
    """Return the figures of a constant prediction at a prevalence in [0, 1]."""
    return ConstantBaseline(auc=0.5, average_precision=prevalence, accuracy=max(prevalence, 1 - prevalence))


def compare_auc(model: pd.DataFrame, baseline: pd.DataFrame, resamples: int = RESAMPLES) -> Baseline:
    """Compare a model with a baseline or another model by the paired AUC difference.

    Args:
        model: one row per unit, with patient_id, label and probability.
        baseline: the same units in the same order.
        resamples: how many bootstrap resamples of patients.
    """
    own, other = (Ranking(units["label"], units["probability"]) for units in (model, baseline))
    figures: dict[str, tuple[Ranking, metrics.Metric]] = {
        "model": (own, metrics.auc),
        "auc": (other, metrics.auc),
        "average_precision": (other, metrics.average_precision),
    }
    samples = bootstrap(model["patient_id"], figures, resamples)
    return Baseline(
        auc=rank_estimate(model, other.value(metrics.auc), samples["auc"], is_auc=True),
        average_precision=rank_estimate(model, other.value(metrics.average_precision), samples["average_precision"]),
        gain=gain_estimate(model, own.value(metrics.auc) - other.value(metrics.auc), samples["model"] - samples["auc"]),
    )


def auc_estimate(units: pd.DataFrame, resamples: int = RESAMPLES) -> Estimate:
    """Return the AUC of predictions with its interval over patients.

    Args:
        units: one row per unit, with patient_id, label and probability.
        resamples: how many bootstrap resamples.
    """
    ranking = Ranking(units["label"], units["probability"])
    samples = bootstrap(units["patient_id"], {"auc": (ranking, metrics.auc)}, resamples)
    return rank_estimate(units, ranking.value(metrics.auc), samples["auc"], is_auc=True)


def auc_gains(
    models: Mapping[str, pd.DataFrame], baseline: pd.DataFrame, resamples: int = RESAMPLES
) -> dict[str, Estimate]:
    """Return the paired difference in AUC of each model from a baseline.

    It is that of `compare_auc`; all models share the draws.

    Args:
        models: one row per unit, with patient_id, label and probability, by name.
        baseline: the same units in the same order.
        resamples: how many bootstrap resamples of patients.
    """
    other = Ranking(baseline["label"], baseline["probability"])
    rankings = {name: Ranking(units["label"], units["probability"]) for name, units in models.items()}
    samples = bootstrap(
        baseline["patient_id"],
        {"": (other, metrics.auc), **{f"model {name}": (ranking, metrics.auc) for name, ranking in rankings.items()}},
        resamples,
    )
    return {
        name: gain_estimate(
            baseline,
            ranking.value(metrics.auc) - other.value(metrics.auc),
            samples[f"model {name}"] - samples[""],
        )
        for name, ranking in rankings.items()
    }


def at_operating_point(
    report: Report, table: pd.DataFrame, unit: Unit, threshold: float, resamples: int = RESAMPLES
) -> Report:
    """Return the report with all threshold-dependent fields recomputed.

    Args:
        report: of the same units.
        table: one row per unit.
        unit: what is counted.
        threshold: a unit whose probability reaches it is recalled.
        resamples: how many bootstrap resamples.
    """
    point = _threshold_figures(table, threshold, resamples)
    too_few = describe_too_few(table, unit)
    return report.model_copy(
        update={
            "pf1": report.pf1.model_copy(update={"at_threshold": point.pf1}),
            "pf1_intervals": report.pf1_intervals.model_copy(update={"at_threshold": point.pf1_interval}),
            "operating_point": point.figures,
            "operating_point_intervals": point.intervals,
            "accuracy": point.accuracy,
            "verdict": None if too_few else verdict(report.auc, point.figures.recall_rate, report.baselines),
            "verdict_reason": too_few,
        }
    )


def verdict(auc: Estimate, recall_rate: float | None, baselines: Baselines) -> str:
    """State in a sentence or two what the figures of a report mean."""
    constant = ""
    if recall_rate is not None and recall_rate < ALMOST_NONE:
        constant = " It almost always predicts negative."
    elif recall_rate is not None and recall_rate > ALMOST_ALL:
        constant = " It almost always predicts positive."
    if auc.low is None or auc.high is None:
        return f"No interval, and so no comparison with chance (AUC {format_estimate(auc)}).{constant}"
    if auc.low <= 0.5 <= auc.high:
        return f"Not distinguishable from chance (AUC {format_estimate(auc)}).{constant}"
    if auc.high < 0.5:
        return f"Worse than chance (AUC {format_estimate(auc)}).{constant}"
    differences = [
        describe_difference(BASELINE_NAMES[name], baseline.gain) for name, baseline in baselines.known().items()
    ]
    if not differences:
        return f"Better than chance (AUC {format_estimate(auc)}); there is no age to compare with.{constant}"
    return f"{capitalise('; '.join(differences))}.{constant}"


def describe_difference(name: str, gain: Estimate) -> str:
    """Describe a paired difference in AUC in words.

    Args:
        name: what the model is compared with.
        gain: AUC of the model minus AUC of the other.
    """
    if gain.low is None or gain.high is None:
        relation = "too few patients to compare with"
    elif gain.low <= 0 <= gain.high:
        relation = "not distinguishable from"
    else:
        relation = "better than" if gain.low > 0 else "worse than"
    return f"{relation} {name} (ΔAUC {format_estimate(gain)})"


def describe_image_over_age(baselines: Baselines) -> str | None:
    """State what the image adds to age, in a sentence; None where it is unknown."""
    combined, gain = baselines.image_and_age, baselines.image_over_age
    if combined is None or gain is None:
        return None
    return (
        f"With age, the model reaches an AUC of {format_estimate(combined.auc)}: "
        f"{describe_difference(BASELINE_NAMES['age_only'], gain)}."
    )


def format_estimate(figure: Estimate) -> str:
    """Return an estimate as text, such as "0.83, 95 % CI 0.79 to 0.87"."""
    if figure.value is None:
        return "not defined"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.2f}, {NO_INTERVAL}"
    return f"{figure.value:.2f}, 95 % CI {figure.low:.2f} to {figure.high:.2f}"


def capitalise(text: str) -> str:
    """Return a text with its first letter in upper case and all others as they are."""
    return text[:1].upper() + text[1:]


def operating_intervals(table: pd.DataFrame, threshold: float) -> OperatingPointIntervals:
    """Return the proportions at a threshold with their score intervals.

    Args:
        table: one row per unit, with patient_id, label and probability.
        threshold: a unit whose probability reaches it is recalled.
    """
    recalled, positive = table["probability"] >= threshold, table["label"] == 1
    enough = min(patients_by_label(table)) >= MIN_PATIENTS

    def share(hits: pd.Series, of: pd.Series) -> Estimate:
        figure = share_estimate(table["patient_id"][of], hits[of])
        return figure if enough else Estimate(value=figure.value)

    return OperatingPointIntervals(
        sensitivity=share(recalled, positive),
        specificity=share(~recalled, ~positive),
        recall_rate=share(recalled, pd.Series(True, index=table.index)),
        ppv=share(positive, recalled),
    )


def _threshold_figures(table: pd.DataFrame, threshold: float, resamples: int) -> _ThresholdFigures:
    model, metric = Ranking(table["label"], table["probability"]), metrics.operating_figures(threshold)["pf1"]
    samples = bootstrap(table["patient_id"], {"pf1": (model, metric)}, resamples)
    return _ThresholdFigures(
        figures=at_threshold(table, threshold),
        intervals=operating_intervals(table, threshold),
        pf1=model.value(metric),
        pf1_interval=rank_estimate(table, model.value(metric), samples["pf1"]),
        accuracy=float(((table["probability"] >= threshold) == table["label"]).mean()),
    )
