import numpy as np
import pytest
from PIL import Image

from builders.doctor import thumbnail
from mammo_core.doctor.duplicates import (
    SAME,
    agreement,
    candidate_pairs,
    coarse_texture,
    confidence,
    likely_pairs,
    texture,
)
from mammo_core.doctor.neighbours import Neighbours

ONE = np.array([[0, 0]])


def rewindowed(image: np.ndarray) -> np.ndarray:
    inside = image > 0
    share = np.where(inside, image / 255.0, 0)
    return np.where(inside, 40 + 200 * share**2, 0).astype(np.uint8)


def cropped(image: np.ndarray) -> np.ndarray:
    """Cut off three rows above and two below, and enlarge what is left, as an import does."""
    part = Image.fromarray(image[3:62])
    enlarged = np.asarray(part.resize((round(64 * 64 / 59), 64), Image.Resampling.BILINEAR))
    return np.ascontiguousarray(enlarged[:, :64])


@pytest.mark.parametrize("change", [np.copy, rewindowed, cropped], ids=["re-encoded", "re-windowed", "cropped"])
def test_copies_of_an_exposure_agree_and_pass_the_coarse_search(change):
    image = thumbnail(1)
    first, second = image[np.newaxis], change(image)[np.newaxis]
    assert agreement(ONE, first, second)[0] > SAME
    assert likely_pairs(ONE, coarse_texture(first), coarse_texture(second)).tolist() == [[0, 0]]


def test_two_breasts_of_the_same_outline_do_not_agree():
    first, second = thumbnail(1)[np.newaxis], thumbnail(2)[np.newaxis]
    assert agreement(ONE, first, second)[0] < SAME / 2
    assert likely_pairs(ONE, coarse_texture(first), coarse_texture(second)).size == 0


def test_a_blank_image_agrees_with_nothing():
    blank = np.zeros((1, 64, 64), np.uint8)
    assert agreement(ONE, blank, blank)[0] == 0
    assert not texture(blank).any()


def test_texture_has_no_mean_and_unit_length_and_leaves_out_the_skin():
    textured = texture(thumbnail(3)[np.newaxis])[0]
    assert abs(textured.sum()) < 1e-3
    assert np.square(textured).sum() == pytest.approx(1, abs=1e-5)
    outline = thumbnail(3) > 0
    shrunk = outline[2:-2] & outline[4:] & outline[:-4]
    assert not textured[2:-2][~shrunk].any()


def test_each_pair_is_compared_once():
    near = Neighbours(np.array([[1, 2], [0, 2], [0, 1]]), np.zeros((3, 2)))
    assert candidate_pairs(near, same=True).tolist() == [[0, 1], [0, 2], [1, 2]]
    assert len(candidate_pairs(near, same=False)) == 6


def test_a_requested_stop_ends_the_comparison():
    assert agreement(ONE, thumbnail(1)[np.newaxis], thumbnail(1)[np.newaxis], lambda: True) is None


@pytest.mark.parametrize(("value", "sure"), [(0.74, 0.5), (0.845, 0.75), (0.95, 1.0), (1.0, 1.0)])
def test_confidence_rises_from_a_half_to_one(value, sure):
    assert confidence(value, SAME) == pytest.approx(sure, abs=1e-3)
