import numpy as np
import pytest

from mammo_core.learning._tensorflow import tf
from mammo_core.learning.augmentation import augment, randomise_domain

IMAGE = np.zeros((64, 64, 1), np.float32)
IMAGE[20:44, :30] = 0.5
IMAGE[28:32, 10:14] = 1.0  # a lesion
BOX = np.array([[28, 10, 32, 14]], np.float32)


def change(function, seed):
    image, boxes = function(tf.constant(IMAGE), tf.constant(BOX), tf.constant([0, seed]))
    return image.numpy(), boxes.numpy()


@pytest.mark.parametrize("function", [augment, randomise_domain])
def test_changes_keep_shape_range_and_background(function):
    results = [change(function, seed)[0] for seed in range(8)]
    for image in results:
        assert (image.shape, image.dtype) == (IMAGE.shape, np.float32)
        assert image.min() == 0
        assert image.max() <= 1
        assert (image[:12] == 0).all()
        assert (image[:, 42:] == 0).all()
    assert len({image.tobytes() for image in results}) == 8


@pytest.mark.parametrize("function", [augment, randomise_domain])
def test_changes_of_a_rectangle_keep_its_shape_and_background(function):
    high = np.pad(IMAGE, [(32, 32), (0, 0), (0, 0)])
    for seed in range(4):
        image = function(tf.constant(high), tf.constant(BOX), tf.constant([0, seed]))[0].numpy()
        assert image.shape == (128, 64, 1)
        assert image.any()
        assert (image[:36] == 0).all()
        assert (image[:, 42:] == 0).all()


@pytest.mark.parametrize("function", [augment, randomise_domain])
def test_equal_seeds_give_equal_changes(function):
    for first, again in zip(change(function, 3), change(function, 3), strict=True):
        assert np.array_equal(first, again)


@pytest.mark.parametrize("function", [augment, randomise_domain])
def test_changes_of_grey_levels_equal_those_of_their_fractions(function):
    levels = np.random.default_rng(0).integers(0, 256, IMAGE.shape, dtype=np.uint8)
    for seed in range(3):
        of_levels, of_fractions = (
            function(tf.constant(image), tf.constant(BOX), tf.constant([0, seed]))[0].numpy()
            for image in (levels, levels.astype(np.float32) / np.float32(255))
        )
        assert of_levels.dtype == np.float32
        assert np.array_equal(of_levels, of_fractions)


def test_augment_moves_the_box_with_its_lesion():
    for seed in range(8):
        image, boxes = change(augment, seed)
        top, left, bottom, right = boxes[0].astype(int)
        lesion = image[..., 0] > 0.85
        assert lesion[top:bottom, left:right].all()
        assert lesion.sum() == 16


def test_randomise_domain_moves_the_box_with_its_lesion():
    for seed in range(8):
        image, boxes = change(randomise_domain, seed)
        top, left, bottom, right = boxes[0]
        row, column = int((top + bottom) / 2), int((left + right) / 2)
        inside = image[row - 1 : row + 2, column - 1 : column + 2].mean()
        assert inside >= np.median(image[image > 0]) - 0.05
        assert 4 * 0.79 < bottom - top < 4 * 1.26
