import numpy as np
import pytest

from mammo_core.learning.grids import BreastShare, OneGrid, PackMaps, UnpackMaps

STEPS, CHANNELS = (8, 16, 32), (2, 3, 4)
MAPS = [
    np.random.default_rng(step).random((2, 64 // step, 32 // step, channels), dtype=np.float32)
    for step, channels in zip(STEPS, CHANNELS, strict=True)
]


def test_maps_are_restored_as_they_were():
    joined = PackMaps(STEPS)(MAPS)
    assert joined.shape == (2, 4, 2, 4 * 2 + 3 + 4 // 4)
    for maps, again in zip(MAPS, UnpackMaps(STEPS, CHANNELS)(joined), strict=True):
        assert np.array_equal(np.asarray(again), maps)


def test_joined_cells_of_a_finer_grid_are_those_within_the_cell():
    joined = np.asarray(PackMaps(STEPS)(MAPS))
    assert np.array_equal(joined[1, 3, 1, :8].reshape(2, 2, 2), MAPS[0][1, 6:8, 2:4])
    assert np.array_equal(joined[1, 2:, :, -1:].ravel(), MAPS[2][1, 1, 0])  # a coarse cell's channels, one to a cell


def test_layers_are_rebuilt_from_their_configuration():
    for layer in (PackMaps(STEPS), UnpackMaps(STEPS, CHANNELS), BreastShare(8)):
        assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


@pytest.mark.parametrize(("step", "shares"), [(16, [[0.5, 1 / 256]]), (8, [[1, 1, 0, 0], [0, 0, 0, 1 / 64]])])
def test_breast_share_counts_pixels_that_are_not_background(step, shares):
    image = np.zeros((1, 16, 32, 1), np.float32)
    image[0, :8, :16] = 0.001
    image[0, 15, 31] = 1
    assert np.asarray(BreastShare(step)(image))[0, ..., 0].tolist() == shares


def test_one_grid_averages_finer_cells_and_interpolates_coarser_ones():
    fine, middle, coarse = MAPS
    breast = np.arange(32, dtype=np.float32).reshape(1, 8, 4, 1).repeat(2, axis=0)
    together = np.asarray(OneGrid()([fine, middle, coarse, breast]))
    assert together.shape == (2, 4, 2, 2 + 3 + 4 + 1)
    assert together[1, 3, 1, :2] == pytest.approx(fine[1, 6:8, 2:4].mean(axis=(0, 1)))
    assert np.array_equal(together[..., 2:5], middle)
    assert together[0, 1, 0, 5:9] == pytest.approx(0.75 * coarse[0, 0, 0] + 0.25 * coarse[0, 1, 0])
    assert together[0, 0, 0, 9] == (0 + 1 + 4 + 5) / 4
