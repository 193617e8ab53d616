import numpy as np
import pytest

from builders.doctor import manifest
from builders.stores import empty_store
from mammo_core.doctor.image_features import ImageFeatures, standardised
from mammo_core.doctor.look_alike_index import MARGIN, open_index, write_index
from mammo_core.documents.look_alikes import LookAlikeIndex
from mammo_core.errors import DataError, StoreUnchecked

TABLE = manifest([{"patient_id": str(number), "image_id": str(number)} for number in range(6)])
MEANS = np.array([[0, 7], [1, 7], [3, 7], [6, 7], [10, 7], [15, 7]], np.float16)


@pytest.fixture
def store(tmp_path):
    return empty_store(tmp_path)


def write(store, table=TABLE, means=MEANS, groups=None):
    features = ImageFeatures(means, means, means[:, 0], np.zeros((len(means), 64, 64), np.uint8))
    write_index(store, table, features, table["patient_id"] if groups is None else groups)


def test_features_are_kept_standardised_and_others_are_standardised_likewise(store):
    write(store)
    opened = open_index(store, TABLE)
    assert np.allclose(opened.breasts.vectors, standardised(MEANS))
    assert np.allclose(opened.standardise(MEANS.astype(np.float32)), opened.breasts.vectors, atol=1e-6)
    assert opened.standardise(np.array([[0, 1000]], np.float32))[0, 1] == 0  # a constant feature tells nothing


def test_distances_of_the_nearest_breasts_tell_what_is_usual(store):
    write(store)
    nearest = np.array([1, 1, 2, 3, 4, 5]) / MEANS[:, 0].astype(float).std() / np.sqrt(2)
    document = open_index(store, TABLE).document
    expected = *np.quantile(nearest, (0.5, 0.9)), MARGIN * np.quantile(nearest, 0.99)
    assert (document.typical, document.far, document.limit) == pytest.approx(expected, rel=1e-5)


def test_patients_who_share_an_exposure_are_not_near_each_other(store):
    write(store)
    apart = open_index(store, TABLE).document.typical
    write(store, groups=TABLE["patient_id"].replace({"1": "0"}))
    assert open_index(store, TABLE).document.typical > apart


def test_one_patient_has_nobody_near(store):
    write(store, groups=TABLE["patient_id"].where(TABLE["patient_id"] == "0", "0"))
    assert open_index(store, TABLE).document.limit == 0


def test_a_store_that_is_unchecked_or_has_changed_is_refused(store):
    with pytest.raises(StoreUnchecked, match="hasn't been checked yet"):
        open_index(store, TABLE)
    write(store)
    with pytest.raises(StoreUnchecked, match="has changed since it was checked"):
        open_index(store, TABLE.head(5))


def test_another_check_replaces_the_file_of_features(store):
    write(store)
    write(store, TABLE.head(5), MEANS[:5])
    assert [path.name for path in store.folder.glob("*.npy")] == [open_index(store, TABLE.head(5)).document.vectors]


UNPARSED = b"\x93NUMPY\x01\x00\x20\x00" + b"{'descr': '<f4', 'shape': ((8, ".ljust(32)  # Python's parser gives up


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY damaged", UNPARSED, None])
def test_a_damaged_index_gives_one_sentence(store, content):
    write(store)
    path = store.folder / LookAlikeIndex.read(store.folder / LookAlikeIndex.file_name).vectors
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match="is damaged"):
        open_index(store, TABLE)


def test_features_of_other_images_count_as_damage(store):
    write(store)
    path = store.folder / LookAlikeIndex.read(store.folder / LookAlikeIndex.file_name).vectors
    for rows in (np.zeros((3, 2), np.float32), np.full((8, 2), np.nan, np.float32)):
        np.save(path, rows)
        with pytest.raises(DataError, match="damaged"):
            open_index(store, TABLE)
