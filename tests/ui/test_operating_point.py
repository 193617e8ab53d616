import pytest

from builders.app import figures, show_component, widget
from builders.models import write_model
from mammo_core.evaluation.operating import PREVALENCES, choose_threshold
from mammo_core.models.bundle import open_bundle
from ui.operating_point import select_prevalence, show_operating_point


def test_select_prevalence_is_that_of_a_population_or_cancers_in_1000():
    app = show_component(select_prevalence)
    assert app.session_state["result"] == PREVALENCES["screening"]
    app.segmented_control(key="prevalence").set_value("custom").run()
    app.number_input[0].set_value(5.0).run()
    assert app.session_state["result"] == pytest.approx(0.005)


@pytest.fixture
def bundle(workspace):
    return write_model(workspace.models / "mine")


def saved(app, bundle) -> tuple[float, str]:
    """Save the operating point that is shown; return it."""
    widget(app, "button", "Use this operating point").click().run()
    assert not app.exception
    point = open_bundle(bundle.folder).card.operating_point
    return point.threshold, point.policy


def test_present_operating_point_cannot_be_saved_again(bundle):
    app = show_component(show_operating_point, bundle)
    assert widget(app, "slider", "Threshold").value == 0.3
    assert widget(app, "button", "Use this operating point").disabled
    assert len(figures(app)) == 1


def test_preset_is_saved_with_its_policy(bundle):
    app = show_component(show_operating_point, bundle)
    app.button_group(key="policy mine").set_value("specificity_90").run()
    expected = choose_threshold(bundle.validation_predictions(), "specificity_90")
    assert saved(app, bundle) == (expected, "specificity_90")


def test_moved_threshold_stands_beside_the_present_one(bundle):
    app = show_component(show_operating_point, bundle)
    assert list(app.dataframe[0].value) == ["measure", "this model", "readers (BCSC)"]
    assert "now 0.30" not in str(figures(app)[0])
    widget(app, "slider", "Threshold").set_value(0.321).run()
    assert list(app.dataframe[0].value) == ["measure", "new, 0.321", "now, 0.300", "readers (BCSC)"]
    assert "now 0.30" in str(figures(app)[0])


def test_moved_threshold_is_saved_with_policy_by_hand(bundle):
    app = show_component(show_operating_point, bundle)
    app.button_group(key="policy mine").set_value("specificity_90").run()
    widget(app, "slider", "Threshold").set_value(0.321).run()
    assert saved(app, bundle) == (0.321, "by hand")
