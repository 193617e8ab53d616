"""Tell how many patients an evaluation needs for an interval of a wanted width.

The patients at hand are of two strata: with cancer (at least one positive unit) and without. A measure's variance with m and n
of them is close to a / m + b / n. Both terms come from the bootstrap: a from drawing only the patients with cancer, with all
their units, b from drawing only the others. No distribution of the scores is assumed, and units of a patient stay together. The
patients without cancer weigh as much as the prevalence gives them.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from mammo_core.documents.estimate import Z, score_interval
from mammo_core.documents.sample_size import Measure, SampleSize, SampleSizeReport
from mammo_core.documents.units import Unit
from mammo_core.errors import ConfigError, DataError
from mammo_core.evaluation import metrics
from mammo_core.evaluation.bootstrap import BLOCK
from mammo_core.evaluation.intervals import MIN_PATIENTS as INTERVAL_PATIENTS
from mammo_core.evaluation.metrics import Metric, Ranking, Sample

# Of each stratum. The variance that 20 patients show has a standard error of a third of it (the square root of 2 / 19) or more,
# and so has the number that is needed.
MIN_PATIENTS = 20
RESAMPLES = 1000  # of each stratum: the widths are then off by some 2 %
FEW = 100  # patients with cancer; from fewer the number that is needed is rough
NO_VARIANCE = 1e-12  # of one patient; rounding errors stay below it
MOST = 10_000_000  # patients; more than any screening programme has
CURVE_POINTS = 25
CURVE_REACH = 4.0  # of the curve, beyond the numbers at hand and needed: this many times as many or as few


@dataclass(frozen=True)
class Spread:
    """How a measure varies from one set of patients to another.

    Attributes:
        value: the measure.
        positive: variance that one patient with cancer gives: a.
        negative: variance that one patient without gives: b.
        is_share: whether the measure is a share of units, which has Wilson's interval.
    """

    value: float
    positive: float
    negative: float
    is_share: bool = False

    def half_width(self, positive: float, negative: float) -> float:
        """Return half the length of the 95 % interval with so many patients.

        Args:
            positive: patients with cancer, above 0.
            negative: patients without, above 0.
        """
        variance = self.positive / positive + self.negative / negative
        if not self.is_share:
            return float(Z * np.sqrt(variance))
        low, high = score_interval(self.value, self.value * (1 - self.value) / variance)
        return float(high - low) / 2


@dataclass(frozen=True)
class PrecisionGoal:
    """What is to be known, and how well.

    Attributes:
        half_width: half the length of the wanted 95 % interval, in (0, 0.5).
        measure: what is to be known.
        prevalence: share of the patients with cancer, in (0, 1); None for that of the patients at hand.
        at: the threshold on the probability (sensitivity), or the specificity in (0, 1) (sensitivity_at_specificity).
    """

    half_width: float = 0.03
    measure: Measure = "auc"
    prevalence: float | None = None
    at: float | None = None

    def metric(self) -> Metric:
        """Return the measure as a metric.

        Raises:
            ConfigError: a number is outside its range, or the threshold or specificity is missing.
        """
        if not 0 < self.half_width < 0.5:
            raise ConfigError("The half-width of the interval must lie between 0 and 0.5.")
        if self.prevalence is not None and not 0 < self.prevalence < 1:
            raise ConfigError("The prevalence, the share of patients with cancer, must lie between 0 and 1.")
        if self.measure == "auc":
            return metrics.auc
        if self.at is None or not np.isfinite(self.at):
            raise ConfigError("A sensitivity needs the threshold or the specificity that it is meant at.")
        if self.measure == "sensitivity":
            return metrics.operating_figures(self.at)["sensitivity"]
        if not 0 < self.at < 1:
            raise ConfigError("The specificity must lie between 0 and 1.")
        return metrics.sensitivity_at_specificity(self.at)


def choose_goal(
    measure: Literal["auc", "sensitivity"],
    half_width: float,
    prevalence: float | None,
    threshold: float | None = None,
    specificity: float | None = None,
) -> PrecisionGoal:
    """Return the goal that options describe.

    Args:
        measure: a sensitivity is that at the threshold, or at the specificity where that is given.
        half_width: see `PrecisionGoal`, which also tells about the others.
        prevalence: likewise.
        threshold: of a sensitivity; None leaves it open.
        specificity: of a sensitivity, in place of a threshold.

    Raises:
        ConfigError: the options contradict each other.
    """
    if measure == "auc":
        if (threshold, specificity) != (None, None):
            raise ConfigError("A threshold or specificity belongs to a sensitivity, not to the AUC.")
        return PrecisionGoal(half_width, "auc", prevalence)
    if specificity is None:
        return PrecisionGoal(half_width, "sensitivity", prevalence, threshold)
    if threshold is not None:
        raise ConfigError("Give either a threshold or a specificity.")
    return PrecisionGoal(half_width, "sensitivity_at_specificity", prevalence, specificity)


def strata(units: pd.DataFrame) -> np.ndarray:
    """Return whether each unit's patient has cancer: a positive unit, bool (n,).

    Args:
        units: one row per unit, with patient_id and label.
    """
    return units.groupby("patient_id")["label"].transform("max").to_numpy(int) == 1


def patients_by_stratum(units: pd.DataFrame) -> tuple[int, int]:
    """Return the numbers of patients with and without cancer.

    Args:
        units: one row per unit, with patient_id and label.
    """
    with_cancer = units.groupby("patient_id")["label"].max() == 1
    return int(with_cancer.sum()), int((~with_cancer).sum())


def share_with_cancer(units: pd.DataFrame) -> float:
    """Return the share of the patients with cancer, in [0, 1].

    Args:
        units: one row per unit, with patient_id and label.
    """
    positive, negative = patients_by_stratum(units)
    return positive / (positive + negative)


def spread(units: pd.DataFrame, metric: Metric, prevalence: float, *, is_share: bool = False, seed: int = 0) -> Spread:
    """Return how a measure varies with the patients, at a prevalence.

    Args:
        units: one row per unit, with patient_id, label and probability.
        metric: the measure, see `mammo_core.evaluation.metrics`.
        prevalence: share of the patients with cancer, in (0, 1).
        is_share: see `Spread`.
        seed: of the draws.
    """
    ranking, in_stratum = Ranking(units["label"], units["probability"]), strata(units)
    positive, negative = patients_by_stratum(units)
    weights = np.where(in_stratum, 1.0, positive / negative * (1 - prevalence) / prevalence)
    generator = np.random.default_rng(seed)
    values = [
        _resampled(ranking, metric, units["patient_id"].to_numpy(), weights, drawn, generator)
        for drawn in (in_stratum, ~in_stratum)
    ]
    first, second = (float(np.nanvar(drawn, ddof=1)) for drawn in values)
    return Spread(
        value=float(metric(Sample(ranking, weights[np.newaxis]))[0]),
        positive=first * positive**2 / (positive - 1),  # n / (n - 1): the draws vary less than the patients do
        negative=second * negative**2 / (negative - 1),
        is_share=is_share,
    )


def _resampled(
    ranking: Ranking,
    metric: Metric,
    patients: np.ndarray,
    weights: np.ndarray,
    drawn: np.ndarray,
    generator: np.random.Generator,
) -> np.ndarray:
    """Return a metric on resamples of one stratum's patients, (RESAMPLES,).

    Args:
        ranking: the units.
        metric: the measure.
        patients: the patient of each unit, (n,).
        weights: of each unit where nothing is drawn, (n,).
        drawn: whether a unit belongs to the stratum, bool (n,).
        generator: of the draws.
    """
    codes = np.unique(patients[drawn], return_inverse=True)[1]
    count, values = int(codes.max()) + 1, []
    for start in range(0, RESAMPLES, BLOCK):
        block = min(BLOCK, RESAMPLES - start)
        times = generator.multinomial(count, np.full(count, 1 / count), size=block)
        sample = np.tile(weights, (block, 1))
        sample[:, drawn] *= times[:, codes]
        values.append(metric(Sample(ranking, sample)))
    return np.concatenate(values)


def sample_size_report(
    units: pd.DataFrame, unit: Unit, goal: PrecisionGoal, model: str, data: str | None = None
) -> SampleSizeReport:
    """Return how many patients are needed for an interval of the wanted width.

    Args:
        units: one row per unit, with patient_id, label and probability.
        unit: what they are.
        goal: what is to be known, and how well.
        model: name of the model or scores.
        data: name of the data that the units are of; None for the model's own held-out patients.

    Raises:
        ConfigError: the goal has a number outside its range.
        DataError: the patients at hand are too few, or vary too little, to tell.
    """
    metric, (positive, negative) = goal.metric(), patients_by_stratum(units)
    if min(positive, negative) < MIN_PATIENTS:
        raise DataError(
            f"Too few patients to tell how many are needed: {positive:,} with cancer and {negative:,} without; at least "
            f"{MIN_PATIENTS} of each are needed for that."
        )
    prevalence = share_with_cancer(units) if goal.prevalence is None else goal.prevalence
    varies = spread(units, metric, prevalence, is_share=goal.measure == "sensitivity")
    if varies.value in (0, 1) or varies.positive + varies.negative < NO_VARIANCE:
        raise DataError(
            f"The {describe_measure(goal.measure, goal.at)} is {varies.value:.2f} on the patients at hand without any doubt, so "
            "they don't tell how many are needed."
        )
    present = SampleSize(positive=positive, negative=negative, half_width=varies.half_width(positive, negative))
    needed = _needed(varies, goal.half_width, prevalence)
    return SampleSizeReport(
        model=model,
        data=data,
        measure=goal.measure,
        at=goal.at if goal.measure != "auc" else None,
        unit=unit,
        prevalence=prevalence,
        value=varies.value,
        half_width=goal.half_width,
        present=present,
        needed=needed,
        curve=_curve(varies, prevalence, (positive, needed.positive)),
        verdict=_verdict(goal, unit, prevalence, present, needed),
    )


def _size(varies: Spread, prevalence: float, positive: int) -> SampleSize:
    """Return the patients among whom so many have cancer, with the width they give."""
    negative = max(1, int(np.ceil(positive * (1 - prevalence) / prevalence - 1e-9)))
    return SampleSize(positive=positive, negative=negative, half_width=varies.half_width(positive, negative))


def _needed(varies: Spread, half_width: float, prevalence: float) -> SampleSize:
    """Return the fewest patients, of whom both strata allow an interval."""
    fewest = max(INTERVAL_PATIENTS, int(np.ceil(INTERVAL_PATIENTS * prevalence / (1 - prevalence))))
    low, high = fewest, MOST
    if _size(varies, prevalence, high).half_width > half_width:
        raise ConfigError(f"More than {MOST:,} patients with cancer would be needed. Ask for a wider interval.")
    while low < high:
        middle = (low + high) // 2
        if _size(varies, prevalence, middle).half_width <= half_width:
            high = middle
        else:
            low = middle + 1
    return _size(varies, prevalence, low)


def _curve(varies: Spread, prevalence: float, ends: tuple[int, int]) -> tuple[SampleSize, ...]:
    """Return sizes around two numbers of patients with cancer."""
    low, high = max(min(ends) / CURVE_REACH, INTERVAL_PATIENTS), max(ends) * CURVE_REACH
    numbers = sorted({round(number) for number in np.geomspace(low, high, CURVE_POINTS)})
    return tuple(_size(varies, prevalence, number) for number in numbers)


def _verdict(goal: PrecisionGoal, unit: Unit, prevalence: float, present: SampleSize, needed: SampleSize) -> str:
    name = describe_measure(goal.measure, goal.at)
    enough = ", which is enough" if present.half_width <= goal.half_width else ""
    rough = (
        f" Take this as a rough number: how much it varies is known from only {present.positive:,} patients with cancer."
        if present.positive < FEW
        else ""
    )
    return (
        f"To know the {name} by {unit} to ±{goal.half_width:.3g} you need about {_rounded(needed.positive)} patients with "
        f"cancer and {_rounded(needed.negative)} without, where {100 * prevalence:.3g} % have cancer. The "
        f"{present.positive:,} and {present.negative:,} here give ±{present.half_width:.2g}{enough}.{rough}"
    )


def describe_measure(measure: Measure, at: float | None) -> str:
    """Return a measure in words, such as "sensitivity at 90 % specificity"."""
    if measure == "sensitivity":
        return f"sensitivity at the threshold {at:.3g}"
    return "AUC" if measure == "auc" else f"sensitivity at {100 * (at or 0):.3g} % specificity"


def _rounded(number: int) -> str:
    """Return a number with two significant digits, rounded up."""
    step = 10 ** max(0, len(str(number)) - 2)
    return f"{-(-number // step) * step:,}"
