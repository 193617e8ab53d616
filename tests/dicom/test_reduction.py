import numpy as np
import pytest

from mammo_core.dicom.reduction import average_blocks


def test_average_blocks_returns_means():
    values = np.arange(20, dtype=np.uint16).reshape(4, 5)
    assert average_blocks(values, 1).tolist() == [[3.0, 5.0, 6.5], [13.0, 15.0, 16.5]]
    assert np.array_equal(average_blocks(values, 0), values)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.uint32, np.int32, np.float32])
def test_average_blocks_does_not_overflow(dtype):
    top = 65535.0 if dtype == np.float32 else min(np.iinfo(dtype).max, 2**24)
    assert set(np.unique(average_blocks(np.full((32, 32), top, dtype), 4))) == {top}
