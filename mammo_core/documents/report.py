"""The evaluation of a model: figures, baselines, subgroups, localisation."""

from typing import Literal

from mammo_core.documents.base import Document, FileDocument
from mammo_core.documents.estimate import Estimate
from mammo_core.documents.units import Unit

EvaluatedPart = Literal["test", "validation", "all"]
Standing = Literal["better", "baseline", "chance", "unknown"]  # than all baselines; than chance only; not even that
CHANCE = 0.5  # AUC of a model that knows nothing


class ConfusionMatrix(Document):
    """Units counted by label and decision.

    Attributes:
        tp: positive and recalled.
        fp: negative and recalled.
        tn: negative and not recalled.
        fn: positive and not recalled.
    """

    tp: int
    fp: int
    tn: int
    fn: int


class OperatingPointFigures(Document):
    """The figures at a threshold; a unit whose probability reaches it is recalled.

    Attributes:
        threshold: on the probability.
        sensitivity: in [0, 1]; None without positive units.
        specificity: in [0, 1]; None without negative units.
        recall_rate: in [0, 1]; None without units.
        ppv: in [0, 1]; None if no unit is recalled.
        confusion: the counts behind them.
    """

    threshold: float
    sensitivity: float | None
    specificity: float | None
    recall_rate: float | None
    ppv: float | None
    confusion: ConfusionMatrix


class OperatingPointIntervals(Document):
    """The figures at a threshold with their 95 % confidence intervals.

    Attributes:
        sensitivity: share of positive units that are recalled.
        specificity: share of negative units that are not recalled.
        recall_rate: share of units that are recalled.
        ppv: share of recalled units that are positive.
    """

    sensitivity: Estimate
    specificity: Estimate
    recall_rate: Estimate
    ppv: Estimate

    def by_name(self) -> dict[str, Estimate]:
        """Return the figures by name."""
        return {
            "sensitivity": self.sensitivity,
            "specificity": self.specificity,
            "recall_rate": self.recall_rate,
            "ppv": self.ppv,
        }


class PF1(Document):
    """Probabilistic F1, the RSNA competition's metric.

    Attributes:
        raw: of the probabilities as they are; None of scores that are none.
        best: of decisions at the best threshold.
        best_threshold: that threshold, on the probability.
        at_threshold: of the decisions at the operating point.
    """

    raw: float | None
    best: float
    best_threshold: float
    at_threshold: float


class PF1Intervals(Document):
    """Probabilistic F1 with its 95 % confidence intervals.

    Attributes:
        raw: of the probabilities as they are.
        best: of decisions at the best threshold.
        at_threshold: of the decisions at the operating point.
    """

    raw: Estimate
    best: Estimate
    at_threshold: Estimate

    def by_name(self) -> dict[str, Estimate]:
        """Return the figures by name."""
        return {"raw": self.raw, "best": self.best, "at_threshold": self.at_threshold}


class ConstantBaseline(Document):
    """The figures of a model that gives every unit the same probability.

    Attributes:
        auc: 0.5.
        average_precision: the prevalence.
        accuracy: the base rate, of the more frequent label for every unit.
    """

    auc: float
    average_precision: float
    accuracy: float


class Baseline(Document):
    """A baseline on the same units.

    Attributes:
        auc: ROC AUC of the baseline.
        average_precision: average precision of the baseline.
        gain: AUC of the model minus AUC of the baseline, by paired bootstrap.
    """

    auc: Estimate
    average_precision: Estimate
    gain: Estimate


class Baselines(Document):
    """The baselines of an evaluation; None where one is unknown.

    Attributes:
        prevalence: the constant prediction.
        age_only: age alone.
        image_statistics: global statistics of the image.
        original_cnn: the newest model of the original network that was evaluated on the same images.
        image_and_age: the model's probability and age together, fitted on the validation part (scores from elsewhere: on
            the other patients, in folds). Not one to beat: it contains the model.
        image_over_age: what the image adds to age: AUC of image and age minus AUC of age alone, by paired bootstrap.
    """

    prevalence: ConstantBaseline
    age_only: Baseline | None = None
    image_statistics: Baseline | None = None
    original_cnn: Baseline | None = None
    image_and_age: Baseline | None = None
    image_over_age: Estimate | None = None

    def known(self) -> dict[str, Baseline]:
        """Return the known baselines that a model must beat, by name.

        The constant one isn't among them.
        """
        baselines = {
            "age_only": self.age_only,
            "image_statistics": self.image_statistics,
            "original_cnn": self.original_cnn,
        }
        return {name: baseline for name, baseline in baselines.items() if baseline is not None}


class FiguresOfMerit(Document):
    """The figures that need no threshold, with the numbers of units.

    Attributes:
        n: how many units.
        positives: how many of them are positive.
        patients: how many patients they belong to.
        auc, average_precision, sensitivity_at_90_specificity, partial_auc, brier: see `mammo_core.evaluation.metrics`.
    """

    n: int
    positives: int
    patients: int
    auc: Estimate
    average_precision: Estimate
    sensitivity_at_90_specificity: Estimate
    partial_auc: Estimate
    brier: Estimate

    def figures_of_merit(self) -> dict[str, Estimate]:
        """Return the figures that need no threshold, by name."""
        return {
            "auc": self.auc,
            "average_precision": self.average_precision,
            "sensitivity_at_90_specificity": self.sensitivity_at_90_specificity,
            "partial_auc": self.partial_auc,
            "brier": self.brier,
        }


class UnitReport(FiguresOfMerit):
    """The evaluation by one unit: image, breast or patient.

    Attributes:
        pf1, pf1_intervals: probabilistic F1.
        baselines: for comparison.
        operating_point: the figures at the threshold.
        operating_point_intervals: the confidence intervals of these figures.
        accuracy: share of units whose decision equals their label, at the threshold.
        verdict: what the figures mean, in a sentence or two; None with too few patients.
        verdict_reason: why there is no verdict, in a sentence.
    """

    pf1: PF1
    pf1_intervals: PF1Intervals
    baselines: Baselines
    operating_point: OperatingPointFigures
    operating_point_intervals: OperatingPointIntervals
    accuracy: float
    verdict: str | None
    verdict_reason: str | None = None

    def standing(self) -> Standing:
        """Return how the model stands, from 95 % intervals of its AUC and gains."""
        if self.verdict is None or self.auc.low is None:
            return "unknown"
        if self.auc.low <= CHANCE:
            return "chance"
        gains = [baseline.gain.low for baseline in self.baselines.known().values()]
        return "better" if all(low is not None and low > 0 for low in gains) else "baseline"

    def verdict_or_reason(self) -> str:
        """Return the verdict, or why there is none."""
        return self.verdict or self.verdict_reason or "No verdict."


class OtherUnits(Document):
    """The evaluations by other units than the breast.

    Attributes:
        image: by image.
        patient: by patient, with the highest breast.
    """

    image: UnitReport
    patient: UnitReport


class Subgroup(Document):
    """The AUC in a part of the data.

    Attributes:
        attribute: by which the data are divided, such as site_id.
        group: the attribute's value.
        unit: what is counted.
        n: number of units in the group.
        positives: number of positive units in the group.
        auc: None where the group has too few units or patients of a label.
        difference: AUC of the group minus that of all other units; None also where these are too few.
        p_value: of that difference, in [0, 1], corrected for the number of groups that were compared together (Holm 1979).
    """

    attribute: str
    group: str
    unit: Unit
    n: int
    positives: int
    auc: Estimate | None
    difference: Estimate | None = None
    p_value: float | None = None


class Localisation(Document):
    """Whether heatmaps lie on lesions: the pointing game (Zhang et al. 2018).

    Attributes:
        images: number of positive images whose lesions are known.
        patients: number of their patients.
        hit_rate: share of images whose heatmap has its maximum in a lesion.
        chance: the hit rate of a random point in the breast.
        outside: share of the heatmap outside the breast.
        outside_chance: share of the model input outside the breast.
        marks: number of the lesions that readers have marked; 0 in files of earlier versions, which knew none.
    """

    images: int
    patients: int
    hit_rate: Estimate
    chance: float
    outside: float
    outside_chance: float
    marks: int = 0


class EvaluationReport(UnitReport, FileDocument):
    """The evaluation of a model by breast, image and patient: evaluation.json.

    Attributes:
        schema_version: of this document; files without one are of version 1.
        part: the part of the data that was evaluated.
        unit: of the figures at the top level.
        units: the evaluations by the other units.
        subgroups: the AUC by site, machine, age and so on.
        localisation: None where no lesions are known or the network has no exact heatmap.
    """

    schema_version: Literal[1] = 1
    part: EvaluatedPart
    unit: Literal["breast"] = "breast"
    units: OtherUnits
    subgroups: tuple[Subgroup, ...]
    localisation: Localisation | None = None

    def by(self, unit: Unit) -> UnitReport:
        """Return the evaluation by a unit."""
        if unit == "image":
            return self.units.image
        if unit == "patient":
            return self.units.patient
        return self


class ModelComparison(Document):
    """Two models compared on the same images.

    Attributes:
        n: how many units.
        gain: AUC of the first model minus AUC of the second, by paired bootstrap over patients.
        verdict: what that means, in a sentence.
    """

    n: int
    gain: Estimate
    verdict: str
