import pytest

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
