from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from builders.stores import IMAGE, PREPARED, empty_store
from mammo_core.dataset.store import Store
from mammo_core.dataset.store_png import write_image
from mammo_core.dataset.store_writer import arrange_groups, existing_entries, remove_leftovers, write_index
from mammo_core.documents.manifest import QuarantineRow


@pytest.fixture
def store(tmp_path) -> Store:
    return empty_store(tmp_path)


def test_existing_entries_trusts_the_manifest_and_reads_other_files(store):
    entry = write_image(store.folder, IMAGE, PREPARED)
    assert list(existing_entries(store)) == [(entry.png, entry)]
    write_index(store, pd.DataFrame({"image_id": ["70"], "cancer": [1]}), [entry], [])
    (store.folder / entry.png).write_bytes(b"not read")
    (store.folder / "positive" / "7_71.png").write_bytes(b"no PNG")
    assert dict(existing_entries(store)) == {entry.png: entry, "positive/7_71.png": None}


def test_write_index_keeps_the_order_of_the_catalogue(store):
    images = [replace(IMAGE, image_id=name) for name in ("3", "1")]
    entries = [write_image(store.folder, image, PREPARED) for image in images]
    row = QuarantineRow(image_id="2", file=None, reason="missing", detail="File missing.")
    write_index(store, pd.DataFrame({"image_id": ["1", "2", "3"], "cancer": [1, 0, 1]}), entries, [row])
    manifest = store.manifest()
    assert manifest.columns.tolist() == [
        "image_id",
        "cancer",
        "geometry",
        "source_version",
        "kind_checked",
        "side_marker",
        "png",
        "sha256",
        "label",
    ]
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
