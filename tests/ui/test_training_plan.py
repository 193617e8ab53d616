"""Plans of a prepared store, with start models that have no network: nothing is trained."""

import psutil
import pytest

from builders.app import plain, show_component, widget
from builders.models import model_card, write_model_files
from mammo_core.dataset.store import open_store
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import ModelError
from mammo_core.jobs import training
from mammo_core.jobs.folder import JobFolder
from mammo_core.learning import plan
from mammo_core.models.bundle import PREPROCESSING, write_card
from mammo_core.models.registry import activate
from mammo_core.storage.json_files import write_json
from ui import training_plan

CONFIG = TrainingConfig(store="demo", epochs=3)


@pytest.fixture
def resolved(monkeypatch) -> list[TrainingConfig]:
    """Return the settings that are resolved from now on."""
    configs: list[TrainingConfig] = []
    resolve = training_plan.resolve
    monkeypatch.setattr(
        training_plan, "resolve", lambda roots, config: configs.append(config) or resolve(roots, config)
    )
    return configs


def test_plan_settings_are_resolved_again_only_when_they_change(prepared, resolved):
    app = show_component(training_plan.plan_settings, prepared, CONFIG)
    assert app.session_state["result"].config == CONFIG
    app.run()
    assert resolved == [CONFIG]
    other = CONFIG.model_copy(update={"epochs": 4})
    show_component(training_plan.plan_settings, prepared, other)
    assert resolved == [CONFIG, other]


def test_plan_settings_memory_is_checked_again_for_a_cached_plan(prepared, monkeypatch):
    app = show_component(training_plan.plan_settings, prepared, CONFIG)
    assert not app.exception
    memory = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory._replace(available=100_000))
    app.run()
    assert len(app.exception) == 1


@pytest.fixture
def active(prepared):
    """Return the active model, which preprocesses as the store does."""
    folder = prepared.models / "trained"
    write_model_files(folder)
    preprocessing = open_store(prepared, "demo").preprocessing
    write_json(folder / PREPROCESSING, preprocessing.to_json())
    write_card(folder, model_card(name="trained", preprocessing_identity=preprocessing.identity))
    activate(prepared, "trained")
    return folder


def test_plan_preset_starts_from_the_active_model_if_it_is_compatible(prepared, active):
    app = show_component(training_plan.plan_preset, prepared, "demo", ["trained"])
    assert app.session_state["result"].config.start_from == "trained"
    app = show_component(training_plan.plan_preset, prepared, "demo", ["other"])
    assert app.session_state["result"].config.start_from is None


def test_plan_preset_damaged_active_model_is_a_warning(prepared, active):
    (active / "model.keras").write_bytes(b"x")
    app = show_component(training_plan.plan_preset, prepared, "demo", ["trained"])
    assert app.session_state["result"].config.start_from is None
    assert [plain(warning.value).partition(". ")[2] for warning in app.warning] == [
        "Restore the file or train again. Training starts from ImageNet weights."
    ]


def preset(workspace):
    plan_of_page = training_plan.plan_preset(workspace, "demo", ["trained"])
    training_plan.show_plan(workspace, plan_of_page)


def test_show_plan_starts_a_run_and_opens_the_start_model_once(prepared, active, monkeypatch):
    opened, launched = [], []
    open_bundle = plan.open_bundle
    monkeypatch.setattr(plan, "open_bundle", lambda folder: opened.append(folder.name) or open_bundle(folder))
    monkeypatch.setattr(training, "launch", lambda job, roots: launched.append(job) or JobFolder(job.folder(roots)))
    app = show_component(preset, prepared).run()
    assert app.dataframe[0].value["part"].tolist() == ["train", "validation", "test"]
    app.button(key="Train").click().run()
    assert [job.config.start_from for job in launched] == ["trained"]
    assert app.session_state["run"] == launched[0].name
    assert app.session_state["started"]
    assert opened == ["trained"]  # the job's process opens it once more


def test_plan_run_follows_the_settings_in_one_block_until_it_is_reset(prepared, resolved):
    app = show_component(training_plan.plan_run, prepared, open_store(prepared, "demo"))
    assert "pretrained network" in app.markdown[0].value
    assert resolved == []  # the quick start's plan is enough
    widget(app, "selectbox", "Network").select("original").run()
    assert "original network" in app.markdown[0].value
    assert len(app.dataframe) == 1
    assert [config.network for config in resolved] == ["original"]
    widget(app, "button", "Reset to quick start").click().run()
    assert "pretrained network" in app.markdown[0].value
    assert not [button for button in app.button if button.label == "Reset to quick start"]


def test_plan_run_says_outside_the_form_why_there_is_no_plan(prepared, monkeypatch):
    def fail(workspace, config):
        raise ModelError("It can't start from there.")

    app = show_component(training_plan.plan_run, prepared, open_store(prepared, "demo"))
    monkeypatch.setattr(training_plan, "plan_settings", fail)
    widget(app, "selectbox", "Network").select("original").run()
    assert [plain(error.value) for error in app.error] == ["It can't start from there."]
    assert not app.expander[0].error
    assert not [button for button in app.button if button.label == "Train"]


def test_plan_run_states_an_estimate(prepared):
    app = show_component(training_plan.plan_run, prepared, open_store(prepared, "demo"))
    assert any("not measured on this machine yet" in caption.value for caption in app.caption)


def test_plan_run_half_imported_store_says_so_and_its_import_is_resumed(prepared, monkeypatch):
    store = open_store(prepared, "demo")
    JobFolder(store.folder).write_state("stopped")
    launched = []
    monkeypatch.setattr(training_plan, "launch", lambda job, workspace: launched.append(job))
    monkeypatch.setattr(training_plan.st, "switch_page", lambda page: None)
    app = show_component(training_plan.plan_run, prepared, store)
    assert "The import of demo stopped at" in app.warning[0].value
    app.button(key="resume the import").click().run()
    assert [job.store for job in launched] == ["demo"]
