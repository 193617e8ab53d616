import numpy as np
import pytest

from builders.doctor import check_store
from mammo_core.dataset.store import MANIFEST, open_store
from mammo_core.doctor import image_map
from mammo_core.doctor.image_map import open_map
from mammo_core.documents.image_map import ImageMap
from mammo_core.errors import DataError, StoreUnchecked


@pytest.fixture
def store(prepared):
    return open_store(prepared, "demo")


@pytest.fixture
def checked(store):
    assert check_store(store)
    return store


def test_each_image_has_a_point(checked):
    document, table = open_map(checked)
    assert table["image_id"].tolist() == checked.manifest()["image_id"].tolist()
    assert table[["x", "y"]].abs().max().max() == pytest.approx(1)
    assert (document.landmarks, document.around) == (len(table), 5)
    assert 0.2 < document.kept <= 1  # by chance 0.07
    assert document.describe().startswith("Of the five images that resemble an image most, ")
    assert list(checked.folder.glob("image-map-v1-*.npy")) == [checked.folder / document.points]


def test_map_of_the_same_images_is_not_drawn_again(checked, monkeypatch):
    monkeypatch.setattr(image_map, "lay_out", lambda *_: pytest.fail("drawn again"))
    assert check_store(checked)


def test_map_is_drawn_again_for_other_images_or_if_it_is_damaged(checked):
    first, _ = open_map(checked)
    (checked.folder / first.points).write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"damaged\. Check the data again"):
        open_map(checked)
    check_store(checked)
    assert open_map(checked)[0] == first
    checked.manifest().iloc[:-1].to_parquet(checked.folder / MANIFEST, index=False)
    with pytest.raises(StoreUnchecked, match="has changed since"):
        open_map(checked)
    check_store(checked)
    document, table = open_map(checked)
    assert len(table) == len(checked.manifest())
    assert list(checked.folder.glob("image-map-v1-*.npy")) == [checked.folder / document.points]


def test_store_that_was_not_checked_has_no_map(store):
    with pytest.raises(StoreUnchecked, match="hasn't been checked yet"):
        open_map(store)


def test_points_of_another_number_of_images_or_without_numbers_are_damaged(checked):
    document, _ = open_map(checked)
    for points in (np.zeros((3, 2), np.float32), np.full((len(checked.manifest()), 2), np.nan, np.float32)):
        np.save(checked.folder / document.points, points)
        with pytest.raises(DataError, match="damaged"):
            open_map(checked)
    (checked.folder / ImageMap.file_name).write_text("{")
    with pytest.raises(DataError, match=ImageMap.file_name):
        open_map(checked)


def test_drawing_reports_its_progress_and_can_be_stopped(store):
    phases = []
    assert (
        check_store(
            store, progress=phases.append, should_stop=lambda: bool(phases) and phases[-1].phase == "Drawing the map"
        )
        is None
    )
    assert (phases[-1].done, phases[-1].total) == (0, 2)
    assert not (store.folder / ImageMap.file_name).exists()
