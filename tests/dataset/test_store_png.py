from dataclasses import replace

import numpy as np
import pytest

from builders.stores import GEOMETRY, IMAGE, PREPARED, empty_store
from mammo_core.dataset.store import Store, StoreContents, parse_geometry, store_contents
from mammo_core.dataset.store_png import png_path, read_entry, write_image


@pytest.fixture
def store(tmp_path) -> Store:
    return empty_store(tmp_path)


@pytest.mark.parametrize(
    ("cancer", "expected"), [(0, "negative/7_70.png"), (1, "positive/7_70.png"), (None, "unlabelled/7_70.png")]
)
def test_png_path_is_in_the_folder_of_the_label(cancer, expected):
    assert png_path(replace(IMAGE, cancer=cancer)) == expected


def test_write_image_can_be_read_back(store):
    entry = write_image(store.folder, IMAGE, PREPARED)
    assert (entry.image_id, entry.png) == ("70", "positive/7_70.png")
    assert parse_geometry(entry.geometry) == GEOMETRY
    assert read_entry(store.folder, store.folder / entry.png) == entry
    assert np.array_equal(store.images([entry.png])[0], PREPARED.image)
    assert store_contents(store) == StoreContents(
        negative=0, positive=1, unlabelled=0, bytes=(store.folder / entry.png).stat().st_size
    )


def test_read_entry_of_damaged_or_foreign_png_is_none(store, tmp_path):
    png = store.folder / write_image(store.folder, IMAGE, PREPARED).png
    data = png.read_bytes()
    png.write_bytes(data[:-20])
    assert read_entry(store.folder, png) is None
    png.write_bytes(data.replace(b"mammo-row", b"other-row"))
    assert read_entry(store.folder, png) is None
    assert read_entry(store.folder, png.with_name("missing.png")) is None
