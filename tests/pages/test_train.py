"""The train page with the real core: planning, the header of a run, and charts that keep their identity."""

import json
from pathlib import Path

import plotly
import psutil
from streamlit.testing.v1 import AppTest

from builders.app import open_page, without_error
from mammo_core.documents.metrics import METRICS, EpochRecord, append_record
from mammo_core.jobs import training
from mammo_core.jobs.folder import JobFolder
from mammo_core.learning import plan
from mammo_core.storage.json_files import read_json, write_json
from ui import training_plan
from ui.live_chart import SCRIPT


def show() -> AppTest:
    return without_error(open_page("train"))


def charts(app: AppTest) -> list[tuple[str, dict]]:
    """Return the identity and the figure of each live chart."""
    protos = [element.proto for element in app.get("bidi_component")]
    return [(proto.id, json.loads(json.loads(proto.mixed.json or proto.json)["figure"])) for proto in protos]


def test_live_chart_keeps_its_id_when_metrics_are_appended(finished):
    app = show()
    before = charts(app)
    assert [figure["layout"]["uirevision"] for _, figure in before] == ["loss", "scores"]
    epoch = EpochRecord(
        time=0.0, epoch=3, seconds=1.0, loss=0.1, val_loss=0.2, auc=0.9, val_auc=0.8, accuracy=0.9, val_accuracy=0.9,
        learning_rate=1e-3,
    )  # fmt: skip
    append_record(finished.models / "trained" / METRICS, epoch)
    after = charts(app.run())
    assert [identity for identity, _ in after] == [identity for identity, _ in before]
    assert after[0][1]["data"] != before[0][1]["data"]


def test_plotly_script_is_served_once_from_its_package(finished):
    app = show()
    for element in app.get("bidi_component"):
        assert SCRIPT in element.proto.SerializeToString().decode("latin-1")
        assert len(element.proto.js_content) < 3000  # the 4 MB of Plotly come by that address, not with each figure
    assert SCRIPT.rpartition("/")[2] == "plotly.min.js"
    assert (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").is_file()


def test_run_header_shows_verification_status(finished):
    captions = [caption.value for caption in show().caption]
    assert any(text.startswith("Saved model verified (reloaded; same predictions on ") for text in captions)
    path = finished.models / "trained" / "verification.json"
    write_json(path, read_json(path) | {"verified": False, "largest_difference": 0.25})
    captions = [caption.value for caption in show().caption]
    assert any(text.startswith("Saved model not verified") and text.endswith("up to 0.2.") for text in captions)


def test_curves_remain_during_first_import_and_with_damaged_model(finished):
    store = finished.data / "prepared" / "demo"
    (store / "manifest.parquet").rename(store / "aside")
    app = open_page("train")
    assert not app.exception
    assert any("isn't finished" in error.value for error in app.error)
    assert len(charts(app)) == 2

    (store / "aside").rename(store / "manifest.parquet")
    write_json(finished.models / "active.json", {"name": "trained"})
    with (finished.models / "trained" / "model.keras").open("ab") as stream:
        stream.write(b"x")
    app.run()
    assert not app.exception
    assert any("Training starts from ImageNet weights" in warning.value for warning in app.warning)
    assert app.button(key="Train")
    assert len(charts(app)) == 2


def test_start_model_is_opened_once_over_reruns_and_start(finished, monkeypatch):
    write_json(finished.models / "active.json", {"name": "trained"})
    opened = []
    open_bundle = plan.open_bundle
    monkeypatch.setattr(plan, "open_bundle", lambda folder: opened.append(folder.name) or open_bundle(folder))
    launched = []

    def launch(job, workspace):
        launched.append(job)
        return JobFolder(job.folder(workspace))

    monkeypatch.setattr(training, "launch", launch)
    app = show().run()
    app.button(key="Train").click().run()
    assert [job.config.start_from for job in launched] == ["trained"]
    assert opened == ["trained"]  # the job's process opens it once more


def test_settings_keep_their_values_while_closed(finished):
    app = show()
    app.session_state["own settings"] = True
    network = next(box for box in app.run().selectbox if box.label == "Network")
    network.select("original").run()
    for is_open in (False, True):
        app.session_state["own settings"] = is_open
        app.run()
    assert [box.value for box in app.selectbox if box.label == "Network"] == ["original"]


def test_pretrained_network_starts_from_imagenet_weights(finished):
    app = show()
    app.session_state["own settings"] = True
    network = next(box for box in app.run().selectbox if box.label == "Network")
    network.select("pretrained").run()
    assert [box.value for box in app.selectbox if box.label == "Start from"] == ["ImageNet weights"]
    assert any(
        "The pretrained network" in text.value and "from ImageNet weights" in text.value for text in app.markdown
    )


def test_memory_is_checked_again_for_a_cached_plan(finished, monkeypatch):
    app = show()
    memory = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory._replace(available=100_000))
    app.run()
    assert any("GiB of memory" in error.value for error in app.error)


def test_closed_settings_are_not_planned(finished, monkeypatch):
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
