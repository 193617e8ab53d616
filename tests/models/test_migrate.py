import pytest

from builders.models import write_model
from mammo_core.errors import ModelError
from mammo_core.models import migrate as migration
from mammo_core.models.bundle import CARD, MODEL, PREDICTIONS, open_bundle
from mammo_core.models.migrate import RENAMED_FILES, RENAMED_KEYS, main, migrate
from mammo_core.storage.json_files import read_json, write_json


@pytest.fixture
def current(tmp_path):
    """A model of this version."""
    return write_model(tmp_path / "current")


@pytest.fixture
def old(tmp_path):
    """The folder of the same model, of format 2."""
    folder = write_model(tmp_path / "old").folder
    old_keys = {new: old for old, new in RENAMED_KEYS.items()}
    card = {old_keys.get(key, key): value for key, value in read_json(folder / CARD).items() if key != "schema_version"}
    for old_name, new_name in RENAMED_FILES.items():
        (folder / new_name).rename(folder / old_name)
        card["files"][old_name] = card["files"].pop(new_name)
    write_json(folder / CARD, {"format": 2, **card})
    return folder


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_migrate_format_2_equals_model_of_this_version(old, current):
    before = content(old)
    bundle = migrate(old)
    assert bundle == open_bundle(old)
    assert bundle.card.model_copy(update={"name": "current"}) == current.card
    assert content(old).keys() == content(current.folder).keys()
    for name in (MODEL, PREDICTIONS):
        assert (old / name).read_bytes() == before[name]
    for old_name, new_name in RENAMED_FILES.items():
        assert (old / new_name).read_bytes() == before[old_name]


def test_migrate_changed_file_raises_and_changes_nothing(old):
    (old / MODEL).write_bytes(b"other weights")
    before = content(old)
    with pytest.raises(ModelError, match=r"model\.keras was changed after training"):
        migrate(old)
    assert content(old) == before


@pytest.mark.parametrize("key", ["files", "calibration", "heat_scale"])
def test_migrate_incomplete_card_raises_and_changes_nothing(old, key):
    write_json(old / CARD, {name: value for name, value in read_json(old / CARD).items() if name != key})
    before = content(old)
    with pytest.raises(ModelError, match="isn't one that this application wrote"):
        migrate(old)
    assert content(old) == before


def test_migrate_interrupted_before_card_can_be_repeated(old, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(migration, "write_card", killed)
        with pytest.raises(KeyboardInterrupt):
            migrate(old)
    assert migrate(old) == open_bundle(old)


def test_migrate_model_of_this_version_raises_model_error(current):
    with pytest.raises(ModelError, match="is not a model of format 2"):
        migrate(current.folder)


def test_migrate_folder_without_card_raises_model_error(tmp_path):
    with pytest.raises(ModelError, match="holds no finished model"):
        migrate(tmp_path)


def test_main_migrates_each_folder(old, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["migrate", str(old)])
    assert main() == 0
    assert capsys.readouterr().out == "Migrated old.\n"
    assert open_bundle(old).name == "old"


def test_main_foreign_folder_prints_one_line_and_fails(current, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["migrate", str(current.folder)])
    assert main() == 1
    assert capsys.readouterr().err == "current is not a model of format 2, so there is nothing to migrate.\n"
