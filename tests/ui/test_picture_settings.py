from builders.app import show_component, without_error
from mammo_core.prediction.viewing import ViewSettings
from ui.picture_settings import choose_picture_settings


def test_settings_have_a_heatmap_only_where_something_is_predicted():
    assert show_component(choose_picture_settings, False).session_state["result"] == ViewSettings(opacity=0.0)
    assert show_component(choose_picture_settings, True).session_state["result"] == ViewSettings(opacity=0.6)


def test_custom_window_has_percentiles():
    app = show_component(choose_picture_settings, False)
    app.button_group(key="window").set_value("custom")
    app = without_error(app.run())
    assert app.session_state["result"].percentiles == (1.0, 99.7)
