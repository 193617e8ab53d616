import shutil

import pytest

from builders.predictions import predictions
from mammo_core.assessment.compare import compare_models, compare_with_active
from mammo_core.documents.estimate import Estimate
from mammo_core.errors import DataError
from mammo_core.models.registry import DEMO, activate, model_folder


def test_compare_model_with_itself_gives_zero_difference():
    table = predictions()
    comparison = compare_models(table, table.sample(frac=1, random_state=1), "the other", resamples=100)
    assert comparison.n == 240
    assert comparison.gain == Estimate(value=0.0, low=0.0, high=0.0)
    assert comparison.verdict == "Not distinguishable from the other (ΔAUC 0.00, 95 % CI 0.00 to 0.00)."


def test_compare_models_of_which_one_tells_exams_apart_compares_the_same_breasts():
    table = predictions()
    exams = table.assign(exam_id=table["image_id"].astype(str))
    for candidate, other, n in ((exams, table, len(table)), (table, exams, 240)):
        comparison = compare_models(candidate, other, "the other", resamples=20)
        assert (comparison.n, comparison.gain.value) == (n, 0.0)


def test_compare_better_model_verdict_better():
    better, worse = predictions(), predictions(signal=0.05, seed=1)
    assert compare_models(better, worse, "b", resamples=200).verdict.startswith("Better than b")


def test_compare_different_patients_raises_data_error():
    with pytest.raises(DataError, match="different patients"):
        compare_models(predictions(), predictions(patients=60), "b")


def test_compare_with_active_same_model_or_missing_rival_says_so(workspace):
    expected = "There is no other active model to compare it with."
    assert compare_with_active(workspace, DEMO) == expected
    shutil.copytree(model_folder(workspace, DEMO), workspace.models / "copy")
    activate(workspace, "copy")
    (workspace.models / "copy").rename(workspace.models / "moved")
    assert compare_with_active(workspace, DEMO) == expected


def test_compare_with_active_copy_of_the_active_model_is_not_distinguishable(workspace):
    shutil.copytree(model_folder(workspace, DEMO), workspace.models / "copy")
    expected = f"Not distinguishable from {DEMO} (ΔAUC 0.00, 95 % CI 0.00 to 0.00)."
    assert compare_with_active(workspace, "copy") == expected


def test_compare_with_active_different_patients_raises_data_error(finished):
    with pytest.raises(DataError, match="different patients"):
        compare_with_active(finished, "trained")
