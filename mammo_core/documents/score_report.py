"""Scores of a model from elsewhere, evaluated on a data set."""

from typing import Literal

from mammo_core.documents.base import Document, PrintedDocument
from mammo_core.documents.estimate import Estimate
from mammo_core.documents.report import Subgroup, UnitReport
from mammo_core.documents.units import Unit

ScoreScale = Literal["probability", "ranking"]
ThresholdSource = Literal["given", "these data"]


class ScoreColumns(Document):
    """The columns of a table of scores, by their names in it; None for what it lacks.

    Attributes:
        image: an image_id, or the name of an image's file.
        patient: a patient_id.
        exam: the patient's exam, where the data set tells exams apart.
        side: L or R.
        breast: patient and side in one, such as 10008_L.
        score: a number that is higher the more likely a cancer is.
        left, right: the scores of both breasts, in a table with one row per patient or exam.
        label: a label of the table's own, compared with the data set's and not used otherwise.
    """

    image: str | None = None
    patient: str | None = None
    exam: str | None = None
    side: str | None = None
    breast: str | None = None
    score: str | None = None
    left: str | None = None
    right: str | None = None
    label: str | None = None


class ScoreComparison(Document):
    """Scores from elsewhere compared with a model's own predictions of the same units.

    Attributes:
        model: name of the model.
        unit: what is counted.
        n: units that both have.
        outside: how many scored units the model has no evaluated prediction for.
        auc: AUC of the model on the common units; None if there is no comparison.
        gain: AUC of the scores minus AUC of the model, by paired bootstrap over patients; None if there is no comparison.
        verdict: what that means, or why there is no comparison, in a sentence.
    """

    model: str
    unit: Unit
    n: int
    outside: int
    auc: Estimate | None = None
    gain: Estimate | None = None
    verdict: str


class ScoredUnits(Document):
    """The evaluations by the other units; None where there is none.

    Attributes:
        image: only where images were scored.
        patient: by patient, with the highest breast.
    """

    image: UnitReport | None = None
    patient: UnitReport | None = None


class ScoreReport(UnitReport, PrintedDocument):
    """The evaluation of scores from elsewhere, as the command line prints it.

    `baselines.image_and_age` combines score and age by regressions that are fitted on the other patients of the same data, in
    folds.

    Attributes:
        data: name of the data set whose labels were used.
        scored: what each score is of.
        unit: of the figures at the top level: breasts, or patients where patients were scored.
        scale: "probability" if all scores lie in [0, 1]; otherwise "ranking", without the figures that need probabilities.
        threshold_from: whether the threshold was given, or chosen at 90 % specificity on these same data.
        notes: sentences on what was assumed and left out.
        units: the evaluations by the other units that the scores allow.
        subgroups: the AUC by site, machine, age and so on.
        comparisons: with models of one's own.
    """

    data: str
    scored: Unit
    unit: Unit
    scale: ScoreScale
    threshold_from: ThresholdSource
    notes: tuple[str, ...]
    units: ScoredUnits
    subgroups: tuple[Subgroup, ...]
    comparisons: tuple[ScoreComparison, ...] = ()

    def reports(self) -> dict[Unit, UnitReport]:
        """Return the evaluations by unit, from the images to the patients."""
        reports: dict[Unit, UnitReport | None] = {
            "image": self.units.image,
            "breast": None,
            "patient": self.units.patient,
        }
        reports[self.unit] = self
        return {unit: report for unit, report in reports.items() if report is not None}
