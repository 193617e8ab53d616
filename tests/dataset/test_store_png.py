from dataclasses import replace

import numpy as np
import pytest

from builders.geometry import geometry
from mammo_core.dataset.catalogue_image import CatalogueImage
from mammo_core.dataset.store import Store, StoreContents, create_store, parse_geometry, store_contents
from mammo_core.dataset.store_png import png_path, read_entry, write_image
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.preprocess.prepare import ModelInput
from mammo_core.workspace import Workspace

CONFIG = PreprocessingConfig(size=64)
SOURCE = StoreSource(csv="demo/train.csv", dataset="demo", synthetic=False)
GEOMETRY = geometry((800, 600), (64.0, 32.0), (50.0, 20.0, 450.0, 220.0), flipped=True)
PREPARED = ModelInput(np.arange(64 * 64, dtype=np.uint8).reshape(64, 64), GEOMETRY, 1.0)
IMAGE = CatalogueImage(patient_id="7", image_id="70", cancer=1, file=None)


@pytest.fixture
def store(tmp_path) -> Store:
    return create_store(Workspace(tmp_path / "data", tmp_path / "models"), "demo", CONFIG, SOURCE)


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
