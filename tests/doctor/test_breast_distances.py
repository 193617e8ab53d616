import numpy as np
import pytest

from builders.doctor import manifest
from mammo_core.doctor.breast_distances import breast_distances, stored_breasts

ROWS = [
    {"patient_id": "a", "laterality": "L", "view": "CC"},
    {"patient_id": "b", "laterality": "R", "view": "CC"},
    {"patient_id": "a", "laterality": "L", "view": "MLO"},
    {"patient_id": "b", "laterality": "R", "view": "MLO"},
    {"patient_id": "a", "laterality": "R", "view": "CC"},
]
VECTORS = np.array([[0, 0], [3, 3], [1, 1], [5, 5], [2, 2]], np.float32)


@pytest.fixture
def stored():
    return stored_breasts(manifest(ROWS), VECTORS)


def distances(stored, queries, views, usable=None):
    vectors = np.array(queries, np.float32)
    return breast_distances(stored, vectors, views, np.ones(5, bool) if usable is None else usable).tolist()


def test_images_are_grouped_by_patient_and_side(stored):
    assert [stored.images_of(breast).tolist() for breast in range(3)] == [[0, 2], [1, 3], [4]]
    assert stored.first_images().tolist() == [0, 1, 4]


def test_distance_is_the_mean_over_views_of_the_root_mean_square_difference(stored):
    assert distances(stored, [[0, 0], [1, 1]], ["CC", "MLO"]) == pytest.approx([0, (3 + 4) / 2, np.inf])


def test_views_are_compared_with_their_like_only(stored):
    assert distances(stored, [[5, 5]], ["CC"]) == pytest.approx([5, 2, 3])
    assert distances(stored, [[5, 5]], ["MLO"]) == pytest.approx([4, 0, np.inf])


def test_other_views_count_only_without_the_usual_ones(stored):
    assert distances(stored, [[5, 5], [9, 9]], ["CC", "XCCL"]) == pytest.approx([5, 2, 3])
    assert distances(stored, [[5, 5]], [""]) == pytest.approx([4, 0, 3])


def test_images_that_may_not_be_compared_do_not_count(stored):
    usable = np.array([True, True, False, True, False])
    assert distances(stored, [[5, 5]], [""], usable) == pytest.approx([5, 0, np.inf])


def test_a_breast_without_side_or_view_is_one_of_its_patient():
    table = manifest([{"laterality": None, "view": None}, {"laterality": None, "view": None}])
    stored = stored_breasts(table, VECTORS[:2])
    assert breast_distances(stored, VECTORS[1:2], ["CC"], np.ones(2, bool)).tolist() == [np.inf]
    assert breast_distances(stored, VECTORS[1:2], [""], np.ones(2, bool)).tolist() == [0]
