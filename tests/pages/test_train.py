"""The train page with the real core: planning, the header of a run, and charts that keep their identity."""

from streamlit.testing.v1 import AppTest

from builders.app import live_charts, open_page, widget, without_error
from mammo_core.storage.json_files import write_json
from ui import training_plan


def show() -> AppTest:
    return without_error(open_page("train"))


def test_curves_remain_during_first_import_and_with_damaged_model(finished):
    store = finished.data / "prepared" / "demo"
    (store / "manifest.parquet").rename(store / "aside")
    app = open_page("train")
    assert not app.exception
    assert any("isn't finished" in error.value for error in app.error)
    assert len(live_charts(app)) == 2

    (store / "aside").rename(store / "manifest.parquet")
    write_json(finished.models / "active.json", {"name": "trained"})
    with (finished.models / "trained" / "model.keras").open("ab") as stream:
        stream.write(b"x")
    app.run()
    assert not app.exception
    assert any("Training starts from ImageNet weights" in warning.value for warning in app.warning)
    assert app.button(key="Train")
    assert len(live_charts(app)) == 2


def test_settings_keep_their_values_while_closed(prepared):
    app = show()
    app.session_state["own settings"] = True
    network = widget(app.run(), "selectbox", "Network")
    network.select("original").run()
    for is_open in (False, True):
        app.session_state["own settings"] = is_open
        app.run()
    assert [box.value for box in app.selectbox if box.label == "Network"] == ["original"]


def test_pretrained_network_starts_from_imagenet_weights(prepared):
    app = show()
    app.session_state["own settings"] = True
    network = widget(app.run(), "selectbox", "Network")
    network.select("pretrained").run()
    assert [box.value for box in app.selectbox if box.label == "Start from"] == ["ImageNet weights"]
    assert any(
        "The pretrained network" in text.value and "from ImageNet weights" in text.value for text in app.markdown
    )


def test_closed_settings_are_not_planned(prepared, monkeypatch):
    planned = []
    resolve = training_plan.resolve
    monkeypatch.setattr(
        training_plan, "resolve", lambda roots, config: planned.append(config) or resolve(roots, config)
    )
    app = show()
    assert planned == []
    app.session_state["own settings"] = True
    app.run()
    assert [config.network for config in planned] == ["compact"]
    app.run()
    assert len(planned) == 1
