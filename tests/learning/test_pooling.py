import numpy as np
import pytest

from mammo_core.learning.pooling import CellWeights, LocalContrast, SuspiciousMean, TopMean, WeightedMeans, top_count


@pytest.mark.parametrize(("cells", "share", "count"), [(1024, 0.004, 4), (64, 0.004, 1), (100, 1.0, 100)])
def test_top_count_rounds_share_of_cells(cells, share, count):
    assert top_count(cells, share) == count


def test_top_mean_averages_the_largest_cells_of_each_channel():
    maps = np.array([[1.0, 7.0], [5.0, 2.0], [3.0, 9.0], [4.0, 0.0]], np.float32).reshape(1, 2, 2, 2)
    assert np.asarray(TopMean(0.5)(maps)).tolist() == [[4.5, 8.0]]


def test_local_contrast_subtracts_the_mean_of_the_breast_around_and_ignores_the_air():
    lesions = np.array([-2.0, -4.0, 7.0, -6.0, -9.0], np.float32).reshape(1, 1, 5, 1)
    breast = np.array([1.0, 1.0, 0.0, 0.5, 1.0]).reshape(1, 1, 5, 1)
    contrast = np.asarray(LocalContrast()([lesions, np.concatenate([lesions, breast], axis=-1).astype(np.float32)]))
    around = [-3, -9 / 2.5, None, -16 / 2.5, -8]  # means over two cells to each side, weighted by their share of breast
    expected = [-2 - around[0], -4 - around[1], 0, (-6 - around[3]) / 2, -9 - around[4]]
    assert contrast.ravel() == pytest.approx(expected, abs=0.02)


def test_suspicious_mean_weighs_breast_by_its_local_contrast():
    maps = np.array([[1.0, 1.0], [5.0, 0.5], [9.0, 0.0], [2.0, 1.0]], np.float32).reshape(1, 2, 2, 2)
    contrast = np.log([2.0, 6.0, 50.0, 1.0]).astype(np.float32).reshape(1, 2, 2, 1)
    mean = np.asarray(SuspiciousMean()([maps, contrast]))
    assert mean[0, 0] == pytest.approx((2 * 1 + 3 * 5 + 1 * 2) / 6.001)  # weights 2 × 1, 6 × 0.5, 50 × 0 and 1 × 1


def test_cell_weights_are_breast_local_contrast_and_the_hottest_cells():
    contrast = np.log([1.0, 2.0, 4.0, 8.0, 1.0, 1.0, 1.0, 1.0]).astype(np.float32).reshape(1, 2, 4, 1)
    breast = np.array([1.0, 1.0, 1.0, 0.5, 0.0, 0.0, 0.0, 0.0], np.float32).reshape(1, 2, 4, 1)
    weights = np.asarray(CellWeights()([breast, contrast])).reshape(8, 3)
    assert weights[:, 0] == pytest.approx(breast.ravel() / 3.501)
    assert weights[:4, 1] == pytest.approx(np.array([1, 2, 4, 4]) / 11.001)
    hot = np.log([2, 4])  # how far the two hottest cells lie above the third
    assert weights[[2, 3], 2] == pytest.approx(hot / (hot.sum() + 1e-3))
    assert weights[[0, 1, 4, 5, 6, 7], 2].tolist() == [0] * 6


def test_cell_weights_of_another_grid_interpolate_the_contrast():
    contrast = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    fine, coarse = (np.asarray(CellWeights()([np.ones((1, n, n, 1), np.float32), contrast])) for n in (8, 2))
    assert fine.shape == (1, 8, 8, 3)
    assert np.argwhere(fine[0, ..., 2]).tolist() == [[7, 6], [7, 7]]
    assert coarse[0, 1, 1, 1] / coarse[0, 0, 0, 1] == pytest.approx(np.exp(12.5 - 2.5), rel=1e-4)  # means of four cells


def test_cell_weights_of_a_blank_image_are_zero_and_of_one_cell_finite():
    assert np.asarray(CellWeights()([np.zeros((1, 4, 4, 1)), np.zeros((1, 4, 4, 1))])).max() == 0
    assert np.asarray(CellWeights()([np.ones((1, 1, 1, 1)), np.ones((1, 2, 2, 1))])).ravel() == pytest.approx(
        [1, 1, 0], abs=1e-3
    )


def test_hottest_cells_change_without_a_jump():
    contrast = np.random.default_rng(0).random(64).astype(np.float32)
    order = np.argsort(contrast)
    contrast[order[-3]] = contrast[order[-2]] - 1e-6  # the third hottest is about to become one of the two

    def hot(values):
        return np.asarray(CellWeights()([np.ones((1, 8, 8, 1), np.float32), values.reshape(1, 8, 8, 1)]))[..., 2]

    changed = contrast.copy()
    changed[order[-3]] += 2e-6
    assert np.abs(hot(changed) - hot(contrast)).max() < 1e-4


def test_weighted_means_average_each_channel_by_each_kind_of_weight():
    maps = np.array([[1.0, 10.0], [3.0, 30.0]], np.float32).reshape(1, 1, 2, 2)
    weights = np.array([[0.5, 0.0, 0.9], [0.5, 1.0, 0.1]], np.float32).reshape(1, 1, 2, 3)
    assert np.asarray(WeightedMeans()([maps, weights])).ravel() == pytest.approx([2, 20, 3, 30, 1.2, 12])
