import json

import pytest
from PIL import Image

from mammo_core.dataset.store import (
    Store,
    StoreContents,
    create_store,
    list_stores,
    open_store,
    outdated_stores,
    read_store,
    resolve_store,
)
from mammo_core.documents.dataset import GeneratorSettings, StoreSource
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import DataError, StoreUnfinished
from mammo_core.storage.json_files import write_json
from mammo_core.workspace import Workspace

CONFIG = PreprocessingConfig(size=64)
SOURCE = StoreSource(csv="demo/train.csv", dataset="demo", synthetic=False)


@pytest.fixture
def folders(tmp_path) -> Workspace:
    return Workspace(tmp_path / "data", tmp_path / "models")


@pytest.fixture
def store(folders) -> Store:
    return create_store(folders, "demo", CONFIG, SOURCE)


def test_create_store_writes_configuration_and_source(store, folders):
    assert json.loads((store.folder / "contract.json").read_text()) == CONFIG.to_json()
    assert store.source() == SOURCE
    assert store.read_csv_path() == folders.data / "demo" / "train.csv"
    assert open_store(folders, "demo") == read_store(store.folder, folders.data) == store


def test_create_store_again_updates_the_source(store, folders):
    renamed = SOURCE.model_copy(update={"dataset": "renamed"})
    assert create_store(folders, "demo", CONFIG, renamed) == store
    assert store.source() == renamed


def test_create_store_other_preprocessing_config_makes_another_store(store, folders):
    other = PreprocessingConfig(size=32)
    assert create_store(folders, "demo", other, SOURCE).name == f"demo-{other.identity[:8]}"
    assert create_store(folders, "demo", CONFIG, SOURCE) == store
    assert len(list_stores(folders)) == 2


def test_create_store_other_source_same_name_raises_data_error(store, folders):
    with pytest.raises(DataError, match="made from another data set"):
        create_store(folders, "demo", CONFIG, SOURCE.model_copy(update={"csv": "other/train.csv"}))


def test_resolve_store_writes_nothing(folders):
    assert resolve_store(folders, "demo", CONFIG, SOURCE).folder == folders.prepared / "demo"
    assert not folders.data.exists()


def test_store_source_of_an_earlier_version_is_readable(store, tmp_path):
    csv = tmp_path / "elsewhere" / "train.csv"
    write_json(
        store.folder / "source.json", {"csv": str(csv), "dataset": "old", "synthetic": True, "generator": {"seed": 5}}
    )
    assert store.read_csv_path() == csv
    assert store.source().generator == GeneratorSettings(seed=5)


def test_list_stores_ignores_outdated_stores(store, folders):
    write_json(folders.prepared / "old" / "contract.json", {"size": 64, "long_gone": 1})
    assert outdated_stores(folders) == ["old"]
    assert list_stores(folders) == [store]


def test_open_store_unknown_name_raises_data_error(store, folders):
    with pytest.raises(DataError, match=r"no prepared store 'nothing' \(stores: demo\)"):
        open_store(folders, "nothing")


def test_manifest_of_an_unfinished_import_raises_store_unfinished(store):
    with pytest.raises(StoreUnfinished, match="isn't finished"):
        store.manifest()
    assert store.quarantine().columns.tolist() == ["image_id", "file", "reason", "detail"]


@pytest.mark.parametrize(
    ("contents", "text"),
    [
        (StoreContents(0, 0, 0, 0), "no images yet · 0.0 MB"),
        (StoreContents(1_200, 0, 3, 5_000_000), "1,200 negative, 3 unlabelled · 5.0 MB"),
        (StoreContents(2, 1, 0, 120_000), "2 negative, 1 positive · 0.1 MB"),
    ],
)
def test_store_contents_description_omits_labels_without_images(contents, text):
    assert contents.describe() == text


def test_store_images_of_another_size_raises_data_error(store):
    Image.new("L", (32, 32)).save(store.folder / "small.png")
    with pytest.raises(DataError, match="isn't readable as one of 64 × 64"):
        store.images(["small.png"])
