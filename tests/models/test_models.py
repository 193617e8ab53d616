import json

import pytest

from mammo_core.errors import ModelError
from mammo_core.models.bundle import (
    CARD,
    CONTRACT,
    EVALUATION,
    MODEL,
    PREDICTIONS,
    PROVENANCE,
    REFERENCE,
    VOUCHED,
    open_bundle,
    write_card,
)
from mammo_core.models.registry import (
    DEMO,
    activate,
    active_model,
    choose_operating_point,
    compatible_models,
    delete_model,
    list_models,
    model_folder,
    read_note,
    rename_model,
    write_note,
)
from mammo_core.preprocess import PreprocessingConfig
from mammo_core.settings import settings
from mammo_core.storage.json_files import read_json, write_json

CARD_FIELDS = {
    "operating_point": {"threshold": 0.3},
    "calibration": {"slope": 1.0, "intercept": 0.0},
    "data": {"synthetic": True},
}


@pytest.fixture
def folder(workspace):
    path = settings().models / "mine"
    path.mkdir(parents=True)
    (path / MODEL).write_bytes(b"weights")
    (path / PREDICTIONS).write_bytes(b"table")
    (path / REFERENCE).write_bytes(b"numbers")
    (path / PROVENANCE).write_bytes(b"images")
    write_json(path / CONTRACT, PreprocessingConfig(size=64).to_json())
    write_json(path / EVALUATION, {"auc": None})
    return path


def test_open_bundle_intact_folder_equals_written_bundle(folder):
    written = write_card(folder, CARD_FIELDS)
    found = open_bundle(folder)
    assert found == written
    assert found.threshold == 0.3
    assert found.synthetic
    assert found.preprocessing == PreprocessingConfig(size=64)


@pytest.mark.parametrize("name", VOUCHED)
def test_open_bundle_changed_file_raises_model_error(folder, name):
    write_card(folder, CARD_FIELDS)
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name} was changed after training"):
        open_bundle(folder)


@pytest.mark.parametrize("name", VOUCHED)
def test_open_bundle_missing_file_raises_model_error(folder, name):
    write_card(folder, CARD_FIELDS)
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        open_bundle(folder)


def test_write_card_other_preprocessing_config_version_raises_model_error(folder):
    write_json(folder / CONTRACT, PreprocessingConfig(size=64).to_json() | {"version": 0})
    with pytest.raises(ModelError, match="mine belongs to another version"):
        write_card(folder, CARD_FIELDS)


def test_open_bundle_earlier_format_raises_model_error(folder):
    write_card(folder, CARD_FIELDS)
    write_json(folder / CARD, read_json(folder / CARD) | {"format": 1})
    with pytest.raises(ModelError, match="was trained by an earlier version"):
        open_bundle(folder)


@pytest.mark.parametrize("card", ["{}", "[1]", "no json", json.dumps({"format": 99, "files": {}, "class_names": []})])
def test_open_bundle_foreign_card_raises_model_error(folder, card):
    (folder / CARD).write_text(card)
    with pytest.raises(ModelError, match="isn't one that this application wrote"):
        open_bundle(folder)


def test_write_card_missing_weights_raises_model_error(folder):
    (folder / MODEL).unlink()
    with pytest.raises(ModelError, match=r"lacks model\.keras"):
        write_card(folder, CARD_FIELDS)


def test_active_model_defaults_to_demo_and_cannot_be_deleted(folder):
    assert active_model() == DEMO
    write_card(folder, CARD_FIELDS)
    activate("mine")
    assert active_model() == "mine"
    with pytest.raises(ModelError, match="active model"):
        delete_model("mine")
    activate(DEMO)
    delete_model("mine")
    assert not folder.exists()


def test_shipped_model_is_listed_and_cannot_be_deleted(folder):
    assert DEMO in list_models()
    assert open_bundle(model_folder(DEMO)).synthetic
    write_card(folder, CARD_FIELDS)
    activate("mine")
    with pytest.raises(ModelError, match="can't be deleted"):
        delete_model(DEMO)


@pytest.mark.parametrize("name", ["nothing", "../models", ""])
def test_model_folder_unknown_name_raises_model_error(workspace, name):
    with pytest.raises(ModelError, match="There is no model"):
        model_folder(name)


def test_model_note_rename_and_operating_point_are_saved(finished):
    write_note("trained", "good")
    rename_model("trained", "mine")
    assert read_note("mine") == "good"
    bundle = choose_operating_point("mine", 0.25, "by hand")
    assert bundle.threshold == open_bundle(model_folder("mine")).threshold == 0.25
    for name in ("a/b", "..", "", "mine", DEMO):
        with pytest.raises(ModelError):
            rename_model("mine", name)
    delete_model("mine")
    assert list_models() == [DEMO]


def test_shipped_model_cannot_be_changed(workspace):
    for change in (
        lambda: delete_model(DEMO),
        lambda: choose_operating_point(DEMO, 0.5, "x"),
    ):
        with pytest.raises(ModelError):
            change()


def test_rename_model_updates_name_in_card(finished):
    rename_model("trained", "mine")
    assert open_bundle(model_folder("mine")).card["name"] == "mine"


def test_compatible_models_excludes_damaged_model(finished):
    preprocessing = open_bundle(model_folder("trained")).preprocessing
    assert compatible_models(preprocessing) == ["demo", "trained"]
    (finished / "models" / "trained" / CONTRACT).unlink()
    assert compatible_models(preprocessing) == ["demo"]
