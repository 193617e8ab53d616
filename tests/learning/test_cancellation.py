import numpy as np
import pytest

from mammo_core.learning.cancellation import BATCH_IMAGES, Cancelled, StopSignal, batches


def test_batches_cover_all_indices_in_order():
    parts = list(batches(np.arange(2 * BATCH_IMAGES + 1)))
    assert [len(part) for part in parts] == [BATCH_IMAGES, BATCH_IMAGES, 1]
    assert np.concatenate(parts).tolist() == list(range(2 * BATCH_IMAGES + 1))
    assert list(batches(np.empty(0, int))) == []


def test_batches_stop_request_raises_cancelled_before_the_next_batch():
    requests = iter([False, False, True])
    parts = batches(np.arange(3 * BATCH_IMAGES), lambda: next(requests))
    assert [len(next(parts)), len(next(parts))] == [BATCH_IMAGES, BATCH_IMAGES]
    with pytest.raises(Cancelled):
        next(parts)


def test_stop_signal_stays_set_after_one_request():
    requests = iter([False, True, False])
    signal = StopSignal(lambda: next(requests))
    assert [signal.is_set(), signal.is_set(), signal.is_set()] == [False, True, True]
    assert (signal.stopped, signal.diverged) == (True, False)
