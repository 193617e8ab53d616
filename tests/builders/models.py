"""Small model folders: real cards and hashes, without a network."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from mammo_core.documents.card import CalibrationRecord, DataProvenance, MetricsSummary, ModelCard, PartCounts
from mammo_core.documents.estimate import Estimate
from mammo_core.documents.operating_point import OperatingPoint
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.evaluation.ood import OODDetector
from mammo_core.models.bundle import (
    EVALUATION,
    MODEL,
    OOD_DETECTOR,
    PREDICTIONS,
    PREPROCESSING,
    TRAINING_IMAGES,
    Bundle,
    write_card,
    write_ood_detector,
)
from mammo_core.models.registry import DEMO
from mammo_core.settings import SHIPPED_MODELS
from mammo_core.storage.json_files import write_json

ESTIMATE = Estimate(value=0.75, low=0.5, high=1.0)
TRAINED_ON = [("1", "10", "train"), ("1", "11", "train"), ("2", "20", "validation")]  # patient, image, part
PREDICTED = [
    ("2", "20", "L", "validation", 0, 0.25),
    ("4", "40", "R", "validation", 1, 0.5),
    ("3", "30", "R", "test", 1, 0.75),
]  # patient, image, laterality, part, label, probability


def model_card(**changes: object) -> ModelCard:
    """Return the card of a compact network, trained on phantoms, with threshold 0.3."""
    counts = PartCounts(images=2, patients=1, positive_images=1, positive_patients=1)
    card = ModelCard(
        name="mine",
        created=datetime(2026, 1, 2, tzinfo=UTC),
        network="compact",
        weights=31330,
        best_epoch=2,
        config=TrainingConfig(store="demo"),
        data=DataProvenance(store="demo", dataset="demo", synthetic=True, generator=None, parts={"train": counts}),
        preprocessing_identity=PreprocessingConfig(size=64).identity,
        metrics=MetricsSummary(
            part="test",
            unit="breast",
            n=2,
            positives=1,
            patients=1,
            auc=ESTIMATE,
            average_precision=ESTIMATE,
            sensitivity_at_90_specificity=ESTIMATE,
            partial_auc=ESTIMATE,
            brier=ESTIMATE,
        ),
        calibration=CalibrationRecord(method="Platt scaling", slope=1.0, intercept=0.0),
        cam_scale=2.0,
        operating_point=OperatingPoint(threshold=0.3, policy="specificity_90"),
        limits=("Research use only.",),
    )
    return card.model_copy(update=changes)


def write_model_files(folder: Path) -> None:
    """Write all files of a model but its card; the network is no network."""
    folder.mkdir(parents=True)
    (folder / MODEL).write_bytes(b"weights")
    write_json(folder / PREPROCESSING, PreprocessingConfig(size=64).to_json())
    predictions = pd.DataFrame(
        PREDICTED, columns=["patient_id", "image_id", "laterality", "part", "label", "probability"]
    )
    predictions.to_parquet(folder / PREDICTIONS, index=False)
    shutil.copy(SHIPPED_MODELS / DEMO / EVALUATION, folder / EVALUATION)  # of the test part
    write_ood_detector(folder / OOD_DETECTOR, OODDetector(np.zeros(2), np.ones(2), np.eye(2), 2.0))
    images = pd.DataFrame(TRAINED_ON, columns=["patient_id", "image_id", "part"])
    images.to_parquet(folder / TRAINING_IMAGES, index=False)


def write_model(folder: Path, **changes: object) -> Bundle:
    """Write a model folder; `changes` are fields of its card."""
    write_model_files(folder)
    return write_card(folder, model_card(name=folder.name, **changes))
