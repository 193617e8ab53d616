"""The report on several files: document, table, CSV and lines of text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from mammo_core.dicom.header import Source
from mammo_core.documents.prediction import (
    BreastPrediction,
    ImageEntry,
    PatientPrediction,
    PredictionDocument,
    describe_decision,
)
from mammo_core.prediction.exam_order import exam_dates, prior_exams
from mammo_core.prediction.files import FileNote
from mammo_core.prediction.image_results import (
    UNKNOWN,
    DuplicateImage,
    ExamKey,
    ImagePrediction,
    ImageResult,
    UnreadableImage,
)
from mammo_core.storage.spreadsheet import spreadsheet_csv


@dataclass(frozen=True)
class ExamReport:
    """What a model predicts for several files.

    Attributes:
        model: name of the model.
        threshold: operating point from which a breast is recalled, in [0, 1].
        images: one result per file, in order.
        breasts: one per breast in an exam, a patient's newest exam first; an image that isn't counted belongs to none.
        patients: one per patient and exam with such a breast.
        notes: which members of zip archives were skipped.
        sources: contents or path of each file, by key.
    """

    model: str
    threshold: float
    images: tuple[ImageResult, ...] = ()
    breasts: tuple[BreastPrediction, ...] = ()
    patients: tuple[PatientPrediction, ...] = ()
    notes: tuple[FileNote, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict, repr=False)

    @property
    def predictions(self) -> list[ImagePrediction]:
        """The images that have a prediction."""
        return [image for image in self.images if isinstance(image, ImagePrediction)]

    @property
    def problems(self) -> dict[int, UnreadableImage | DuplicateImage]:
        """The files without a prediction, by their number, counted from 1."""
        numbered = enumerate(self.images, 1)
        return {number: image for number, image in numbered if not isinstance(image, ImagePrediction)}

    def original(self, image: ImageResult) -> ImagePrediction | UnreadableImage:
        """Return a result, or, for a duplicate, the result of the image that it repeats."""
        while isinstance(image, DuplicateImage):
            image = self.images[image.original - 1]
        return image

    def breasts_of(self, key: ExamKey) -> list[BreastPrediction]:
        """Return the breasts in an exam as readers hang them: right before left."""
        breasts = [breast for breast in self.breasts if (breast.patient, breast.exam) == key]
        return sorted(breasts, key=lambda breast: breast.laterality, reverse=True)

    def patient_predictions(self, key: ExamKey) -> list[PatientPrediction]:
        """Return the prediction for a patient in an exam, in a list of at most one.

        The list is empty if no image of the exam is counted.
        """
        return [prediction for prediction in self.patients if (prediction.patient, prediction.exam) == key]

    def to_document(self) -> PredictionDocument:
        """Return the document that the command line prints."""
        return PredictionDocument(
            model=self.model,
            threshold=self.threshold,
            images=tuple(image_entry(image) for image in self.images),
            breasts=self.breasts,
            patients=self.patients,
        )

    def table(self) -> pd.DataFrame:
        """Return a table with one row per image.

        A row holds the image's entry, the results of its breast and patient, and the model.
        """
        breasts = {(breast.patient, breast.exam, breast.laterality): breast for breast in self.breasts}
        patients = {(patient.patient, patient.exam): patient for patient in self.patients}
        priors, rows = prior_exams(exam_dates(self.predictions)), []
        for image in self.images:
            row = dict(image_entry(image))
            row["modifiers"] = ", ".join(row["modifiers"]) or None
            breast, patient = None, None
            if isinstance(image, ImagePrediction):
                row["patient"] = image.decoded.patient or UNKNOWN
                breast = breasts.get((*image.exam_key, image.decoded.laterality or UNKNOWN))
                patient = patients.get(image.exam_key)
                row["prior_exam"] = image.exam_key in priors
            row["breast_probability"], row["breast_recall"] = (
                (breast.probability, breast.recall) if breast else (None,) * 2
            )
            row["patient_probability"], row["patient_recall"] = (
                (patient.probability, patient.recall) if patient else (None,) * 2
            )
            rows.append(row)
        return pd.DataFrame(rows).assign(model=self.model, threshold=self.threshold)

    def to_csv(self, *, dates: bool = False) -> str:
        """Return the image table as CSV text.

        Files appear by name alone, because folders may name patients.

        Args:
            dates: whether to keep the dates of exams; the column prior_exam tells without them which exams are older.
        """
        table = self.table() if dates else self.table().drop(columns="date")
        return spreadsheet_csv(table.assign(file=table["file"].str.replace(r".*[/\\]", "", regex=True)))

    def lines(self) -> Iterator[str]:
        """Yield the report as lines of text for a terminal."""
        for image in self.images:
            result = f"{image.probability:.3f}" if isinstance(image, ImagePrediction) else image.error
            reason = image.not_counted or image.no_decision if isinstance(image, ImagePrediction) else None
            yield f"{image.file}: {result}" + (f" ({reason})" if reason else "")
        for breast in self.breasts:
            decision = describe_decision(breast.recall, breast.no_decision)
            yield f"breast {breast.patient} {breast.laterality}{_of_exam(breast)}: {breast.probability:.3f}, {decision}"
        for patient in self.patients:
            decision = describe_decision(patient.recall, patient.no_decision)
            yield f"patient {patient.patient}{_of_exam(patient)}, highest breast: {patient.probability:.3f}, {decision}"
        yield f"Model {self.model}, recall threshold {self.threshold:.3f}. Research use only, not a diagnosis."


def image_entry(image: ImageResult) -> ImageEntry:
    """Return the `images` entry of the command line's document."""
    if not isinstance(image, ImagePrediction):
        return ImageEntry(file=image.file, error=image.error)
    return ImageEntry(
        file=image.file,
        patient=image.decoded.patient,
        exam=image.decoded.exam,
        date=image.decoded.date,
        laterality=image.decoded.laterality,
        view=image.decoded.view,
        modifiers=image.decoded.modifiers,
        probability=image.probability,
        out_of_distribution=image.out_of_distribution,
        no_decision=image.no_decision,
        counted=image.not_counted is None,
        note=" ".join(image.notes) or None,
    )


def _of_exam(unit: BreastPrediction | PatientPrediction) -> str:
    return f", exam of {unit.date}" if unit.date else ""
