import shutil

import pytest

from mammo_core.assessment.report import current_report
from mammo_core.documents.estimate import Estimate
from mammo_core.evaluation.intervals import Z
from mammo_core.models.bundle import PREDICTIONS, PREPROCESSING, open_bundle, write_card
from mammo_core.models.registry import DEMO, choose_operating_point
from mammo_core.settings import SHIPPED_MODELS
from mammo_core.storage.json_files import read_json, write_json
from mammo_core.workspace import Workspace


@pytest.fixture
def bundle(workspace):
    """A copy of the shipped model, as the only one of a workspace."""
    shutil.copytree(SHIPPED_MODELS / DEMO, workspace.models / "trained")
    return open_bundle(workspace.models / "trained")


def add_model(bundle, name: str, **card):
    """Add a copy of a model with changed fields in its card."""
    shutil.copytree(bundle.folder, bundle.folder.with_name(name))
    return write_card(bundle.folder.with_name(name), bundle.card.model_copy(update=card))


def test_current_report_unchanged_model_equals_stored_evaluation(bundle):
    assert current_report(Workspace.from_environment(), bundle) == bundle.evaluation()


def test_current_report_includes_original_cnn_trained_on_same_split(bundle):
    original = add_model(bundle, "first", network="original")
    report = current_report(Workspace.from_environment(), bundle)
    baseline = report.baselines.original_cnn
    assert baseline.auc == bundle.evaluation().auc
    assert baseline.gain == Estimate(value=0.0, low=0.0, high=0.0)
    assert "not distinguishable from the original CNN" in report.verdict
    assert report.units.patient.baselines.original_cnn.auc == report.units.patient.auc
    assert current_report(Workspace.from_environment(), original) == original.evaluation()  # it isn't its own baseline


def test_current_report_ignores_original_cnn_with_other_patients_or_damaged(bundle):
    other = add_model(bundle, "other", network="original")
    predictions = other.predictions()
    predictions.assign(patient_id="x" + predictions["patient_id"]).to_parquet(other.folder / PREDICTIONS)
    write_card(other.folder, other.card)
    damaged = add_model(bundle, "damaged", network="original")
    write_json(damaged.folder / PREPROCESSING, read_json(damaged.folder / PREPROCESSING) | {"size": 1})
    assert current_report(Workspace.from_environment(), bundle).baselines.original_cnn is None


def test_current_report_new_threshold_updates_only_threshold_metrics(bundle):
    choose_operating_point(Workspace.from_environment(), "trained", 0.0, "by hand")
    before, report = bundle.evaluation(), current_report(Workspace.from_environment(), open_bundle(bundle.folder))
    assert report.operating_point.recall_rate == 1
    assert report.operating_point_intervals.sensitivity.high == 1
    table = bundle.predictions().query("part == 'test' and label == 1")
    patients = table["patient_id"].nunique()  # all of them are recalled
    assert report.operating_point_intervals.sensitivity.low == pytest.approx(patients / (patients + Z**2))
    assert report.accuracy == pytest.approx(report.positives / report.n)
    assert "It almost always predicts positive." in report.verdict
    assert report.auc == before.auc
    assert report.pf1.best == before.pf1.best
    assert report.units.image.operating_point.recall_rate == 1
