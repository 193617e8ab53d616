import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mammo_core.dataset.catalogue import CatalogueImage
from mammo_core.dataset.store import (
    Store,
    StoreContents,
    arrange_groups,
    create_store,
    existing_entries,
    list_stores,
    open_store,
    outdated_stores,
    parse_geometry,
    png_path,
    read_entry,
    read_store,
    remove_leftovers,
    resolve_store,
    store_contents,
    write_image,
    write_index,
)
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.geometry import Geometry
from mammo_core.documents.manifest import QuarantineRow
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import DataError, StoreUnfinished
from mammo_core.preprocess.prepare import ModelInput
from mammo_core.storage.json_files import write_json
from mammo_core.workspace import Workspace

CONFIG = PreprocessingConfig(size=64)
SOURCE = StoreSource(csv="demo/train.csv", dataset="demo", synthetic=False)
GEOMETRY = Geometry(
    source_rows=800,
    source_columns=600,
    top=50.0,
    left=20.0,
    bottom=450.0,
    right=220.0,
    flipped=True,
    offset_row=0.0,
    offset_column=0.0,
    content_rows=64.0,
    content_columns=32.0,
)
PREPARED = ModelInput(np.arange(64 * 64, dtype=np.uint8).reshape(64, 64), GEOMETRY, 1.0)
IMAGE = CatalogueImage(patient_id="7", image_id="70", cancer=1, file=None)


@pytest.fixture
def folders(tmp_path) -> Workspace:
    return Workspace(tmp_path / "data", tmp_path / "models")


@pytest.fixture
def store(folders) -> Store:
    return create_store(folders, "demo", CONFIG, SOURCE)


@pytest.mark.parametrize(
    ("cancer", "expected"), [(0, "negative/7_70.png"), (1, "positive/7_70.png"), (None, "unlabelled/7_70.png")]
)
def test_png_path_is_in_the_folder_of_the_label(cancer, expected):
    assert png_path(replace(IMAGE, cancer=cancer)) == expected


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
    assert store.source().generator == {"seed": 5}


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


def test_write_image_can_be_read_back(store):
    entry = write_image(store, IMAGE, PREPARED)
    assert (entry.image_id, entry.png) == ("70", "positive/7_70.png")
    assert parse_geometry(entry.geometry) == GEOMETRY
    assert read_entry(store, store.folder / entry.png) == entry
    assert np.array_equal(store.images([entry.png])[0], PREPARED.image)
    assert store_contents(store) == StoreContents(
        negative=0, positive=1, unlabelled=0, bytes=(store.folder / entry.png).stat().st_size
    )


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


def test_read_entry_of_damaged_or_foreign_png_is_none(store, tmp_path):
    png = store.folder / write_image(store, IMAGE, PREPARED).png
    data = png.read_bytes()
    png.write_bytes(data[:-20])
    assert read_entry(store, png) is None
    png.write_bytes(data.replace(b"mammo-row", b"other-row"))
    assert read_entry(store, png) is None
    assert read_entry(store, png.with_name("missing.png")) is None


def test_store_images_of_another_size_raises_data_error(store):
    png = write_image(store, IMAGE, PREPARED).png
    larger = replace(store, preprocessing=PreprocessingConfig(size=128))
    with pytest.raises(DataError, match="isn't readable as a 128 × 128 PNG"):
        larger.images([png])


def test_existing_entries_trusts_the_manifest_and_reads_other_files(store):
    entry = write_image(store, IMAGE, PREPARED)
    assert list(existing_entries(store)) == [(entry.png, entry)]
    write_index(store, pd.DataFrame({"image_id": ["70"], "cancer": [1]}), [entry], [])
    (store.folder / entry.png).write_bytes(b"not read")
    (store.folder / "positive" / "7_71.png").write_bytes(b"no PNG")
    assert dict(existing_entries(store)) == {entry.png: entry, "positive/7_71.png": None}


def test_write_index_keeps_the_order_of_the_catalogue(store):
    images = [replace(IMAGE, image_id=name) for name in ("3", "1")]
    entries = [write_image(store, image, PREPARED) for image in images]
    row = QuarantineRow(image_id="2", file=None, reason="missing", detail="File missing.")
    write_index(store, pd.DataFrame({"image_id": ["1", "2", "3"], "cancer": [1, 0, 1]}), entries, [row])
    manifest = store.manifest()
    assert manifest.columns.tolist() == ["image_id", "cancer", "geometry", "png", "sha256", "label"]
    assert manifest["image_id"].tolist() == ["1", "3"]
    assert store.quarantine().to_dict("records") == [row.to_json()]


@pytest.mark.parametrize(("labelled", "expected"), [(True, ["negative", "positive"]), (False, [])])
def test_arrange_groups_keeps_empty_folders_of_classes_only(store, labelled, expected):
    for group in ("negative", "unlabelled"):
        (store.folder / group).mkdir()
    arrange_groups(store, labelled)
    assert sorted(path.name for path in store.folder.iterdir() if path.is_dir()) == expected


def test_remove_leftovers_removes_only_half_written_files(store):
    kept, removed = ("positive/1_2.png", ".stop-x"), ("positive/.1_2-x.png", ".manifest-x.parquet", ".source-x.json")
    (store.folder / "positive").mkdir()
    for name in (*kept, *removed):
        Path(store.folder / name).write_bytes(b"half")
    remove_leftovers(store)
    assert all((store.folder / name).exists() for name in kept)
    assert not any((store.folder / name).exists() for name in removed)
