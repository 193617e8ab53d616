import pytest

from mammo_core.documents.estimate import Estimate
from mammo_core.documents.report import Baselines, ConstantBaseline, EvaluationReport
from mammo_core.models.bundle import EVALUATION
from mammo_core.settings import SHIPPED_MODELS


@pytest.fixture(scope="module")
def report() -> EvaluationReport:
    return EvaluationReport.read(SHIPPED_MODELS / "demo" / EVALUATION)


def test_report_by_unit_is_the_evaluation_by_that_unit(report):
    assert report.by("breast") is report
    assert report.by("image") is report.units.image
    assert report.by("patient") is report.units.patient


def test_known_baselines_leave_out_unknown_and_constant_ones(report):
    age = report.baselines.age_only
    constant = ConstantBaseline(auc=0.5, average_precision=0.1, accuracy=0.9)
    assert Baselines(prevalence=constant).known() == {}
    assert Baselines(prevalence=constant, age_only=age).known() == {"age_only": age}


@pytest.mark.parametrize(
    ("low", "gains", "standing"),
    [
        (0.6, [0.1, 0.2], "better"),
        (0.6, [0.1, -0.2], "baseline"),
        (0.6, [], "better"),
        (0.5, [0.1], "chance"),
        (None, [0.1], "unknown"),
    ],
)
def test_standing_follows_the_intervals_of_auc_and_gains(report, low, gains, standing):
    auc = Estimate(value=0.7, low=low, high=0.9)
    age = report.baselines.age_only
    compared = [age.model_copy(update={"gain": Estimate(value=0.3, low=gain, high=0.5)}) for gain in gains]
    known = dict(zip(("age_only", "image_statistics"), [*compared, None, None], strict=False))
    baselines = report.baselines.model_copy(update={**known, "original_cnn": None})
    changed = report.model_copy(update={"auc": auc, "baselines": baselines, "verdict": "Some."})
    assert changed.standing() == standing
    assert changed.model_copy(update={"verdict": None}).standing() == "unknown"
