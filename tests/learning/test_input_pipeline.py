import numpy as np

from mammo_core.documents.training_config import TrainingConfig
from mammo_core.learning.input_pipeline import Batches, augment, one_hot

IMAGES = np.random.default_rng(0).integers(1, 255, (10, 64, 64), dtype=np.uint8)
LABELS = np.array([0, 1] * 5)


def batches(**changes):
    epoch = changes.pop("epoch", 0)
    config = TrainingConfig(store="x", **{"batch_size": 4, "augment": False, "seed": 1} | changes)
    return Batches(IMAGES, LABELS, np.arange(10), np.array([1.0, 3.0]), config, epoch)


def test_batches_epoch_yields_every_image_once():
    parts = [batches()[index] for index in range(3)]
    tensor = np.concatenate([part[0] for part in parts])
    assert tensor.shape == (10, 64, 64, 1)
    levels = sorted(np.round(tensor[:, 0, 0, 0] * 255).astype(int))
    assert levels == sorted(IMAGES[:, 0, 0])


def test_batches_labels_and_weights_match_their_images():
    tensor, labels, weights = batches()[0]
    for image, label, weight in zip(tensor, labels, weights, strict=True):
        index = next(i for i in range(10) if np.array_equal(np.round(image[..., 0] * 255), IMAGES[i]))
        assert label.tolist() == one_hot(LABELS)[index].tolist()
        assert weight == (3.0 if LABELS[index] else 1.0)


def test_batches_order_depends_only_on_seed_and_epoch():
    first, again, other = batches(), batches(), batches(seed=2)
    assert np.array_equal(first.order, again.order)
    assert not np.array_equal(first.order, other.order)
    first.on_epoch_end()
    assert not np.array_equal(first.order, again.order)
    assert np.array_equal(first.order, batches(epoch=1).order)


def test_augmentation_keeps_background_shape_and_value_range():
    images = np.zeros((8, 64, 64), np.uint8)
    images[:, 20:44, :30] = 200
    augmented = augment(images, np.random.default_rng(3))
    assert augmented.shape == (8, 64, 64, 1)
    assert augmented.dtype == np.float32
    assert augmented.min() == 0
    assert augmented.max() <= 1
    assert (augmented[:, :16] == 0).all()
    assert (augmented[:, :, 31:] == 0).all()
    assert ((augmented[:, 24:40, :28] > 0.5).all(axis=(1, 2, 3))).all()
    assert len({image.tobytes() for image in augmented}) == 8
