import numpy as np
import pytest

from mammo_core.doctor import neighbours
from mammo_core.doctor.neighbours import nearest


def unit(degrees: list[float]) -> np.ndarray:
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_neighbours_are_the_most_similar_images_and_never_the_image_itself(monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", 2)  # several blocks
    points = unit([0, 10, 30, 90, 92])
    done = []
    near = nearest(points, points, 2, same=True, progress=done.append)
    assert near.indices.tolist() == [[1, 2], [0, 2], [1, 0], [4, 2], [3, 2]]
    assert np.allclose(near.similarity[0], np.cos(np.deg2rad([10, 30])), atol=1e-6)
    assert done == [2, 4, 5]


def test_a_gallery_smaller_than_the_number_of_neighbours_is_returned_whole():
    near = nearest(unit([0]), unit([80, 5]), 5)
    assert near.indices.tolist() == [[1, 0]]


def test_the_only_image_has_no_neighbour():
    near = nearest(unit([0]), unit([0]), 3, same=True)
    assert near.indices.shape == near.similarity.shape == (1, 0)


def test_a_requested_stop_ends_the_search():
    assert nearest(unit([0]), unit([0, 1]), 1, should_stop=lambda: True) is None


@pytest.mark.parametrize("images", [7, 64, 150])
def test_the_most_similar_images_may_lie_in_one_group_or_in_several(images):
    vectors = np.random.default_rng(images).normal(size=(images, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    near = nearest(vectors, vectors, 5, same=True)
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    assert np.array_equal(near.indices, np.argsort(-similarity, axis=1)[:, :5])
