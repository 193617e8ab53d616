import pytest
from streamlit.testing.v1 import AppTest

from mammo_core.documents.training_config import TrainingConfig


def form():
    import streamlit as st

    from ui.training_form import choose_settings

    st.session_state["chosen"] = choose_settings("demo", ["mine"])


def widget(app: AppTest, kind: str, label: str):
    return next(element for element in app.get(kind) if element.label == label)


def show(network: str = "compact") -> AppTest:
    app = AppTest.from_function(form).run()
    widget(app, "selectbox", "Network").select(network)
    return app.run()


def test_choose_settings_untouched_form_gives_the_defaults():
    app = AppTest.from_function(form).run()
    assert app.session_state["chosen"] == TrainingConfig(store="demo")


def test_choose_settings_start_model_is_named():
    app = show()
    widget(app, "selectbox", "Start from").select("mine").run()
    assert app.session_state["chosen"] == TrainingConfig(store="demo", start_from="mine")


@pytest.mark.parametrize(("epochs", "head_epochs"), [(9, 4), (1, 1)])
def test_choose_settings_pretrained_network_divides_its_epochs(epochs, head_epochs):
    app = show("pretrained")
    widget(app, "slider", "Max. epochs").set_value(epochs).run()
    assert app.session_state["chosen"] == TrainingConfig(
        store="demo", network="pretrained", epochs=epochs, head_epochs=head_epochs
    )


@pytest.mark.parametrize(("text", "weights"), [("", None), (" backbone.h5 ", "backbone.h5")])
def test_choose_settings_large_network_takes_backbone_weights(text, weights):
    app = show("large")
    widget(app, "text_input", "Backbone weights").input(text).run()
    assert app.session_state["chosen"] == TrainingConfig(store="demo", network="large", backbone_weights=weights)
