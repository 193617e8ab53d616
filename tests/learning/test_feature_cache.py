import time

import keras
import numpy as np
import pandas as pd
import pytest

from mammo_core.documents.training_config import TrainingConfig
from mammo_core.learning.cancellation import BATCH_IMAGES
from mammo_core.learning.feature_cache import ComputedRows, FeatureBatches, FeatureCache, cached_features
from mammo_core.learning.lesion_targets import LESION_WEIGHT, LesionBoxes
from mammo_core.learning.networks import LESION_MAP, OUTPUT
from mammo_core.learning.training_data import TrainingData

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 4, 4), dtype=np.uint8)
TABLE = pd.DataFrame({"label": [0, 1, 0, 1, 0], "part": ["train", "train", "validation", "train", "test"]})
DATA = TrainingData(TABLE, IMAGES, np.ones(5, bool))


@pytest.fixture(scope="module")
def body():
    """A body whose features are the image, averaged over squares of two pixels."""
    return keras.Sequential([keras.Input((4, 4, 1)), keras.layers.AveragePooling2D(2)])


def test_computed_rows_are_computed_once_in_batches():
    computed = []

    def compute(rows):
        computed.append(rows.tolist())
        return rows * 10.0

    rows = ComputedRows(compute, np.zeros(100))
    assert rows[np.array([7, 3, 7])].tolist() == [70, 30, 70]
    assert rows[np.array([3, 5])].tolist() == [30, 50]
    assert rows[np.empty(0, int)].tolist() == []
    assert computed == [[3, 7], [5]]
    assert np.array_equal(rows[np.arange(100)], np.arange(100) * 10.0)
    assert [len(batch) for batch in computed[2:]] == [BATCH_IMAGES, 97 - BATCH_IMAGES]
    assert len(rows) == 100


def test_cached_features_are_those_of_the_body_as_is_and_upside_down(body, tmp_path):
    with cached_features(body, DATA, None, tmp_path) as cache:
        expected = (IMAGES / 255).reshape(5, 2, 2, 2, 2).mean(axis=(2, 4))[..., np.newaxis]
        assert cache.train[np.array([4, 0])] == pytest.approx(
            np.stack([expected[1, ::-1], expected[0]]), abs=1e-3
        )  # one of each variant
        assert cache.train[np.arange(3)] == pytest.approx(expected[[0, 1, 3]], abs=1e-3)
        assert cache.train[np.arange(3, 6)] == pytest.approx(expected[[0, 1, 3], ::-1], abs=1e-3)
        assert cache.validation[np.arange(1)] == pytest.approx(expected[[2]], abs=1e-3)
        assert (len(cache.train), len(cache.validation)) == (6, 1)
        assert cache.cells is None
        assert cache.labels.tolist() == [0, 1, 1]
    assert list(tmp_path.iterdir()) == []


def test_cached_features_have_the_lesion_cells_of_the_training_images(body, tmp_path):
    boxes, known = np.zeros((5, 1, 4), np.float32), np.array([True, True, True, False, True])
    boxes[1, 0] = [0, 0, 2, 2]  # the second training image has a lesion in its first cell; the third one's are unknown
    with cached_features(body, DATA, LesionBoxes(boxes, known), tmp_path) as cache:
        cells = cache.cells[np.arange(3)]
        assert cells[..., 0].tolist() == [[[0, 0], [0, 0]], [[1, 0], [0, 0]], [[0, 0], [0, 0]]]
        assert cells[..., 1].tolist() == [[[1, 1], [1, 1]], [[LESION_WEIGHT, 1], [1, 1]], [[0, 0], [0, 0]]]


def test_cached_features_error_leaves_no_files(body, tmp_path):
    def fail():
        with cached_features(body, DATA, None, tmp_path) as cache:
            cache.train[np.arange(2)]
            assert len(list(tmp_path.rglob("train"))) == 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []


def make_batches(cells=None, epoch=1, batch_size=4, **settings):
    train = np.array([0, 2, 4, 1, 3, 5], np.float16).reshape(
        6, 1, 1, 1
    )  # the number of the row times two, plus the variant
    cache = FeatureCache(train, train[:1], np.array([0, 1, 0]), cells)
    config = TrainingConfig(store="x", batch_size=batch_size, **settings)
    return FeatureBatches(cache, np.array([0, 1, 1, 2]), np.array([1.0, 3.0]), config, epoch)


def test_feature_batches_have_every_row_with_its_label_and_weight():
    features, labels, weights = make_batches(augment=False)[0]
    assert sorted(features.ravel()) == [0, 2, 2, 4]  # the second row twice, none upside down
    assert np.array_equal(labels[:, 1], features.ravel() == 2)
    assert np.array_equal(weights, np.where(labels[:, 1], 3, 1))


def test_feature_batches_turn_cells_with_their_features():
    cells = np.zeros((3, 2, 2, 2), np.float32)
    cells[:, 0, 0] = 1  # a lesion at the top
    for epoch in range(1, 5):
        features, targets, weights = make_batches(cells, epoch)[0]
        upside_down = features.ravel() % 2 == 1
        assert np.array_equal(targets[LESION_MAP][:, 1, 0, 0], upside_down)
        assert np.array_equal(weights[LESION_MAP][:, 0, 0], ~upside_down)
        assert targets[OUTPUT].shape == (4, 2)


def test_feature_batches_depend_only_on_seed_and_epoch():
    first, again = make_batches(), make_batches()
    assert np.array_equal(first[0][0], again[0][0])
    first.next_epoch()
    assert np.array_equal(first[0][0], make_batches(epoch=2)[0][0])


def test_feature_batches_dataset_goes_through_all_epochs():
    batches = make_batches(batch_size=2)
    expected = [make_batches(epoch=epoch, batch_size=2)[index] for epoch in (1, 2, 3) for index in (0, 1)]
    for (features, labels, weights), one in zip(batches.dataset(), expected, strict=False):
        assert np.array_equal(features, one[0])
        assert np.array_equal(labels, one[1])
        assert np.array_equal(weights, one[2])


def test_feature_batches_dataset_reads_nothing_ahead(monkeypatch):
    made = []
    original = FeatureBatches.__getitem__
    monkeypatch.setattr(FeatureBatches, "__getitem__", lambda self, index: made.append(index) or original(self, index))
    batches = iter(make_batches(batch_size=2).dataset())
    made.clear()
    next(batches)
    time.sleep(0.2)  # in which a thread that reads ahead would
    assert made == [0]
