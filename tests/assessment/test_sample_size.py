import pandas as pd
import pytest

from builders.predictions import binormal_breasts
from mammo_core.assessment import sample_size
from mammo_core.assessment.sample_size import model_sample_size
from mammo_core.assessment.store_evaluation import StorePredictions
from mammo_core.evaluation.sample_size import PrecisionGoal
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import Bundle, open_bundle
from mammo_core.settings import SHIPPED_MODELS


@pytest.fixture
def demo() -> Bundle:
    return open_bundle(SHIPPED_MODELS / "demo")


def test_model_sample_size_takes_the_held_out_patients(workspace, demo):
    held_out = demo.evaluation_predictions()
    positive = held_out.groupby("patient_id")["label"].max()
    report = model_sample_size(workspace, demo, PrecisionGoal())
    assert (report.present.positive, report.present.negative) == (positive.sum(), (positive == 0).sum())
    assert (report.model, report.data, report.unit) == ("demo", None, "breast")
    assert model_sample_size(workspace, demo, PrecisionGoal(), "patient").unit == "patient"


def test_model_sample_size_sensitivity_is_meant_at_the_operating_point(workspace, demo):
    report = model_sample_size(workspace, demo, PrecisionGoal(measure="sensitivity"))
    positives = to_unit(demo.evaluation_predictions(), "breast").query("label == 1")
    assert report.at == demo.threshold
    assert report.value == pytest.approx((positives["probability"] >= demo.threshold).mean())


def test_model_sample_size_takes_the_patients_of_a_store(workspace, demo, monkeypatch):
    def predicted(*arguments: object) -> StorePredictions:
        table: pd.DataFrame = binormal_breasts(30, 70)
        return StorePredictions(table, "all") if arguments == (workspace, demo, "other") else None

    monkeypatch.setattr(sample_size, "predict_store", predicted)
    report = model_sample_size(workspace, demo, PrecisionGoal(), store_name="other")
    assert (report.present.positive, report.present.negative, report.data) == (30, 70, "other")
