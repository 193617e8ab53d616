"""Read and complete model folders; check every file against the model card.

A model is a folder:

    <models>/<name>/
        model.keras              the network
        contract.json            the preprocessing configuration that its images need
        predictions.parquet      its predictions for the validation and test images
        evaluation.json          the report on them
        ood_detector.npz         what detects images that are unlike the training images
        training_images.parquet  the images that it, and the models that it started from, were fitted to or selected on
        card.json                what it is, what it was trained on, its operating point, and the SHA-256 of the files above

Loading is strict: a folder with a changed, missing or foreign file is rejected.
"""

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mammo_core.documents.card import ModelCard
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.documents.report import EvaluationReport
from mammo_core.errors import ConfigError, DataError, ModelError
from mammo_core.evaluation.ood import OODDetector
from mammo_core.storage.array_files import damaged_arrays
from mammo_core.storage.atomic import atomic_path
from mammo_core.storage.file_errors import storage_errors
from mammo_core.storage.hashing import FileStates, file_states, sha256
from mammo_core.storage.json_files import read_json
from mammo_core.storage.parquet_files import read_parquet

MODEL = "model.keras"
PREPROCESSING = "contract.json"
PREDICTIONS = "predictions.parquet"
EVALUATION = "evaluation.json"
OOD_DETECTOR = "ood_detector.npz"
TRAINING_IMAGES = "training_images.parquet"
CARD = ModelCard.file_name
HASHED_FILES = (MODEL, PREPROCESSING, PREDICTIONS, EVALUATION, OOD_DETECTOR, TRAINING_IMAGES)
IMAGE_KEY = ["patient_id", "image_id"]  # the columns that identify an image across data sets
PREDICTION_COLUMNS = (*IMAGE_KEY, "laterality", "part", "label", "probability")  # of every version
NUMBERS = ("label", "probability")
SAVED_PROBABILITY = "saved_raw_probability"  # column of predictions, see `Bundle.predictions`
PROVENANCE_COLUMNS = (*IMAGE_KEY, "part")
MIGRATABLE_FORMAT = 2  # of cards written before they had a schema version


@dataclass(frozen=True)
class Bundle:
    """A model whose files have been checked against its card.

    Attributes:
        folder: the model's folder.
        card: its card.
        preprocessing: the preprocessing that its images need.
    """

    folder: Path
    card: ModelCard
    preprocessing: PreprocessingConfig

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.folder.name

    @property
    def network_file(self) -> Path:
        """The Keras file."""
        return self.folder / MODEL

    @property
    def threshold(self) -> float:
        """The probability from which a breast is recalled."""
        return self.card.operating_point.threshold

    @property
    def synthetic(self) -> bool:
        """Whether the model was trained on synthetic images."""
        return self.card.data.synthetic

    @property
    def identity(self) -> str:
        """The SHA-256 of the network file."""
        return self.card.files[MODEL]

    def predictions(self) -> pd.DataFrame:
        """Return the predictions for the validation and test images.

        Returns:
            One row per image: patient_id, image_id, laterality, view, label, part, age, raw_probability, probability and
            other columns. Where the network was trained once more on the validation images, their probabilities are from
            before, and saved_raw_probability is that of the saved network.
        """
        return read_parquet(self.folder / PREDICTIONS, PREDICTION_COLUMNS, NUMBERS)

    def validation_predictions(self) -> pd.DataFrame:
        """Return the predictions by which calibration and threshold were chosen."""
        return self._predictions_of("validation")

    def evaluation_predictions(self) -> pd.DataFrame:
        """Return the held-out predictions on which the report is based."""
        return self._predictions_of(self.evaluation().part)

    def _predictions_of(self, part: str) -> pd.DataFrame:
        predictions = self.predictions()
        return predictions[predictions["part"] == part].reset_index(drop=True)

    def provenance(self) -> pd.DataFrame:
        """Return the training and validation images of this and its start models.

        Returns:
            One row per image: patient_id, image_id (text), and part: "train" for images that weights were fitted to,
            "validation" for those by which a checkpoint was selected.
        """
        return read_parquet(self.folder / TRAINING_IMAGES, PROVENANCE_COLUMNS)

    def seen_split(self, images: pd.DataFrame) -> pd.Series:
        """Return for each image the split in which its patient was used for this model.

        Patients are matched through (patient_id, image_id), because patient numbers repeat across data sets.

        Args:
            images: one row per image, with patient_id and image_id.

        Returns:
            With the index of `images`: "train" takes precedence over "validation"; missing if never.
        """
        seen = self.provenance().merge(images[IMAGE_KEY].astype(str))
        split_by_patient = seen.groupby("patient_id")["part"].min()  # "train" sorts before "validation"
        return images["patient_id"].astype(str).map(split_by_patient)

    def evaluation(self) -> EvaluationReport:
        """Return the report that was written when training ended."""
        return EvaluationReport.read(self.folder / EVALUATION)

    def ood_detector(self) -> OODDetector:
        """Return the detector of images that are unlike the training images.

        Raises:
            ModelError: its file can't be read.
        """
        with (
            damaged_arrays(ModelError(f"{OOD_DETECTOR} of {self.name} isn't readable.")),
            np.load(self.folder / OOD_DETECTOR, allow_pickle=False) as arrays,
        ):
            return OODDetector.from_arrays(arrays)


def write_ood_detector(path: Path, detector: OODDetector) -> None:
    """Write a detector to an .npz file atomically."""
    with atomic_path(path) as temporary:
        arrays: dict[str, Any] = detector.to_arrays()  # Any: numpy's keywords also include a bool
        np.savez(temporary, **arrays)


def write_card(folder: Path, card: ModelCard) -> Bundle:
    """Complete a model folder: write its card with the hashes of the other files.

    Args:
        folder: the model's folder.
        card: the card; its `files` are replaced.

    Returns:
        The finished model.

    Raises:
        ModelError: one of the files is missing, or this version preprocesses in another way.
    """
    missing = [name for name in HASHED_FILES if not (folder / name).is_file()]
    if missing:
        raise ModelError(f"The model {folder.name} lacks {', '.join(missing)}: its run did not finish. Resume the run.")
    files = {name: sha256(folder / name) for name in HASHED_FILES}
    complete = card.model_copy(update={"files": files})
    complete.write(folder / CARD)
    return Bundle(folder, complete, read_preprocessing(folder))


def open_bundle(folder: Path) -> Bundle:
    """Open a model folder and check every file against the card.

    Within a process the files are hashed again only after the size or a time of one of them has changed.

    Raises:
        ModelError: something is missing, was changed, or was not written by this version of the application.
    """
    return _open_checked(folder, file_states(folder / name for name in (CARD, *HASHED_FILES)))


@lru_cache(maxsize=64)
def _open_checked(folder: Path, states: FileStates) -> Bundle:
    card = _read_card(folder)
    check_hashes(folder, card.files)
    return Bundle(folder, card, read_preprocessing(folder))


def _read_card(folder: Path) -> ModelCard:
    if not (folder / CARD).is_file():
        raise ModelError(f"{folder.name} holds no finished model: its {CARD} is missing. Choose another, or train one.")
    try:
        card = ModelCard.read(folder / CARD)
    except DataError:
        raise ModelError(_why_unreadable(folder)) from None
    if set(card.files) != set(HASHED_FILES):
        raise ModelError(_why_unreadable(folder))
    return card


def _why_unreadable(folder: Path) -> str:
    """Return a sentence on why a card isn't one of this version, and what to do."""
    with suppress(DataError):
        document = read_json(folder / CARD)
        version = document.get("format") if isinstance(document, dict) else None
        if version == MIGRATABLE_FORMAT:
            return (
                f"The model {folder.name} was saved by an earlier version. Migrate it with "
                f"`python -m mammo_core.models.migrate {folder}`."
            )
        if version in range(1, MIGRATABLE_FORMAT):
            return f"The model {folder.name} was trained by an earlier version. Train it again."
    return f"The card of the model {folder.name} isn't one that this application wrote. Restore it, or train again."


def check_hashes(folder: Path, files: dict[str, str]) -> None:
    """Check a model's files against their SHA-256.

    Args:
        folder: the model's folder.
        files: SHA-256 by file name.

    Raises:
        ModelError: a file is missing or was changed.
    """
    for name, expected in files.items():
        if not (folder / name).is_file():
            raise ModelError(
                f"The model {folder.name} is incomplete: {name} is missing. Restore the folder or train again."
            )
        with storage_errors(folder):
            digest = sha256(folder / name)
        if digest != expected:
            raise ModelError(
                f"The model {folder.name} can't be used: {name} was changed after training. Restore the file or train again."
            )


def read_preprocessing(folder: Path) -> PreprocessingConfig:
    """Read the preprocessing configuration of a model.

    Raises:
        ModelError: this version preprocesses in another way.
    """
    try:
        return PreprocessingConfig.read(folder / PREPROCESSING)
    except ConfigError as error:
        raise ModelError(f"The model {folder.name} belongs to another version: {error} Train it again.") from None
