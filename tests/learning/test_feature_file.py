import numpy as np
import pytest

from mammo_core.learning.feature_file import feature_file

VALUES = np.arange(24, dtype=np.float32).reshape(6, 2, 2, 1)


def test_feature_file_gives_back_its_rows_in_any_order(tmp_path):
    with feature_file(tmp_path / "features", VALUES.shape) as features:
        features[np.array([5, 4])] = VALUES[[5, 4]]
        features[np.arange(4)] = VALUES[:4]
        assert (len(features), features.shape) == (6, (6, 2, 2, 1))
        rows = np.array([5, 0, 0, 3])
        assert np.array_equal(features[rows], VALUES[rows])
        assert features[rows].dtype == np.float16
        assert features[np.empty(0, int)].shape == (0, 2, 2, 1)
    assert (tmp_path / "features").stat().st_size == VALUES.size * 2


def test_feature_file_row_that_was_not_written_raises(tmp_path):
    with feature_file(tmp_path / "features", VALUES.shape) as features:
        features[np.arange(2)] = VALUES[:2]
        with pytest.raises(OSError, match="cut off"):
            features[np.array([2])]
