"""Image predictions without a network."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from builders.geometry import geometry
from mammo_core.prediction.decode import DecodedImage
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.image_results import DuplicateImage, ImagePrediction, UnreadableImage
from mammo_core.prediction.summarise import summarise

MODEL = SimpleNamespace(name="trained", threshold=0.5)  # what a report takes from a bundle


def decoded_image(
    laterality: str | None = "R", view: str | None = "CC", seed: int = 0, patient: str | None = "p", **attributes: Any
) -> DecodedImage:
    """Return a decoded image of 8 × 6 pixels with random content; the digest is the seed.

    Other attributes, such as the exam, are None unless given.
    """
    generator = np.random.default_rng(seed)
    return DecodedImage(
        patient=patient,
        laterality=laterality,
        view=view,
        model_input=np.zeros((4, 4), np.uint8),
        geometry=geometry((8, 6), (4, 3)),
        picture=generator.integers(0, 255, (8, 6), np.uint8),
        tags={},
        digest=str(seed),
        thumbnail=generator.integers(0, 255, (16, 16), np.uint8),
        **{"notes": (), **attributes},
    )


def image_prediction(decoded: DecodedImage, file: str = "file", **attributes: Any) -> ImagePrediction:
    """Return a prediction of a decoded image: probability 0.5 and OOD score 0.5 unless given."""
    values = {"probability": 0.5, "ood_score": 0.5, **attributes}
    return ImagePrediction(file, f"key of {file} {decoded.digest}", decoded, cam=None, **values)


def exam_report() -> ExamReport:
    """Return a report with a right breast, a left breast, an image of an unknown side and two files without predictions.

    The right breast has two images, one of them out of distribution.
    """
    right, left, unknown = decoded_image("R"), decoded_image("L", seed=1), decoded_image(None, seed=2)
    images = [
        image_prediction(right, "a/1.dcm", probability=0.25),
        image_prediction(right, "a/2.dcm", probability=0.625, ood_score=2.0),
        image_prediction(left, "a/3.dcm", probability=0.5),
        image_prediction(unknown, "a/4.dcm", probability=1.0),
        UnreadableImage("letter", "l", "This isn't a DICOM file."),
        DuplicateImage("a/5.dcm", "d", 3),
    ]
    return summarise(images, MODEL)
