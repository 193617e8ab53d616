"""Comparisons of small models without networks: same patients, and other ones."""

import pytest

from builders.app import figures, plain, show_component
from builders.models import write_model
from mammo_core.documents.metrics import METRICS
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import DEMO
from mammo_core.settings import SHIPPED_MODELS
from ui.model_comparison import show_comparison, show_difference


@pytest.fixture
def models(workspace):
    """Return two models that were tested on the same patient, and the shipped one."""
    return [*(write_model(workspace.models / name) for name in ("a_1", "b")), open_bundle(SHIPPED_MODELS / DEMO)]


def test_show_comparison_has_a_row_a_difference_and_curves_of_each_model(models):
    app = show_component(show_comparison, models)
    assert not app.exception
    assert app.dataframe[0].value["model"].tolist() == ["a_1", "b", "demo"]
    assert [plain(info.value) for info in app.info] == [
        "**a_1**: Too few patients to compare with b (ΔAUC not defined)."
    ]
    assert ["tested on different patients" in warning.value for warning in app.warning] == [True]
    assert len(figures(app)) == 4


def test_show_comparison_damaged_metrics_leave_out_the_training_curves_only(models):
    (models[0].folder / METRICS).write_text("no JSON\n")
    app = show_component(show_comparison, models)
    assert not app.exception
    assert ["metrics.jsonl" in error.value for error in app.error] == [True]
    assert len(figures(app)) == 2


def test_show_difference_of_other_patients_is_a_warning(models):
    app = show_component(show_difference, models[0], models[2])
    assert [plain(warning.value) for warning in app.warning] == [
        "**a_1**: Not comparable with demo: the two were tested on different patients, so the difference can't be tested. "
        "Evaluate both on the same data."
    ]
    assert not app.info
