import numpy as np
import pytest

from mammo_core.learning.cancellation import BATCH_IMAGES, Cancelled, StopSignal, batches, image_batches


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


def test_image_batches_give_each_index_its_image():
    images = np.arange(256, dtype=np.uint8).reshape(256, 1, 1)
    indices = np.random.default_rng(0).permutation(256)[: 2 * BATCH_IMAGES + 3]
    parts = list(image_batches(images, indices))
    assert [len(part) for part, _ in parts] == [BATCH_IMAGES, BATCH_IMAGES, 3]
    assert np.concatenate([part for part, _ in parts]).tolist() == indices.tolist()
    assert np.concatenate([pixels for _, pixels in parts]).ravel().tolist() == indices.tolist()


def test_image_batches_read_one_batch_ahead_and_no_more():
    read = []

    class Images:
        def __getitem__(self, indices):
            read.append(len(indices))
            return indices

    parts = image_batches(Images(), np.arange(5 * BATCH_IMAGES))
    next(parts)
    parts.close()
    assert read == [BATCH_IMAGES, BATCH_IMAGES]


def test_image_batches_stop_request_raises_cancelled():
    with pytest.raises(Cancelled):
        next(image_batches(np.zeros((9, 1, 1), np.uint8), np.arange(9), lambda: True))


def test_stop_signal_stays_set_after_one_request():
    requests = iter([False, True, False])
    signal = StopSignal(lambda: next(requests))
    assert [signal.is_set(), signal.is_set(), signal.is_set()] == [False, True, True]
    assert (signal.stopped, signal.diverged) == (True, False)
