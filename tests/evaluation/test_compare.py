import shutil

import pytest

from mammo_core import models
from mammo_core.evaluation import standing_report
from mammo_core.files import read_json, write_json


@pytest.fixture
def bundle(finished):
    return models.open_bundle(finished / "models" / "trained")


def add_model(bundle, name: str, **card):
    """Put a copy of a model beside it whose card says something else."""
    shutil.copytree(bundle.folder, bundle.folder.with_name(name))
    return models.write_card(bundle.folder.with_name(name), {**bundle.card, **card})


def test_a_report_stands_as_it_was_written(bundle):
    assert standing_report(bundle) == bundle.evaluation()


def test_the_original_cnn_joins_the_baselines_once_it_is_trained_on_the_same_split(bundle):
    original = add_model(bundle, "first", network="original")
    report = standing_report(bundle)
    rival = report["baselines"]["original_cnn"]
    assert rival["auc"] == pytest.approx(bundle.evaluation()["auc"])
    assert rival["gain"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert "original_cnn" in report["units"]["patient"]["baselines"]
    assert standing_report(original) == original.evaluation()  # it isn't its own baseline


def test_an_original_cnn_of_other_patients_or_that_is_damaged_is_no_baseline(bundle):
    other = add_model(bundle, "other", network="original")
    predictions = other.predictions()
    predictions.assign(patient_id="x" + predictions["patient_id"]).to_parquet(other.folder / models.PREDICTIONS)
    models.write_card(other.folder, other.card)
    damaged = add_model(bundle, "damaged", network="original")
    write_json(damaged.folder / models.CONTRACT, read_json(damaged.folder / models.CONTRACT) | {"size": 1})
    assert standing_report(bundle)["baselines"]["original_cnn"] is None


def test_another_operating_point_changes_what_hangs_on_it_and_nothing_else(bundle):
    models.choose_operating_point("trained", 0.0, "by hand")
    before, report = bundle.evaluation(), standing_report(models.open_bundle(bundle.folder))
    assert report["operating_point"]["recall_rate"] == 1
    assert report["operating_point_intervals"]["sensitivity"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert report["accuracy"] == pytest.approx(report["positives"] / report["n"])
    assert "It answers almost always positive." in report["verdict"]
    assert report["auc"] == before["auc"]
    assert report["pf1"]["best"] == before["pf1"]["best"]
    assert report["units"]["image"]["operating_point"]["recall_rate"] == 1
