"""The train page with the real core: planning, the header of a run, and charts that keep their identity."""

from streamlit.testing.v1 import AppTest

from builders.app import live_charts, open_page, widget, without_error
from mammo_core.storage.json_files import write_json


def show() -> AppTest:
    return without_error(open_page("train"))


def open_new_run(app: AppTest) -> AppTest:
    app.session_state["new run"] = True
    return app.run()


def test_curves_remain_during_first_import_and_with_damaged_model(finished):
    store = finished.data / "prepared" / "demo"
    (store / "manifest.parquet").rename(store / "aside")
    app = open_new_run(open_page("train"))
    assert not app.exception
    assert any("isn't finished" in error.value for error in app.error)
    assert len(live_charts(app)) == 3

    (store / "aside").rename(store / "manifest.parquet")
    write_json(finished.models / "active.json", {"name": "trained"})
    with (finished.models / "trained" / "model.keras").open("ab") as stream:
        stream.write(b"x")
    app.run()
    assert not app.exception
    assert any("Training starts from ImageNet weights" in warning.value for warning in app.warning)
    assert app.button(key="Train")
    assert len(live_charts(app)) == 3


def test_a_run_comes_first_and_the_set_up_is_closed(viewed):
    app = show()
    assert app.selectbox(key="run").value == "trained"
    assert not [button for button in app.button if button.key == "Train"]
    assert any(metric.label.endswith("AUC by breast") for metric in app.metric)
    assert not [toggle for toggle in app.toggle if toggle.label == "Live"]


def test_settings_keep_their_values_while_closed(prepared):
    app = show()
    widget(app, "selectbox", "Network").select("original").run()
    for is_open in (False, True):
        app.session_state["own settings"] = is_open
        app.run()
    assert [box.value for box in app.selectbox if box.label == "Network"] == ["original"]


def test_pretrained_network_starts_from_imagenet_weights(prepared):
    app = show()
    assert [box.value for box in app.selectbox if box.label == "Start from"] == ["ImageNet weights"]
    assert any(
        "The pretrained network" in text.value and "from ImageNet weights" in text.value for text in app.markdown
    )
