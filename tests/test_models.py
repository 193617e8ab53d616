import json

import pytest

from mammo_core import models
from mammo_core.errors import ModelError
from mammo_core.files import read_json, write_json
from mammo_core.preprocess import Contract
from mammo_core.settings import settings

CARD = {
    "operating_point": {"threshold": 0.3},
    "calibration": {"slope": 1.0, "intercept": 0.0},
    "data": {"synthetic": True},
}


@pytest.fixture
def folder(workspace):
    path = settings().models / "mine"
    path.mkdir(parents=True)
    (path / models.MODEL).write_bytes(b"weights")
    (path / models.PREDICTIONS).write_bytes(b"table")
    (path / models.REFERENCE).write_bytes(b"numbers")
    (path / models.LEARNT).write_bytes(b"images")
    write_json(path / models.CONTRACT, Contract(size=64).to_json())
    write_json(path / models.EVALUATION, {"auc": None})
    return path


def test_a_sound_folder_opens(folder):
    written = models.write_card(folder, CARD)
    found = models.open_bundle(folder)
    assert found == written
    assert found.threshold == 0.3
    assert found.synthetic
    assert found.contract == Contract(size=64)


@pytest.mark.parametrize("name", models.VOUCHED)
def test_a_changed_byte_is_refused_and_named(folder, name):
    models.write_card(folder, CARD)
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name} was changed after training"):
        models.open_bundle(folder)


@pytest.mark.parametrize("name", models.VOUCHED)
def test_a_missing_file_is_refused_and_named(folder, name):
    models.write_card(folder, CARD)
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        models.open_bundle(folder)


def test_a_model_of_another_version_s_contract_is_refused(folder):
    write_json(folder / models.CONTRACT, Contract(size=64).to_json() | {"version": 0})
    with pytest.raises(ModelError, match="mine belongs to another version"):
        models.write_card(folder, CARD)


def test_a_model_of_an_earlier_version_is_called_so(folder):
    models.write_card(folder, CARD)
    write_json(folder / models.CARD, read_json(folder / models.CARD) | {"format": 1})
    with pytest.raises(ModelError, match="was trained by an earlier version"):
        models.open_bundle(folder)


@pytest.mark.parametrize("card", ["{}", "[1]", "no json", json.dumps({"format": 99, "files": {}, "class_names": []})])
def test_a_foreign_card_is_refused(folder, card):
    (folder / models.CARD).write_text(card)
    with pytest.raises(ModelError, match="isn't one that this application wrote"):
        models.open_bundle(folder)


def test_no_card_without_all_files(folder):
    (folder / models.MODEL).unlink()
    with pytest.raises(ModelError, match=r"lacks model\.keras"):
        models.write_card(folder, CARD)


def test_the_demo_model_is_active_until_another_is(folder):
    assert models.active_model() == models.DEMO
    models.write_card(folder, CARD)
    models.activate("mine")
    assert models.active_model() == "mine"
    with pytest.raises(ModelError, match="active model"):
        models.delete_model("mine")
    models.activate(models.DEMO)
    models.delete_model("mine")
    assert not folder.exists()


def test_the_shipped_model_is_found_from_anywhere_and_stays(folder):
    assert models.DEMO in models.list_models()
    assert models.open_bundle(models.model_folder(models.DEMO)).synthetic
    models.write_card(folder, CARD)
    models.activate("mine")
    with pytest.raises(ModelError, match="can't be deleted"):
        models.delete_model(models.DEMO)


@pytest.mark.parametrize("name", ["nothing", "../models", ""])
def test_an_unknown_name_is_one_sentence(workspace, name):
    with pytest.raises(ModelError, match="There is no model"):
        models.model_folder(name)


def test_a_model_may_be_renamed_noted_and_given_another_operating_point(finished):
    models.write_note("trained", "good")
    models.rename_model("trained", "mine")
    assert models.read_note("mine") == "good"
    bundle = models.choose_operating_point("mine", 0.25, "by hand")
    assert bundle.threshold == models.open_bundle(models.model_folder("mine")).threshold == 0.25
    for name in ("a/b", "..", "", "mine", models.DEMO):
        with pytest.raises(ModelError):
            models.rename_model("mine", name)
    models.delete_model("mine")
    assert models.list_models() == [models.DEMO]


def test_the_shipped_model_is_never_changed(workspace):
    for change in (
        lambda: models.delete_model(models.DEMO),
        lambda: models.choose_operating_point(models.DEMO, 0.5, "x"),
    ):
        with pytest.raises(ModelError):
            change()


def test_a_renamed_models_card_has_its_name(finished):
    models.rename_model("trained", "mine")
    assert models.open_bundle(models.model_folder("mine")).card["name"] == "mine"


def test_a_damaged_model_is_nothing_to_start_from_and_hides_no_other(finished):
    contract = models.open_bundle(models.model_folder("trained")).contract
    assert models.compatible_models(contract) == ["demo", "trained"]
    (finished / "models" / "trained" / models.CONTRACT).unlink()
    assert models.compatible_models(contract) == ["demo"]
