"""What a model says of images, breasts and patients."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mammo_core.evaluation import to_breasts, to_patients
from mammo_core.evaluation.localisation import cam_outside_breast
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.decode import DecodedImage
from mammo_core.preprocess import to_source

UNKNOWN = "unknown"
SAID = ["images", "probability", "recall", "out_of_distribution"]  # of a breast or patient


@dataclass(frozen=True)
class Prediction:
    """What a model says of one file; `error` is a sentence where it can't say anything.

    Attributes:
        file: the name that the user gave it.
        upload: the file's contents, None with an error.
        probability: calibrated probability of the positive class in [0, 1], None with an error.
        cam: float32 (h, w) in [0, 1]: what each place of the model input adds to the positive logit, where 1 is what the
            hottest place of a typical positive validation image adds; None if the network has no activation map.
        ood_score: distance from the training images; above 1 the image is unlike them. None with an error.
        error: what went wrong, for a person.
    """

    file: str
    upload: DecodedImage | None = None
    probability: float | None = None
    cam: np.ndarray | None = None
    ood_score: float | None = None
    error: str | None = None

    @property
    def out_of_distribution(self) -> bool:
        """Whether the image is unlike those that the model learnt from, so that its answer says nothing."""
        return self.ood_score is not None and self.ood_score > 1

    def without_arrays(self) -> "Prediction":
        """Return the answer alone: of many thousand files nobody keeps the pictures in memory."""
        if self.upload is None:
            return self
        nothing = np.empty((0, 0), np.uint8)
        return replace(self, upload=replace(self.upload, picture=nothing, model_input=nothing), cam=None)

    def heatmap(self) -> np.ndarray | None:
        """Return the heat over the picture, float32 (rows, columns) in [0, 1]."""
        if self.upload is None or self.cam is None:
            return None
        rows, columns = self.upload.picture.shape
        return to_source(self.cam, self.upload.geometry, rows, columns)

    def cam_outside_breast(self) -> float | None:
        """Return the share of the heat that lies outside the breast, in [0, 1]; None without a heatmap."""
        if self.upload is None or self.cam is None:
            return None
        return cam_outside_breast(self.cam, self.upload.model_input > 0)

    def to_json(self) -> dict[str, Any]:
        """Return the `images` entry of the command line's document."""
        found = self.upload
        return {
            "file": self.file,
            "patient": found and found.patient,
            "laterality": found and found.laterality,
            "view": found and found.view,
            "probability": self.probability,
            "out_of_distribution": self.out_of_distribution if self.upload else None,
            "error": self.error,
        }


@dataclass(frozen=True)
class ExamReport:
    """What a model says of several files.

    Attributes:
        model: the model's name.
        threshold: its operating point.
        images: one prediction a file.
        breasts: table of patient, laterality, images, probability, recall, and unlike_training: whether any of its images
            is. An image whose side isn't known belongs to no breast.
        patients: table of patient, images, probability, recall and unlike_training, over those breasts.
    """

    model: str
    threshold: float
    images: list[Prediction]
    breasts: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=pd.Index(["patient", "laterality", *SAID]))
    )
    patients: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=pd.Index(["patient", *SAID])))

    def to_json(self) -> dict[str, Any]:
        """Return the command line's document."""
        return {
            "model": self.model,
            "threshold": self.threshold,
            "images": [image.to_json() for image in self.images],
            "breasts": self.breasts.to_dict("records"),
            "patients": self.patients.to_dict("records"),
        }

    def table(self) -> pd.DataFrame:
        """Return one row an image: its `images` entry, and what holds for its breast and patient, by which model."""
        table = pd.DataFrame([image.to_json() for image in self.images])
        for units, keys in ((self.breasts, ["patient", "laterality"]), (self.patients, ["patient"])):
            if len(units):
                said = units[[*keys, "probability", "recall"]]
                names = {
                    name: f"{keys[-1].replace('laterality', 'breast')}_{name}" for name in ("probability", "recall")
                }
                table = table.fillna({"patient": UNKNOWN}).merge(said.rename(columns=names), on=keys, how="left")
                what = ["patient", *names.values()]
                table[what] = table[what].astype(object).where(table["error"].isna())  # of others nothing is said
        return table.assign(model=self.model, threshold=self.threshold)

    def to_csv(self) -> str:
        """Return the image table as CSV text; files by their names alone, since folders may name patients."""
        table = self.table()
        return table.assign(file=[Path(name).name for name in table["file"]]).to_csv(index=False)

    def lines(self) -> Iterator[str]:
        """Yield the answer as lines of text for a terminal."""
        for image in self.images:
            yield f"{image.file}: " + (image.error or f"{image.probability:.3f}")
        for breast in self.breasts.to_dict("records"):
            decision = "recall" if breast["recall"] else "no recall"
            yield f"breast {breast['patient']} {breast['laterality']}: {breast['probability']:.3f}, {decision}"
        for patient in self.patients.to_dict("records"):
            decision = "recall" if patient["recall"] else "no recall"
            yield f"patient {patient['patient']}, highest breast: {patient['probability']:.3f}, {decision}"
        yield f"Model {self.model}, operating point {self.threshold:.3f}. Research use only, not a diagnosis."


def summarise(images: list[Prediction], bundle: Bundle) -> ExamReport:
    """Combine image predictions into breasts (mean of the images) and patients (highest breast)."""
    table = pd.DataFrame(
        [
            {
                "patient_id": image.upload.patient or UNKNOWN,
                "laterality": image.upload.laterality,
                "probability": image.probability,
                "images": 1,
                "out_of_distribution": image.out_of_distribution,
            }
            for image in images
            if image.upload and image.upload.laterality
        ]
    )
    if table.empty:
        return ExamReport(bundle.name, bundle.threshold, images)
    breasts = _unit(table, to_breasts(table), ["patient_id", "laterality"], bundle.threshold)
    patients = _unit(table, to_patients(table), ["patient_id"], bundle.threshold)
    return ExamReport(bundle.name, bundle.threshold, images, breasts, patients)


def _unit(table: pd.DataFrame, combined: pd.DataFrame, keys: list[str], threshold: float) -> pd.DataFrame:
    """Return patient (and laterality), images, probability, recall and unlike_training of breasts or patients.

    Args:
        table: one row an image.
        combined: one row a unit, with keys and probability.
        keys: of the unit.
        threshold: the operating point.
    """
    counts = table.groupby(keys, as_index=False).agg({"images": "sum", "out_of_distribution": "max"})
    units = counts.merge(combined[[*keys, "probability"]], on=keys, validate="one_to_one")
    units["recall"] = units["probability"] >= threshold
    return units[[*keys, *SAID]].rename(columns={"patient_id": "patient"})
