import numpy as np
import pytest

from builders.doctor import manifest, thumbnail
from mammo_core.doctor.outliers import outliers

SOUND = np.stack([thumbnail(seed) for seed in range(60)])
NEAR = np.linspace(0.6, 0.8, 60)


def findings(rows, thumbnails=SOUND, nearness=NEAR):
    return [(each.image_id, each.check) for each in outliers(manifest(rows), thumbnails, nearness)]


def test_sound_images_are_not_reported():
    assert findings([{}] * 60) == []


def test_an_almost_blank_image_and_one_without_background_are_reported():
    thumbnails = SOUND.copy()
    thumbnails[3] = 0
    thumbnails[4] = 90
    assert findings([{}] * 60, thumbnails) == [("3", "breast"), ("4", "breast")]


def test_a_resolution_unlike_that_of_its_machine_is_reported():
    rows = [{} for _ in range(60)]
    rows[5] = {"source": (2400, 1800), "crop": (30, 0, 2370, 1200)}
    assert findings(rows) == [("5", "resolution")]


def test_a_resolution_that_many_images_of_a_machine_have_is_usual():
    rows = [{"source": (2400, 1800), "crop": (30, 0, 2370, 1200)} if n % 4 == 0 else {} for n in range(60)]
    assert findings(rows) == []


@pytest.mark.parametrize(("flipped", "crop"), [(False, (10, 0, 790, 600)), (True, (10, 0, 790, 600))])
def test_a_breast_that_reaches_the_far_edge_is_cut_off(flipped, crop):
    assert findings([{"flipped": flipped, "crop": crop}] + [{}] * 59) == [("0", "cut off")]


def test_inverted_grey_levels_are_reported():
    thumbnails = SOUND.copy()
    column = np.mgrid[:64, :64][1]
    thumbnails[7] = np.where(SOUND[7] > 0, np.clip(20 + 6 * column, 1, 255), 0)
    assert findings([{}] * 60, thumbnails) == [("7", "inversion")]


def test_an_image_that_nothing_resembles_is_reported():
    near = NEAR.copy()
    near[9] = -0.4
    assert findings([{}] * 60, nearness=near) == [("9", "unlike")]
