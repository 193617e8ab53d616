"""How many patients an evaluation needs for an interval of a wanted width."""

from typing import Literal

from mammo_core.documents.base import Document, PrintedDocument
from mammo_core.documents.units import Unit

Measure = Literal["auc", "sensitivity", "sensitivity_at_specificity"]


class SampleSize(Document):
    """Numbers of patients, with the width of the interval that they give.

    Attributes:
        positive: patients with cancer.
        negative: patients without.
        half_width: half the length of the measure's expected 95 % interval.
    """

    positive: int
    negative: int
    half_width: float


class SampleSizeReport(PrintedDocument):
    """How many patients are needed to know a measure of a model so well.

    Attributes:
        model: name of the model or of the scores.
        data: the prepared store whose patients the spread is taken from; None for the model's own held-out ones.
        measure: what is to be known.
        at: the threshold on the probability (sensitivity), or the wanted specificity (sensitivity_at_specificity).
        unit: what is counted.
        prevalence: share of the patients with cancer, in [0, 1].
        value: the measure at this prevalence.
        half_width: what is wanted: half the length of the measure's 95 % interval.
        present: the patients at hand, with the width that as many of each give.
        needed: the patients that are needed.
        curve: numbers of patients around those two, from few to many.
        verdict: the same in a sentence or two.
    """

    model: str
    data: str | None = None
    measure: Measure
    at: float | None = None
    unit: Unit
    prevalence: float
    value: float
    half_width: float
    present: SampleSize
    needed: SampleSize
    curve: tuple[SampleSize, ...]
    verdict: str
