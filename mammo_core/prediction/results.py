"""The results of a prediction: for images, breasts and patients."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from mammo_core.dicom.header import Source
from mammo_core.documents.prediction import (
    BreastPrediction,
    ImageEntry,
    PatientPrediction,
    PredictionDocument,
    describe_decision,
)
from mammo_core.evaluation.localisation import cam_outside_breast
from mammo_core.evaluation.units import to_breasts, to_patients
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.decode import DecodedImage
from mammo_core.prediction.files import FileNote
from mammo_core.preprocess.geometry import to_source
from mammo_core.storage.spreadsheet import spreadsheet_csv

UNKNOWN = "unknown"
NO_IDENTITY = (
    "The file names neither patient nor study, so nothing tells whose breast it shows: it is not counted. Set the patient in "
    "the table of files, or put the files of each person into a folder of their own."
)
ExamKey = tuple[str, str | None]  # patient, or UNKNOWN, and exam


@dataclass(frozen=True)
class ImagePrediction:
    """The prediction for one readable image.

    Attributes:
        file: name of the file.
        key: key of the file, see `InputFile.key`.
        decoded: the file's contents.
        probability: calibrated probability of the positive class, in [0, 1].
        ood_score: distance from the training images; above 1 the image is out of distribution.
        cam: class activation map, float32 (h, w) in [0, 1]: what each position of the model input adds to the positive
            logit, where 1 is the maximum of a typical positive validation image; None if the network has no such map.
    """

    file: str
    key: str
    decoded: DecodedImage
    probability: float
    ood_score: float
    cam: np.ndarray | None

    @property
    def out_of_distribution(self) -> bool:
        """Whether the image is unlike the training images.

        Its probability then has no basis.
        """
        return self.ood_score > 1

    @property
    def exam_key(self) -> ExamKey:
        """Patient and exam to which the image belongs."""
        return self.decoded.patient or UNKNOWN, self.decoded.exam

    @property
    def not_counted(self) -> str | None:
        """Why no breast is answered from the image, in one sentence; None if one is."""
        if self.decoded.special_kind:
            return self._special
        if self.decoded.patient is None and self.decoded.exam is None:
            return NO_IDENTITY
        return None if self.decoded.laterality else "The side is unknown, so the image belongs to no breast."

    @property
    def picture(self) -> np.ndarray:
        """The image for display, uint8 (rows, columns)."""
        return self.decoded.picture

    @property
    def source_shape(self) -> tuple[int, int]:
        """Rows and columns of the source, in pixels."""
        return self.decoded.geometry.source_rows, self.decoded.geometry.source_columns

    @property
    def chest_left(self) -> bool:
        """Whether the chest wall lies at the left edge of the picture."""
        return not self.decoded.geometry.flipped

    @property
    def model_input(self) -> np.ndarray:
        """What the network read, uint8 (rows, columns)."""
        return self.decoded.model_input

    @property
    def tags(self) -> dict[str, str]:
        """Technical header values on the allow-list."""
        return self.decoded.tags

    @property
    def details(self) -> tuple[str, ...]:
        """Sentences about the prediction and about what was unusual in reading."""
        outside = self.cam_outside_breast()
        heatmap = () if outside is None else (f"Heatmap outside the breast: {100 * outside:.0f} %",)
        difference = f"Difference from training images: {self.ood_score:.2f} (limit 1.0)"
        return (*heatmap, difference, *filter(None, [self._special]), *self.decoded.notes)

    @property
    def _special(self) -> str:
        kind = self.decoded.special_kind
        return f"This is {kind}: it is shown and not counted." if kind else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """Why the image isn't counted, and what was unusual in reading it."""
        return (*filter(None, [self.not_counted]), *self.decoded.notes)

    def without_arrays(self) -> "ImagePrediction":
        """Return the prediction without its large arrays.

        Thousands of such predictions fit into memory.
        """
        empty = np.empty((0, 0), np.uint8)
        return replace(self, decoded=replace(self.decoded, picture=empty, model_input=empty), cam=None)

    def with_labels(self, patient: str | None, laterality: str | None, view: str | None) -> "ImagePrediction":
        """Return the prediction with another patient, laterality and view."""
        return replace(self, decoded=replace(self.decoded, patient=patient, laterality=laterality, view=view))

    def with_picture(self, picture: np.ndarray) -> "ImagePrediction":
        """Return the prediction with another picture of the same frame.

        The picture is uint8 (rows, columns), at any resolution.
        """
        return replace(self, decoded=replace(self.decoded, picture=picture))

    def heatmap(self, rows: int, columns: int) -> np.ndarray | None:
        """Return the class activation map, enlarged to a picture of the source.

        Args:
            rows: of the picture.
            columns: of the picture.

        Returns:
            float32 (rows, columns) in [0, 1]; None without a map.
        """
        return None if self.cam is None else to_source(self.cam, self.decoded.geometry, rows, columns)

    def cam_outside_breast(self) -> float | None:
        """Return the share of the heatmap that lies outside the breast.

        Returns:
            In [0, 1]; None without a map.
        """
        if self.cam is None:
            return None
        return cam_outside_breast(self.cam, self.decoded.model_input > 0)


@dataclass(frozen=True)
class UnreadableImage:
    """A file that can't be read as a mammogram.

    Attributes:
        file: name of the file.
        key: key of the file.
        error: what is wrong with it, in one sentence.
    """

    file: str
    key: str
    error: str


@dataclass(frozen=True)
class DuplicateImage:
    """A file that repeats the image of another file and isn't counted.

    Attributes:
        file: name of the file.
        key: key of the file.
        original: number of the first file with this image, counted from 1.
    """

    file: str
    key: str
    original: int

    @property
    def error(self) -> str:
        """Why the file has no prediction of its own, in one sentence."""
        return f"This is the same image as file {self.original}; it counts once."


ImageResult = ImagePrediction | UnreadableImage | DuplicateImage


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
            reason = image.not_counted if isinstance(image, ImagePrediction) else None
            yield f"{image.file}: {result}" + (f" ({reason})" if reason else "")
        for breast in self.breasts:
            decision = describe_decision(breast.recall)
            yield f"breast {breast.patient} {breast.laterality}{_of_exam(breast)}: {breast.probability:.3f}, {decision}"
        for patient in self.patients:
            decision = describe_decision(patient.recall)
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
        counted=image.not_counted is None,
        note=" ".join(image.notes) or None,
    )


def _of_exam(unit: BreastPrediction | PatientPrediction) -> str:
    return f", exam of {unit.date}" if unit.date else ""


def summarise(images: Sequence[ImageResult], bundle: Bundle) -> ExamReport:
    """Combine image predictions into breasts and patients, in each exam.

    A breast's probability is the mean over its images in an exam, a patient's the highest of their breasts in it. Prior exams
    have predictions of their own and take no part in that of the current one.
    """
    report = ExamReport(bundle.name, bundle.threshold, tuple(images))
    counted = [image for image in report.predictions if image.not_counted is None]
    if not counted:
        return report
    dates = exam_dates(report.predictions)
    exams = order_exams(sorted({image.exam_key for image in counted}, key=lambda key: (key[0], key[1] or "")), dates)
    numbers = {key: number for number, key in enumerate(exams)}
    table = pd.DataFrame(
        [
            {
                "patient_id": numbers[image.exam_key],
                "laterality": image.decoded.laterality,
                "probability": image.probability,
                "images": 1,
                "out_of_distribution": image.out_of_distribution,
            }
            for image in counted
        ]
    )

    def of_exam(row: dict[str, Any]) -> dict[str, Any]:
        patient, exam = exams[row.pop("patient_id")]
        return {**row, "patient": patient, "exam": exam, "date": dates.get((patient, exam))}

    breasts = _combine(table, to_breasts, ["patient_id", "laterality"], bundle.threshold)
    patients = _combine(table, to_patients, ["patient_id"], bundle.threshold)
    return replace(
        report,
        breasts=tuple(BreastPrediction(**of_exam(row)) for row in breasts),
        patients=tuple(PatientPrediction(**of_exam(row)) for row in patients),
    )


def exam_dates(images: Sequence[ImagePrediction]) -> dict[ExamKey, str]:
    """Return the date of each exam that has one: the latest, if its images differ."""
    dates: dict[ExamKey, str] = {}
    for image in images:
        if image.decoded.date:
            dates[image.exam_key] = max(image.decoded.date, dates.get(image.exam_key, ""))
    return dates


def prior_exams(dates: Mapping[ExamKey, str]) -> set[ExamKey]:
    """Return the exams of patients who have a newer one.

    Exams of unknown patients aren't compared: they may be of different persons.
    """
    newest: dict[str, str] = {}
    for (patient, _), date in dates.items():
        newest[patient] = max(date, newest.get(patient, ""))
    return {key for key, date in dates.items() if key[0] != UNKNOWN and date < newest[key[0]]}


def order_exams(keys: Iterable[ExamKey], dates: Mapping[ExamKey, str]) -> list[ExamKey]:
    """Order exams so that those of a patient follow each other, the newest first.

    Patients keep the order of their first exam; exams without a date come last.
    """
    keys = list(keys)
    patients = {patient: number for number, patient in enumerate(dict.fromkeys(patient for patient, _ in keys))}
    newest_first = sorted(keys, key=lambda key: dates.get(key, ""), reverse=True)  # stable
    return sorted(newest_first, key=lambda key: patients[key[0]])


def _combine(
    table: pd.DataFrame, combine: Callable[[pd.DataFrame], pd.DataFrame], keys: list[str], threshold: float
) -> list[dict[str, Any]]:
    """Combine a table of images into one record for each unit.

    Args:
        table: one row per image; patient_id numbers the exams.
        combine: computes the probability of each unit.
        keys: columns that identify the unit.
        threshold: the operating point.

    Returns:
        Records with the keys, images, probability, recall and out_of_distribution.
    """
    counts = table.groupby(keys, as_index=False).agg({"images": "sum", "out_of_distribution": "max"})
    units = counts.merge(combine(table)[[*keys, "probability"]], on=keys, validate="one_to_one")
    units["recall"] = (units["probability"] >= threshold).astype(object).mask(units["out_of_distribution"], None)
    rows: list[dict[str, Any]] = units.to_dict("records")
    return rows
