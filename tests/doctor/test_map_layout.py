import numpy as np
import pytest

from mammo_core.doctor import map_layout
from mammo_core.doctor.image_features import directions
from mammo_core.doctor.map_layout import kept_neighbours, lay_out, surroundings
from mammo_core.doctor.neighbours import nearest

GROUPS = 3


@pytest.fixture
def groups():
    """Directions of 60 images in three groups that don't resemble each other, and the group of each."""
    generator = np.random.default_rng(1)
    centres = generator.normal(0, 1, (GROUPS, 40))
    group = np.arange(60) % GROUPS
    return directions(centres[group] + generator.normal(0, 0.3, (60, 40))), group


def nothing(done, total):
    pass


def assert_grouped(points, group):
    """Check that each image lies nearest to one of its own group."""
    distances = np.linalg.norm(points[:, np.newaxis] - points, axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (group[distances.argmin(axis=1)] == group).all()


def test_images_that_look_alike_lie_together_within_the_bounds(groups):
    unit, group = groups
    steps = []
    points = lay_out(unit, lambda *each: steps.append(each))
    assert (points.shape, points.dtype) == ((60, 2), np.float32)
    assert np.abs(points).max() == pytest.approx(1)
    assert_grouped(points, group)
    assert steps == [(0, 2), (1, 2)]
    assert (lay_out(unit, nothing) == points).all()


def test_images_beyond_the_landmarks_join_their_group(groups, monkeypatch):
    unit, group = groups
    monkeypatch.setattr(map_layout, "LANDMARKS", 30)
    assert_grouped(lay_out(unit, nothing), group)


@pytest.mark.parametrize("count", [1, 2, 5, 9, 10, 11])
def test_few_images_have_points_too(groups, count):
    points = lay_out(groups[0][:count], nothing)
    assert points.shape == (count, 2)
    assert np.isfinite(points).all()


def test_images_without_any_difference_lie_on_one_point():
    points = lay_out(np.zeros((12, 5), np.float32), nothing)
    assert np.isfinite(points).all()


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_stop_gives_no_points(groups, monkeypatch, after):
    monkeypatch.setattr(map_layout, "LANDMARKS", 30)
    stops = iter([False] * after)
    assert lay_out(groups[0], nothing, lambda: next(stops, True)) is None


def test_kept_neighbours_counts_those_that_are_near_on_the_map(monkeypatch):
    points = np.array([[0, 0], [1, 0], [2.5, 0], [9, 0]], np.float32)
    monkeypatch.setattr(map_layout, "NEAREST", 1)
    assert kept_neighbours(points, np.array([[1], [0], [1], [2]])) == 1.0
    assert kept_neighbours(points, np.array([[3], [0], [1], [0]])) == 0.5
    assert kept_neighbours(points[:1], np.empty((1, 0), int)) == 1.0


def test_surroundings_are_a_small_part_of_the_map():
    assert [surroundings(images) for images in (1, 3, 73, 400, 54_706)] == [0, 2, 5, 20, 50]


def test_neighbours_of_groups_are_kept(groups):
    unit, _ = groups
    near = nearest(unit, unit, 5, same=True)
    assert kept_neighbours(lay_out(unit, nothing), near.indices) > 0.3
