"""A model is a folder: weights, preprocessing contract, evaluation, and a card that vouches for all of it.

    <models>/<name>/
        model.keras         the network
        contract.json       the preprocessing that its images went through
        predictions.parquet what it said of the validation and test images
        evaluation.json     the report on them
        reference.npz       what its training images are like, so that others are known
        learnt.parquet      whom it, and the models that it started from, have learnt from
        card.json           what it is, what it was trained on, its operating point, and the SHA-256 of the files above

Loading is strict: a folder with a changed, missing or foreign file is refused.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mammo_core.documents.report import EvaluationReport
from mammo_core.errors import ConfigError, DataError, ModelError
from mammo_core.evaluation.ood import OODDetector
from mammo_core.preprocess import PreprocessingConfig
from mammo_core.storage.atomic import atomic_path
from mammo_core.storage.hashing import sha256
from mammo_core.storage.json_files import read_json, write_json

CLASS_NAMES = ("negative", "positive")
MODEL, CONTRACT, PREDICTIONS, EVALUATION, REFERENCE, PROVENANCE, CARD = (
    "model.keras",
    "contract.json",
    "predictions.parquet",
    "evaluation.json",
    "reference.npz",
    "learnt.parquet",
    "card.json",
)
VOUCHED = (MODEL, CONTRACT, PREDICTIONS, EVALUATION, REFERENCE, PROVENANCE)
IMAGE = ["patient_id", "image_id"]  # what tells an image from all others, in any data set
FORMAT = 2


@dataclass(frozen=True)
class Bundle:
    """A model whose files have been checked against its card.

    Attributes:
        folder: where it lies.
        card: the card's document.
        preprocessing: the preprocessing that it expects.
    """

    folder: Path
    card: dict[str, Any]
    preprocessing: PreprocessingConfig

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def weights(self) -> Path:
        """The Keras file."""
        return self.folder / MODEL

    @property
    def threshold(self) -> float:
        """The operating point: a breast whose probability reaches it is recalled."""
        return float(self.card["operating_point"]["threshold"])

    @property
    def synthetic(self) -> bool:
        """Whether it was trained on synthetic images."""
        return bool(self.card["data"]["synthetic"])

    @property
    def identity(self) -> str:
        """The SHA-256 of the network file."""
        return self.card["files"][MODEL]

    def predictions(self) -> pd.DataFrame:
        """Return what it said of the validation and test images: patient_id, …, label, probability, part."""
        return pd.read_parquet(self.folder / PREDICTIONS)

    def validation(self) -> pd.DataFrame:
        """Return the predictions by which its operating point was chosen."""
        predictions = self.predictions()
        return predictions[predictions["part"] == "validation"].reset_index(drop=True)

    def evaluation_predictions(self) -> pd.DataFrame:
        """Return the predictions that its report is about."""
        predictions = self.predictions()
        return predictions[predictions["part"] == self.evaluation().part].reset_index(drop=True)

    def provenance(self) -> pd.DataFrame:
        """Return whom it has learnt from, as it and the models that it started from were trained.

        Returns:
            One row an image: patient_id and image_id (text), part ("train", or "validation": it was chosen by them).
        """
        return pd.read_parquet(self.folder / PROVENANCE)

    def seen_split(self, images: pd.DataFrame) -> pd.Series:
        """Return as what it has met the patient of each image: "train", else "validation", else missing.

        Patients are known by their images, for a patient's number alone may be another one's in another data set.

        Args:
            images: patient_id and image_id, one row an image.
        """
        found = self.provenance().merge(images[IMAGE].astype(str)).groupby("patient_id")["part"].min()
        return images["patient_id"].astype(str).map(found)

    def evaluation(self) -> EvaluationReport:
        """Return the report that was written after training."""
        return EvaluationReport.read(self.folder / EVALUATION)

    def ood_detector(self) -> OODDetector:
        """Return the detector of images unlike the training images.

        Raises:
            ModelError: its file is not readable.
        """
        try:
            with np.load(self.folder / REFERENCE, allow_pickle=False) as arrays:
                return OODDetector.from_arrays(arrays)
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"{REFERENCE} of {self.name} isn't readable ({type(error).__name__}).") from None


def write_ood_detector(path: Path, detector: OODDetector) -> None:
    """Write a detector to an .npz file atomically."""
    with atomic_path(path) as temporary:
        arrays: dict[str, Any] = detector.to_arrays()  # Any: numpy's keywords also include a bool
        np.savez(temporary, **arrays)


def write_card(folder: Path, card: dict[str, Any]) -> Bundle:
    """Complete a model folder: write the card with the hashes of the files that it vouches for.

    Raises:
        ModelError: one of those files isn't there.
    """
    lacking = [name for name in VOUCHED if not (folder / name).is_file()]
    if lacking:
        raise ModelError(f"The model {folder.name} lacks {', '.join(lacking)}; its run did not end well.")
    files = {name: sha256(folder / name) for name in VOUCHED}
    write_json(folder / CARD, {**card, "format": FORMAT, "class_names": list(CLASS_NAMES), "files": files})
    return open_bundle(folder)


def open_bundle(folder: Path) -> Bundle:
    """Open a model folder and check every file against the card.

    Raises:
        ModelError: something is missing, changed, or not of this application and this version.
    """
    if not (folder / CARD).is_file():
        raise ModelError(f"{folder.name} holds no finished model: its {CARD} is missing. Choose another, or train one.")
    try:
        card = read_json(folder / CARD)
        files = card["files"]
        if card["format"] in range(1, FORMAT):
            raise ModelError(f"The model {folder.name} was trained by an earlier version. Train it again.")
        if card["format"] != FORMAT or card["class_names"] != list(CLASS_NAMES) or set(files) != set(VOUCHED):
            raise KeyError("format")
        _ = card["operating_point"]["threshold"], card["calibration"], card["data"]["synthetic"]
    except (DataError, KeyError, TypeError):
        raise ModelError(f"The card of the model {folder.name} isn't one that this application wrote.") from None
    for name, expected in files.items():
        if not (folder / name).is_file():
            raise ModelError(
                f"The model {folder.name} is incomplete: {name} is missing. Restore the folder or train again."
            )
        if sha256(folder / name) != expected:
            raise ModelError(
                f"The model {folder.name} isn't used: {name} was changed after training. Restore the file or train again."
            )
    try:
        preprocessing = PreprocessingConfig.from_json(read_json(folder / CONTRACT))
    except ConfigError as error:
        raise ModelError(f"The model {folder.name} belongs to another version: {error} Train it again.") from None
    return Bundle(folder, card, preprocessing)
