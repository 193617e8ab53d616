import numpy as np
import pytest

from mammo_core.doctor.view_classifier import ViewPictures, coarse_pictures, wrong_view_log_odds


def pictures(number: int, noise: float) -> tuple[ViewPictures, np.ndarray]:
    """Return images of both views by turns, and whether each shows MLO."""
    generator = np.random.default_rng(3)
    is_mlo = np.arange(number) % 2
    features = generator.normal(0, noise, (number, 4)).astype(np.float32)
    features[:, 0] += 2 * is_mlo - 1
    thumbnails = generator.integers(80, 100, (number, 64, 64)).astype(np.uint8)
    thumbnails[is_mlo == 1, :20, :20] += 60
    return ViewPictures(features, thumbnails), is_mlo


def test_a_coarse_picture_is_relative_to_the_mean_of_the_breast():
    thumbnails = np.zeros((1, 64, 64), np.uint8)
    thumbnails[0, :4, :4], thumbnails[0, :4, 4:8] = 50, 150
    cells = coarse_pictures(thumbnails)
    assert cells.shape == (1, 256)
    assert cells[0, :3].tolist() == [0.5, 1.5, 0.0]


def test_a_blank_image_has_a_picture_without_division_by_zero():
    assert coarse_pictures(np.zeros((1, 64, 64), np.uint8)).tolist() == [[0.0] * 256]


@pytest.mark.parametrize("noise", [0.01, 0.5])
def test_wrong_views_have_the_highest_odds(noise):
    shown, is_mlo = pictures(400, noise)
    stated = is_mlo.copy()
    wrong = [10, 77, 200, 333]
    stated[wrong] = 1 - stated[wrong]
    odds = wrong_view_log_odds(shown, stated, np.arange(400) // 2)
    assert sorted(np.argsort(odds)[-4:].tolist()) == wrong
    assert (odds[wrong] > 0).all()
    assert np.delete(odds, wrong).max() < 0


def test_right_views_alone_raise_no_suspicion():
    shown, is_mlo = pictures(200, 0.5)
    assert wrong_view_log_odds(shown, is_mlo, np.arange(200) // 2).max() < -2
