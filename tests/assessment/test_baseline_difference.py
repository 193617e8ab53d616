import pytest

from builders.predictions import predictions
from builders.runs import write_model_run
from mammo_core.assessment.baseline_difference import differences_from_baseline
from mammo_core.assessment.compare import compare_models
from mammo_core.errors import ModelError
from mammo_core.models.bundle import open_bundle


def test_differences_are_those_of_a_comparison_of_two(workspace):
    write_model_run(workspace, "base", predictions(signal=0.05, seed=1))
    write_model_run(workspace, "better", predictions().sample(frac=1, random_state=2))
    write_model_run(workspace, "same", predictions(signal=0.05, seed=1))
    differences = differences_from_baseline(workspace, ["better", "same"], "base")
    tables = [open_bundle(workspace.models / name).evaluation_predictions() for name in ("better", "base")]
    assert differences["better"].gain == compare_models(*tables, "base").gain
    assert differences["better"].gain.low > 0
    assert (differences["same"].gain.low, differences["same"].gain.high) == (0.0, 0.0)
    assert [difference.reason for difference in differences.values()] == ["", ""]


def test_differences_of_other_patients_or_a_damaged_model_have_a_reason(workspace):
    write_model_run(workspace, "base")
    write_model_run(workspace, "elsewhere", predictions(patients=60))
    (write_model_run(workspace, "damaged").path / "model.keras").write_bytes(b"other")
    write_model_run(workspace, "good", predictions(seed=3))
    differences = differences_from_baseline(workspace, ["elsewhere", "damaged", "good"], "base")
    assert list(differences) == ["elsewhere", "damaged", "good"]
    assert differences["elsewhere"].gain is differences["damaged"].gain is None
    assert differences["elsewhere"].reason.startswith("Not comparable with base: ")
    assert "model.keras was changed" in differences["damaged"].reason
    assert differences["good"].gain.value is not None


def test_differences_from_a_damaged_baseline_raise(workspace):
    (write_model_run(workspace, "base").path / "model.keras").write_bytes(b"other")
    with pytest.raises(ModelError, match="base"):
        differences_from_baseline(workspace, [], "base")
