import numpy as np
import pytest

from mammo_core.doctor.view_classifier import ViewPictures, edge_directions, relative_to_exam, wrong_view_log_odds


def pictures(number: int, noise: float) -> tuple[ViewPictures, np.ndarray]:
    """Return images of both views by turns, and whether each shows MLO."""
    generator = np.random.default_rng(3)
    is_mlo = np.arange(number) % 2
    features = generator.normal(0, noise, (number, 4)).astype(np.float32)
    features[:, 0] += 2 * is_mlo - 1
    thumbnails = generator.integers(80, 100, (number, 64, 64)).astype(np.uint8)
    thumbnails[is_mlo == 1, :20, :20] += 60
    return ViewPictures(features, thumbnails), is_mlo


def strengths(thumbnail: np.ndarray) -> np.ndarray:
    """Return the strengths of the directions, (8 rows of parts, 8 columns, 8 directions)."""
    return edge_directions(thumbnail[np.newaxis])[0].reshape(8, 8, 8)


def test_edges_are_counted_in_their_part_and_direction():
    upright = np.zeros((64, 64), np.uint8)
    upright[:12, 4:] = 100  # in the first part, brightness changes along the columns alone
    assert np.flatnonzero(strengths(upright)[0, 0]).tolist() == [0]
    assert np.flatnonzero(strengths(upright.T)[0, 0]).tolist() == [4]  # at right angles to the former
    assert not strengths(upright)[2:].any()


def test_a_slanted_edge_has_the_direction_between():
    down, across = np.indices((64, 64))
    slanted = np.where(down + across < 64, 200, 0).astype(np.uint8)
    assert strengths(slanted)[4, 3].argmax() == 2
    assert strengths(slanted[:, ::-1])[4, 4].argmax() == 6


def test_faint_edges_count_almost_as_much_as_clear_ones():
    both = np.zeros((64, 64), np.uint8)
    both[:, 36:], both[:32, 36:] = 50, 200
    clear, faint = strengths(both)[0, 4, 0], strengths(both)[7, 4, 0]
    assert 0.8 * clear < faint < clear < 1


def test_a_blank_image_has_no_edges():
    assert not edge_directions(np.zeros((2, 64, 64), np.uint8)).any()


def test_features_are_relative_to_the_mean_of_their_exam():
    features = np.array([[1, 5], [7, 7], [3, 9], [8, 8]], np.float16)
    relative = relative_to_exam(features, np.array([1, 0, 1, 2]))
    assert relative(np.array([2, 0, 1])).tolist() == [[1, 2], [-1, -2], [0, 0]]
    assert relative(np.array([3])).dtype == np.float32


@pytest.mark.parametrize(("noise", "images"), [(0.01, 1), (0.01, 2), (0.01, 4), (0.5, 2), (0.5, 4)])
def test_wrong_views_have_the_highest_odds(noise, images):
    shown, is_mlo = pictures(400, noise)
    stated = is_mlo.copy()
    wrong = [10, 77, 200, 333]
    stated[wrong] = 1 - stated[wrong]
    exams = np.arange(400) // images
    odds = wrong_view_log_odds(shown, stated, np.arange(400) // 4, exams)
    assert sorted(np.argsort(odds)[-4:].tolist()) == wrong
    assert odds[wrong].min() > -1  # a breast's other views then settle it
    assert np.delete(odds, wrong).max() < -3


def test_what_an_exam_shares_does_not_count():
    shown, is_mlo = pictures(400, 0.2)
    exams = np.arange(400) // 4
    shared = np.random.default_rng(4).normal(0, 3, (100, 1))[exams]  # more than views differ
    of_exams = ViewPictures(shown.features + shared.astype(np.float32), np.zeros_like(shown.thumbnails))
    stated = is_mlo.copy()
    stated[[10, 333]] = 1 - stated[[10, 333]]
    odds = wrong_view_log_odds(of_exams, stated, exams, exams)
    assert sorted(np.argsort(odds)[-2:].tolist()) == [10, 333]


def test_right_views_alone_raise_no_suspicion():
    shown, is_mlo = pictures(200, 0.5)
    exams = np.arange(200) // 2
    assert wrong_view_log_odds(shown, is_mlo, exams, exams).max() < -2
