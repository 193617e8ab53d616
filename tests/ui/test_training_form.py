import pytest
from streamlit.testing.v1 import AppTest

from builders.app import PATIENCE
from mammo_core.documents.training_config import TrainingConfig


def form():
    import streamlit as st

    from mammo_core.documents.training_config import TrainingConfig
    from ui.training_form import choose_settings, reset_settings

    start = st.session_state.get("quick start") or TrainingConfig(store="demo")
    st.session_state["chosen"] = choose_settings(start, ["mine"])
    st.button("Reset", on_click=reset_settings)


def widget(app: AppTest, kind: str, label: str):
    return next(element for element in app.get(kind) if element.label == label)


def show(network: str = "compact") -> AppTest:
    app = AppTest.from_function(form, default_timeout=PATIENCE).run()
    widget(app, "selectbox", "Network").select(network)
    return app.run()


def test_choose_settings_untouched_form_gives_the_defaults():
    app = AppTest.from_function(form, default_timeout=PATIENCE).run()
    assert app.session_state["chosen"] == TrainingConfig(store="demo")


def test_choose_settings_start_model_is_named():
    app = show()
    widget(app, "selectbox", "Start from").select("mine").run()
    assert app.session_state["chosen"] == TrainingConfig(store="demo", start_from="mine")


@pytest.mark.parametrize(
    ("epochs", "shown", "chosen", "head_epochs"), [(9, 4, 5, 5), (9, 4, 4, None), (1, None, None, 1)]
)
def test_choose_settings_pretrained_network_divides_its_epochs(epochs, shown, chosen, head_epochs):
    app = show("pretrained")
    widget(app, "slider", "Max. epochs").set_value(epochs).run()
    sliders = [slider for slider in app.slider if slider.label == "Epochs of the head"]
    assert [slider.value for slider in sliders] == ([] if shown is None else [shown])
    for slider in sliders:
        slider.set_value(chosen).run()
    assert app.session_state["chosen"] == TrainingConfig(
        store="demo", network="pretrained", epochs=epochs, head_epochs=head_epochs
    )


def test_choose_settings_trains_once_more_only_if_chosen():
    app = AppTest.from_function(form, default_timeout=PATIENCE)
    app.session_state["quick start"] = TrainingConfig(store="demo", network="pretrained", refit=True)
    app.run()
    assert app.session_state["chosen"].refit
    widget(app, "selectbox", "Network").select("compact").run()
    assert app.session_state["chosen"].refit
    widget(app, "toggle", "Train once more at the end").set_value(False).run()
    assert not app.session_state["chosen"].refit


@pytest.mark.parametrize(("text", "weights"), [("", None), (" backbone.h5 ", "backbone.h5")])
def test_choose_settings_large_network_takes_backbone_weights(text, weights):
    app = show("large")
    widget(app, "text_input", "Backbone weights").input(text).run()
    assert app.session_state["chosen"] == TrainingConfig(store="demo", network="large", backbone_weights=weights)


def test_choose_settings_begin_with_the_quick_start_and_return_to_it():
    quick_start = TrainingConfig(
        store="demo",
        network="pretrained",
        start_from="mine",
        fine_tuned_blocks=0,
        learning_rate=5e-4,
        lesion_map_only=True,
    )
    app = AppTest.from_function(form, default_timeout=PATIENCE)
    app.session_state["quick start"] = quick_start
    assert app.run().session_state["chosen"] == quick_start
    widget(app, "slider", "Max. epochs").set_value(3).run()
    assert app.session_state["chosen"] == quick_start.model_copy(update={"epochs": 3})
    widget(app, "button", "Reset").click().run()
    assert app.session_state["chosen"] == quick_start
