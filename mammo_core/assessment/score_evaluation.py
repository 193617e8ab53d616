"""Evaluate another model's scores like a model of one's own, and compare them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from mammo_core.assessment.score_match import ScoredData
from mammo_core.documents.estimate import Estimate
from mammo_core.documents.report import UnitReport
from mammo_core.documents.score_report import ScoreComparison, ScoredUnits, ScoreReport, ScoreScale
from mammo_core.documents.units import Unit
from mammo_core.errors import ConfigError, DataError
from mammo_core.evaluation.baselines import FOLDS, baseline_scores, cross_fitted_scores
from mammo_core.evaluation.bootstrap import RESAMPLES
from mammo_core.evaluation.operating import choose_threshold
from mammo_core.evaluation.report import compare_auc, describe_difference, evaluate_unit
from mammo_core.evaluation.subgroups import subgroups
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import IMAGE_KEY, Bundle

COARSER: dict[Unit, tuple[Unit, ...]] = {  # units of a report, that of the top level first, by what is scored
    "image": ("breast", "image", "patient"),
    "breast": ("breast", "patient"),
    "patient": ("patient",),
}
KEYS: dict[Unit, tuple[str, ...]] = {
    "image": ("patient_id", "image_id"),
    "breast": ("patient_id", "exam_id", "laterality"),
    "patient": ("patient_id",),
}
UNKNOWN_TRAINING = "Nothing here tells whether the model behind these scores was trained on these patients."


@dataclass(frozen=True)
class CountedUnits:
    """The scored rows that count for a unit.

    Attributes:
        rows: of `ScoredData.table`.
        left_out: how many units are left out, because they are positive only by what has no score.
    """

    rows: pd.DataFrame
    left_out: int


def score_scale(scored: ScoredData) -> ScoreScale:
    """Return whether scores are taken for probabilities: all of them lie in [0, 1]."""
    return "probability" if scored.table["probability"].between(0, 1).all() else "ranking"


def counted_rows(scored: ScoredData, unit: Unit) -> CountedUnits:
    """Return the scored rows of the units whose label is known from them.

    A patient with a cancer in a breast that has no score would count as negative by her other breast: she is left out.
    """
    if unit == scored.unit:
        return CountedUnits(scored.table, 0)
    keys = unit_keys(scored.table, unit)
    known = scored.labelled.groupby(keys, dropna=False)["label"].max().rename("known").reset_index()
    labels = scored.table.merge(known, on=keys, how="left")
    own = labels.groupby(keys, dropna=False)["label"].transform("max")
    same = (own == labels["known"]).to_numpy()
    return CountedUnits(scored.table[same].reset_index(drop=True), len(labels[~same].drop_duplicates(keys)))


def scored_units(scored: ScoredData, unit: Unit) -> pd.DataFrame:
    """Return the scores by a unit: patient_id, label and probability, one row each."""
    return _to_unit(counted_rows(scored, unit).rows, unit, scored.unit)


def evaluate_scores(scored: ScoredData, threshold: float | None = None, resamples: int = RESAMPLES) -> ScoreReport:
    """Evaluate scores by every unit that they allow.

    Args:
        scored: the scores with the labels of a data set.
        threshold: a unit whose score reaches it is recalled; None chooses it at 90 % specificity on these same data.
        resamples: how many bootstrap resamples.

    Raises:
        ConfigError: the threshold is no finite number.
        DataError: all units of the top level have the same label.
    """
    if threshold is not None and not math.isfinite(threshold):
        raise ConfigError("The threshold must be a finite number.")
    unit, *others = COARSER[scored.unit]
    units = scored_units(scored, unit)
    if units["label"].nunique() < 2:
        raise DataError(f"The scored {unit}s all have the same label; an evaluation needs positive and negative ones.")
    point = choose_threshold(units, "specificity_90", "image") if threshold is None else threshold
    top = _evaluate(scored, unit, point, resamples)
    by_unit = {other: _evaluate(scored, other, point, resamples) for other in others if _has_both(scored, other)}
    return ScoreReport(
        **dict(top),
        data=scored.data,
        scored=scored.unit,
        unit=unit,
        scale=score_scale(scored),
        threshold_from="these data" if threshold is None else "given",
        notes=tuple(_notes(scored, top, point if threshold is None else None)),
        units=ScoredUnits(image=by_unit.get("image"), patient=by_unit.get("patient")),
        subgroups=subgroups(scored.table, resamples, rows=scored.unit),
    )


def compare_scores(scored: ScoredData, model: Bundle, resamples: int = RESAMPLES) -> ScoreComparison:
    """Compare scores with a model's evaluated predictions of the same units.

    These are the predictions for patients that the model was not fitted to. Nothing is predicted anew, and labels, sides and
    exams of both are those of the data set.

    Args:
        scored: the scores with the labels of a data set.
        model: the model.
        resamples: how many bootstrap resamples.
    """
    unit, labelled = COARSER[scored.unit][0], scored.labelled
    own = model.evaluation_predictions()[[*IMAGE_KEY, "probability"]].astype(dict.fromkeys(IMAGE_KEY, "str"))
    own = labelled.merge(own, on=IMAGE_KEY)
    rows = scored.table
    if scored.unit == "image":
        rows = rows.merge(own[IMAGE_KEY], on=IMAGE_KEY)
        own = own.merge(rows[IMAGE_KEY], on=IMAGE_KEY)
    keys = unit_keys(scored.table, unit)
    outside = _to_unit(rows, unit, scored.unit).set_index(keys)
    others = to_unit(own, unit).set_index(keys)
    known = labelled.groupby(keys)["label"].max()
    common = outside.index.intersection(others.index)
    count = len(_to_unit(scored.table, unit, scored.unit)) - len(common)
    labels = known.loc[common].to_numpy()
    outside, others = (table.loc[common].reset_index().assign(label=labels) for table in (outside, others))
    if outside["label"].nunique() < 2:
        return ScoreComparison(
            model=model.name,
            unit=unit,
            n=len(common),
            outside=count,
            verdict=_no_comparison(model.name, len(common), unit),
        )
    compared = compare_auc(outside, others, resamples)
    which = f"the {len(common):,} {unit}s" if not count else f"the {len(common):,} of {len(common) + count:,} {unit}s"
    verdict = f"On {which} that {model.name} was evaluated on: {describe_difference(model.name, compared.gain)}."
    return ScoreComparison(
        model=model.name, unit=unit, n=len(common), outside=count, auc=compared.auc, gain=compared.gain, verdict=verdict
    )


def with_comparisons(report: ScoreReport, comparisons: Iterable[ScoreComparison]) -> ScoreReport:
    """Return a report with comparisons."""
    return report.model_copy(update={"comparisons": tuple(comparisons)})


def _no_comparison(name: str, common: int, unit: Unit) -> str:
    if not common:
        return f"Not comparable with {name}: it was evaluated on none of the scored {unit}s."
    return (
        f"Not comparable with {name}: the {common:,} scored {unit}s that it was evaluated on all have the same label, and the "
        "comparison needs positive and negative ones."
    )


def unit_keys(table: pd.DataFrame, unit: Unit) -> list[str]:
    """Return the columns of a table that together name a unit."""
    return [name for name in KEYS[unit] if name in table]


def _to_unit(rows: pd.DataFrame, unit: Unit, scored: Unit) -> pd.DataFrame:
    return rows if unit == scored else to_unit(rows, unit)


def _has_both(scored: ScoredData, unit: Unit) -> bool:
    return counted_rows(scored, unit).rows["label"].nunique() == 2


def _evaluate(scored: ScoredData, unit: Unit, threshold: float, resamples: int) -> UnitReport:
    """Evaluate by one unit, with age alone and score and age as baselines."""
    rows, scale = counted_rows(scored, unit).rows, score_scale(scored)
    baselines = baseline_scores(rows, None)
    ranked = rows if scale == "probability" else rows.assign(probability=_ranks(rows["probability"]))
    combined = cross_fitted_scores(ranked)
    if combined is not None:
        baselines["image_and_age"] = combined
    report = evaluate_unit(rows, unit, threshold, baselines, resamples)
    return report if scale == "probability" else _without_probabilities(report)


def _ranks(scores: pd.Series) -> pd.Series:
    """Return the ranks of scores as shares in (0, 1), which have a logit."""
    return (scores.rank() - 0.5) / len(scores)


def _without_probabilities(report: UnitReport) -> UnitReport:
    """Return a report without the figures that only probabilities have."""
    unknown = Estimate(value=None)
    return report.model_copy(
        update={
            "brier": unknown,
            "pf1": report.pf1.model_copy(update={"raw": None}),
            "pf1_intervals": report.pf1_intervals.model_copy(update={"raw": unknown}),
        }
    )


def _notes(scored: ScoredData, top: UnitReport, chosen: float | None) -> list[str]:
    scores, unit = scored.table["probability"], COARSER[scored.unit][0]
    notes = list(scored.notes)
    if score_scale(scored) == "probability":
        notes.append("All scores lie between 0 and 1, so they are taken for probabilities.")
    else:
        notes.append(
            f"Scores reach from {scores.min():.4g} to {scores.max():.4g}, so they are taken for a ranking: there is no Brier "
            "score, no calibration and no pF1 of probabilities."
        )
    if scored.unit == "image":
        notes.append("A breast has the mean score of its images, and a patient that of her highest breast.")
    elif scored.unit == "breast":
        notes.append("A patient has the score of her highest breast.")
    notes += [
        f"{left_out:,} {other}s are positive only by what has no score; they are left out of the figures by {other}."
        for other in COARSER[scored.unit]
        if (left_out := counted_rows(scored, other).left_out)
    ]
    if chosen is not None:
        notes.append(
            f"The threshold {chosen:.4g} was chosen at 90 % specificity on these same {unit}s, so the figures at it are too "
            "good: a model of one's own has its threshold from other patients."
        )
    if top.baselines.image_and_age is not None:
        notes.append(
            f"Score and age together: a regression fitted on the other patients of these data, in {FOLDS} folds."
        )
    return [*notes, UNKNOWN_TRAINING]
