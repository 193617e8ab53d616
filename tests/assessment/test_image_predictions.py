import shutil

import pytest

from builders.stores import copy_store
from mammo_core.assessment.image_predictions import image_predictions, predicting_models
from mammo_core.assessment.kept_evaluations import make_evaluation
from mammo_core.dataset.store import MANIFEST, open_store
from mammo_core.models.bundle import PREDICTIONS, open_bundle


@pytest.fixture
def elsewhere(finished):
    """The same images, imported once more from elsewhere."""
    shutil.copytree(finished.data / "demo", finished.data / "elsewhere")
    copy_store(finished, open_store(finished, "demo"), "elsewhere", "elsewhere")
    return open_store(finished, "elsewhere")


def test_own_data_have_the_predictions_of_held_out_images(finished):
    store = open_store(finished, "demo")
    assert predicting_models(finished, store) == ["trained"]
    predicted = image_predictions(finished, "trained", store)
    table = open_bundle(finished.models / "trained").predictions()
    assert set(predicted.index) == set(table["image_id"].astype(str))
    assert predicted.between(0, 1).all()


def test_other_data_have_those_of_a_current_evaluation(finished, elsewhere):
    assert predicting_models(finished, elsewhere) == []
    make_evaluation(finished, open_bundle(finished.models / "trained"), "elsewhere")
    assert predicting_models(finished, elsewhere) == ["trained"]
    assert set(image_predictions(finished, "trained", elsewhere).index) < set(
        elsewhere.manifest()["image_id"].astype(str)
    )
    elsewhere.manifest().assign(age=50.0).to_parquet(elsewhere.folder / MANIFEST, index=False)
    assert predicting_models(finished, elsewhere) == []


def test_damaged_model_predicts_nothing(finished):
    (finished.models / "trained" / PREDICTIONS).write_bytes(b"damaged")
    assert predicting_models(finished, open_store(finished, "demo")) == []
