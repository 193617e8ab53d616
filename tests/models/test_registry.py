import errno
import json
import shutil
from pathlib import Path

import pytest

from mammo_core.documents.active_model import ActiveModel
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import ConfigError, DataError, InvalidName, ModelError, ModelNotFound, NameTaken, StorageError
from mammo_core.models.bundle import MODEL, PREPROCESSING, open_bundle
from mammo_core.models.registry import (
    BACKBONES,
    DEMO,
    activate,
    active_model,
    choose_models,
    choose_operating_point,
    compatible_models,
    delete_model,
    list_models,
    model_folder,
    read_note,
    rename_model,
    restore_model,
    write_note,
)
from mammo_core.settings import SHIPPED_MODELS
from mammo_core.storage.hashing import file_states
from mammo_core.storage.json_files import write_json
from mammo_core.storage.trash import REMOVING, TRASH, empty_trash
from mammo_core.workspace import Workspace


@pytest.fixture
def empty(tmp_path):
    """A workspace without a data set and without a model of its own."""
    return Workspace(tmp_path / "data", tmp_path / "models")


@pytest.fixture
def models(empty):
    """A workspace with a model of its own, "mine", a copy of the shipped one."""
    shutil.copytree(SHIPPED_MODELS / DEMO, empty.models / "mine")
    return empty


def test_active_model_nothing_activated_is_demo(models):
    assert active_model(models) == DEMO


def test_activate_sound_model_makes_it_active(models):
    activate(models, "mine")
    assert active_model(models) == "mine"
    assert json.loads((models.models / ActiveModel.file_name).read_text()) == {"schema_version": 1, "name": "mine"}
    activate(models, DEMO)
    assert active_model(models) == DEMO


def test_active_model_reads_file_without_schema_version(models):
    (models.models / ActiveModel.file_name).write_text('{"name": "mine"}')
    assert active_model(models) == "mine"


def test_active_model_foreign_file_raises_data_error(models):
    (models.models / ActiveModel.file_name).write_text('{"chosen": "mine"}')
    with pytest.raises(DataError, match=r"active\.json"):
        active_model(models)


def test_activate_damaged_model_raises_model_error(models):
    (models.models / "mine" / MODEL).write_bytes(b"other weights")
    with pytest.raises(ModelError, match="was changed after training"):
        activate(models, "mine")
    assert active_model(models) == DEMO


def test_list_models_includes_shipped_and_excludes_unfinished(models):
    (models.models / "unfinished").mkdir()
    assert list_models(models) == [DEMO, "mine"]
    assert open_bundle(model_folder(models, DEMO)).synthetic


@pytest.mark.parametrize("name", ["nothing", "../models", "", ".", "..", "a/b", "a\\b"])
def test_model_folder_unknown_name_raises_model_not_found(empty, name):
    with pytest.raises(ModelNotFound, match=r"There is no model .* available: demo"):
        model_folder(empty, name)


def test_backbone_weights_are_no_model(tmp_path):
    (tmp_path / "models").symlink_to(SHIPPED_MODELS)
    linked = Workspace(tmp_path / "data", tmp_path / "models")
    assert (linked.models / BACKBONES).is_dir()
    assert BACKBONES not in list_models(linked)
    with pytest.raises(ModelNotFound, match="There is no model 'backbones'"):
        delete_model(linked, BACKBONES)


def test_delete_model_removes_folder(models):
    delete_model(models, "mine")
    assert not (models.models / "mine").exists()
    assert list_models(models) == [DEMO]


@pytest.mark.parametrize("name", ["..", ".", "mine/..", "..\\models", "mine/"])
def test_delete_model_name_with_path_raises_and_deletes_nothing(models, name):
    before = sorted(models.models.parent.rglob("*"))
    with pytest.raises(ModelNotFound, match="There is no model"):
        delete_model(models, name)
    assert sorted(models.models.parent.rglob("*")) == before


def test_delete_model_active_model_raises_model_error(models):
    activate(models, "mine")
    with pytest.raises(ModelError, match="mine is the active model and can't be deleted"):
        delete_model(models, "mine")
    assert list_models(models) == [DEMO, "mine"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda models: delete_model(models, DEMO), "can't be deleted"),
        (lambda models: rename_model(models, DEMO, "other"), "can't be renamed"),
        (lambda models: choose_operating_point(models, DEMO, 0.5, "by hand"), "can't be changed"),
    ],
)
def test_shipped_model_cannot_be_changed(models, change, message):
    activate(models, "mine")
    with pytest.raises(ModelError, match=f"The shipped demo model {message}"):
        change(models)


def test_shipped_model_cannot_be_changed_through_another_path(tmp_path):
    (tmp_path / "models").symlink_to(SHIPPED_MODELS)
    linked = Workspace(tmp_path / "data", tmp_path / "models")
    with pytest.raises(ModelError, match="The shipped demo model can't be changed"):
        choose_operating_point(linked, DEMO, 0.5, "by hand")


def test_rename_model_moves_folder_and_updates_card(models):
    write_note(models, "mine", "good")
    rename_model(models, "mine", "yours")
    assert list_models(models) == [DEMO, "yours"]
    assert open_bundle(model_folder(models, "yours")).card.name == "yours"
    assert read_note(models, "yours") == "good"


@pytest.mark.parametrize("name", ["a/b", "..", ""])
def test_rename_model_unusable_name_raises_invalid_name(models, name):
    with pytest.raises(InvalidName, match="not usable as a name"):
        rename_model(models, "mine", name)


@pytest.mark.parametrize("name", ["mine", DEMO, "run"])
def test_rename_model_taken_name_raises_name_taken(models, name):
    (models.models / "run").mkdir()
    with pytest.raises(NameTaken, match=f"already a model '{name}'"):
        rename_model(models, "mine", name)


def test_read_note_without_note_is_empty(models):
    assert read_note(models, "mine") == ""


def test_write_note_strips_white_space(models):
    write_note(models, "mine", " a first try\n")
    assert read_note(models, "mine") == "a first try"


def test_write_note_unknown_model_raises_model_not_found(empty):
    with pytest.raises(ModelNotFound):
        write_note(empty, "nothing", "good")


def test_choose_operating_point_is_saved_in_card(models):
    activate(models, "mine")  # the active model's operating point may be changed
    bundle = choose_operating_point(models, "mine", 0.25, "by hand")
    assert bundle.threshold == 0.25
    assert open_bundle(model_folder(models, "mine")) == bundle


@pytest.mark.parametrize(("threshold", "policy", "field"), [(1.5, "by hand", "threshold"), (0.5, "by luck", "policy")])
def test_choose_operating_point_unusable_value_raises_config_error(models, threshold, policy, field):
    with pytest.raises(ConfigError, match=f"The {field} of an operating point is not usable"):
        choose_operating_point(models, "mine", threshold, policy)


def test_compatible_models_excludes_other_preprocessing(models):
    assert compatible_models(models, PreprocessingConfig()) == [DEMO, "mine"]
    assert compatible_models(models, PreprocessingConfig(size=64)) == []


def test_compatible_models_excludes_damaged_model(models):
    (models.models / "mine" / PREPROCESSING).unlink()
    assert compatible_models(models, PreprocessingConfig()) == [DEMO]


def test_compatible_models_excludes_a_model_of_another_version(models):
    write_json(models.models / "mine" / PREPROCESSING, {**PreprocessingConfig().to_json(), "version": 1})
    assert compatible_models(models, PreprocessingConfig()) == [DEMO]


@pytest.mark.parametrize(
    ("rows", "active", "names"),
    [([1, 7], "a", ["b"]), ([], "b", ["b"]), ([], "gone", ["a"]), ([0, 1], "c", ["a", "b"])],
)
def test_choose_models_takes_selected_then_active_then_first(rows, active, names):
    assert choose_models(["a", "b", "c"], rows, active) == names


def trash(models):
    return sorted(folder.name for folder in (models.models / TRASH).iterdir())


def test_deleted_model_is_restored_whole(models):
    before = file_states(sorted((models.models / "mine").iterdir()))
    trashed = delete_model(models, "mine")
    assert list_models(models) == [DEMO]
    empty_trash(models.models)  # not yet
    assert restore_model(models, trashed) == "mine"
    restored = file_states(sorted((models.models / "mine").iterdir()))
    assert [state[1:] for state in restored] == [state[1:] for state in before]
    assert trash(models) == []


def test_restore_model_name_that_is_taken_meanwhile_keeps_both(models):
    trashed = delete_model(models, "mine")
    shutil.copytree(SHIPPED_MODELS / DEMO, models.models / "mine")
    with pytest.raises(NameTaken, match="already a model 'mine'"):
        restore_model(models, trashed)
    assert trash(models) == [trashed]


def test_empty_trash_removes_old_models_and_what_a_crash_left(models):
    trashed = delete_model(models, "mine")
    (models.models / TRASH / f"{REMOVING}1.ab.half").mkdir()
    empty_trash(models.models)
    assert trash(models) == [trashed]
    empty_trash(models.models, older_than=-1)
    assert trash(models) == []
    with pytest.raises(ModelNotFound, match="mine can't be restored any more"):
        restore_model(models, trashed)


def test_delete_model_refusal_of_the_file_system_loses_nothing(models, monkeypatch):
    def fail(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(StorageError):
        delete_model(models, "mine")
    assert "mine" in list_models(models)


@pytest.mark.parametrize("trashed", ["..", "1.a./etc", ""])
def test_restore_model_stays_in_the_trash(models, trashed):
    with pytest.raises((InvalidName, ModelNotFound)):
        restore_model(models, trashed)
