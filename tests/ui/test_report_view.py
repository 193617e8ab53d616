"""The parts of a report, shown of the shipped model, which has all of them."""

import pytest

from builders.app import figures, plain, show_component
from builders.models import write_model
from mammo_core.documents.units import UNITS
from mammo_core.evaluation.tables import divide_measures, report_table
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import choose_operating_point
from mammo_core.settings import SHIPPED_MODELS
from ui.report_view import report_of, show_card, show_localisation, show_report, show_training


@pytest.fixture
def demo(workspace):
    return open_bundle(SHIPPED_MODELS / "demo")


def test_show_report_has_the_verdict_figures_of_merit_and_four_curves_of_a_unit(demo):
    app = show_component(show_report, demo)
    report = demo.evaluation()
    assert plain(app.info[0].value) == report.verdict
    assert plain(app.caption[0].value).startswith(f"Test set: {report.n:,} breasts ({report.positives:,} positive)")
    first, others = divide_measures(report_table(report))
    assert app.dataframe[0].value.equals(first)
    assert app.dataframe[2].value.equals(others)
    assert len(figures(app)) == 4
    app.segmented_control(key="unit of the report").set_value("patient").run()
    patients = report.by("patient")
    assert plain(app.caption[0].value).startswith(
        f"Test set: {patients.n:,} patients ({patients.positives:,} positive)"
    )


def test_show_report_of_every_unit_shows_no_exception(demo):
    for unit in UNITS:
        app = show_component(show_report, demo)
        app.segmented_control(key="unit of the report").set_value(unit).run()
        assert not app.exception, unit


def test_report_of_follows_the_operating_point(workspace):
    bundle = write_model(workspace.models / "mine")
    assert show_component(report_of, bundle).session_state["result"].operating_point.threshold == 0.3
    moved = choose_operating_point(workspace, "mine", 0.9, "by hand")
    assert show_component(report_of, moved).session_state["result"].operating_point.threshold == 0.9


def test_show_localisation_states_hits_and_chance(demo):
    localisation = demo.evaluation().localisation
    app = show_component(show_localisation, localisation)
    assert [(metric.label, metric.value) for metric in app.metric] == [
        ("Heatmap peak on a lesion", f"{localisation.hit_rate.value:.0%}"),
        ("Heatmap outside the breast", f"{localisation.outside:.1%}"),
    ]
    assert app.metric[0].delta == f"chance {localisation.chance:.0%}"
    assert f"{localisation.images:,} positive images of {localisation.patients:,} patients" in app.caption[0].value


def test_show_localisation_counts_readers_marks_where_there_are_any(demo):
    localisation = demo.evaluation().localisation
    assert "marks" not in show_component(show_localisation, localisation).caption[0].value
    app = show_component(show_localisation, localisation.model_copy(update={"marks": 3}))
    assert app.caption[0].value.endswith("Readers' marks among these lesions: 3.")


def test_show_localisation_unknown_is_stated():
    app = show_component(show_localisation, None)
    assert [caption.value for caption in app.caption] == [
        "The lesions of these images are not known, or the network has no exact heatmap."
    ]
    assert not app.metric


def test_show_card_lists_limits_and_tables(demo):
    app = show_component(show_card, demo)
    assert [plain(caption.value) for caption in app.caption] == list(demo.card.limits)
    assert len(app.dataframe) == len(app.markdown) > 2


def test_show_training_draws_loss_auc_and_accuracy(demo):
    app = show_component(show_training, demo)
    assert not app.exception
    assert [figure["layout"]["uirevision"] for figure in figures(app)] == ["loss", "auc", "accuracy"]
