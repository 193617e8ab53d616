from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mammo_core.dataset.store import create_store
from mammo_core.documents.card import CalibrationRecord, DataProvenance, PartCounts
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.operating_point import OperatingPoint
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.documents.report import EvaluationReport
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.evaluation.calibration import Calibration
from mammo_core.evaluation.ood import OODDetector
from mammo_core.learning.model_card import LIMITS, SYNTHETIC_LIMIT, build_card
from mammo_core.learning.trained_run import EvaluatedNetwork, TrainedRun
from mammo_core.learning.training_data import TrainingData
from mammo_core.models.bundle import EVALUATION
from mammo_core.models.registry import DEMO
from mammo_core.settings import SHIPPED_MODELS
from mammo_core.workspace import Workspace

CONFIG = TrainingConfig(store="demo", network="original", epochs=3)
PREPROCESSING = PreprocessingConfig(size=64)


@pytest.fixture
def evaluated() -> EvaluatedNetwork:
    return EvaluatedNetwork(
        weights=31330,
        predictions=pd.DataFrame(),
        calibration=Calibration(2.0, -1.0),
        threshold=0.25,
        ood_detector=OODDetector(np.zeros(2), np.ones(2), np.eye(2), 2.0),
        cam_scale=None,
        report=EvaluationReport.read(SHIPPED_MODELS / DEMO / EVALUATION),
    )


def trained_run(folder: Path, synthetic: bool, selected: list[bool]) -> TrainedRun:
    """Return a run on six images of three patients, one patient a part."""
    source = StoreSource(csv="demo/train.csv", dataset="mammograms", synthetic=synthetic)
    store = create_store(Workspace(folder / "data", folder / "models"), "demo", PREPROCESSING, source)
    table = pd.DataFrame({"patient_id": list("aabbcc"), "label": [0, 1, 0, 0, 1, 1]})
    table["part"] = np.repeat(["train", "validation", "test"], 2)
    data = TrainingData(table, np.zeros((6, 64, 64), np.uint8), np.array(selected))
    return TrainedRun(folder / "mine", SimpleNamespace(config=CONFIG, store=store), data, best_epoch=2)


def test_build_card_states_network_data_calibration_and_operating_point(tmp_path, evaluated):
    card = build_card(trained_run(tmp_path, False, [True] * 6), evaluated)
    assert (card.name, card.network, card.weights, card.best_epoch, card.config) == (
        "mine",
        "original",
        31330,
        2,
        CONFIG,
    )
    assert card.data == DataProvenance(
        store="demo",
        dataset="mammograms",
        synthetic=False,
        generator=None,
        parts={
            "train": PartCounts(images=2, patients=1, positive_images=1, positive_patients=1),
            "validation": PartCounts(images=2, patients=1, positive_images=0, positive_patients=0),
            "test": PartCounts(images=2, patients=1, positive_images=2, positive_patients=1),
        },
    )
    assert card.preprocessing_identity == PREPROCESSING.identity
    assert card.calibration == CalibrationRecord(
        method="Platt scaling on the validation images", slope=2.0, intercept=-1.0
    )
    assert card.operating_point == OperatingPoint(threshold=0.25, policy="specificity_90")
    assert card.cam_scale is None
    assert card.files == {}


def test_build_card_metrics_are_those_of_the_report(tmp_path, evaluated):
    metrics, report = build_card(trained_run(tmp_path, False, [True] * 6), evaluated).metrics, evaluated.report
    assert (metrics.part, metrics.unit) == (report.part, report.unit)
    assert (metrics.n, metrics.positives, metrics.auc) == (report.n, report.positives, report.auc)


@pytest.mark.parametrize("synthetic", [False, True])
def test_build_card_limits_begin_with_synthetic_images_and_end_with_the_sample(tmp_path, evaluated, synthetic):
    assert build_card(trained_run(tmp_path / "all", synthetic, [True] * 6), evaluated).limits == (
        *[SYNTHETIC_LIMIT] * synthetic,
        *LIMITS,
    )
    sampled = build_card(trained_run(tmp_path / "some", synthetic, [True] * 4 + [False] * 2), evaluated)
    assert sampled.limits[-1].endswith("based on a sample of the patients: 0 of 1 (test).")
