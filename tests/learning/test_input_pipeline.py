import numpy as np
import pytest
from PIL import Image

from mammo_core.documents.training_config import TrainingConfig
from mammo_core.learning.input_pipeline import TrainingImages, one_hot, training_batches
from mammo_core.learning.lesion_targets import LesionBoxes
from mammo_core.learning.networks import LESION_MAP, OUTPUT

LEVELS = np.arange(10, 110, 10, dtype=np.uint8)  # of ten uniform images
LABELS = np.array([0, 1] * 5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """PNG files of 64 × 64 pixels, one of each level."""
    folder = tmp_path_factory.mktemp("pngs")
    for index, level in enumerate(LEVELS):
        Image.fromarray(np.full((64, 64), level)).save(folder / f"{index}.png")
    return folder


def take_epochs(folder, epochs=1, lesions=None, grid=(1, 1), epochs_done=0, **settings):
    """Return the batches of the first epochs: 4, 4 and 2 images each."""
    config = TrainingConfig(store="x", **{"batch_size": 4, "augment": False, "seed": 1} | settings)
    pngs = [f"{index}.png" for index in range(10)]
    images = TrainingImages(folder, pngs, (64, 64), LABELS, np.arange(10), np.array([1.0, 3.0]), lesions, grid)
    return list(training_batches(images, config, epochs_done).take(3 * epochs).as_numpy_iterator())


def levels(batches):
    return np.concatenate([np.round(image[:, 0, 0, 0] * 255) for image, *_ in batches]).astype(int).tolist()


def test_epoch_has_every_image_once_with_its_label_and_weight(folder):
    batches = take_epochs(folder)
    assert [len(image) for image, *_ in batches] == [4, 4, 2]
    assert sorted(levels(batches)) == LEVELS.tolist()
    for image, targets, weights in batches:
        labels = LABELS[np.round(image[:, 0, 0, 0] * 255).astype(int) // 10 - 1]
        assert targets.tolist() == one_hot(labels).tolist()
        assert weights.tolist() == np.where(labels, 3.0, 1.0).tolist()


def test_order_depends_only_on_seed_and_epoch(folder):
    first = levels(take_epochs(folder, epochs=2))
    assert levels(take_epochs(folder, epochs=2)) == first
    assert first[:10] != first[10:]
    assert levels(take_epochs(folder, epochs_done=1)) == first[10:]
    assert levels(take_epochs(folder, seed=2)) != first[:10]


def test_augmented_images_of_two_epochs_differ(folder):
    images = [image for image, *_ in take_epochs(folder, epochs=2, augment=True)]
    assert len({image.tobytes() for batch in images for image in batch}) == 20


def test_known_lesions_become_targets_of_the_lesion_map(folder):
    boxes = np.zeros((10, 1, 4), np.float32)
    boxes[1] = [0, 32, 16, 48]  # the third cell of the first row of four
    _, targets, weights = zip(*take_epochs(folder, lesions=LesionBoxes(boxes, LABELS == 0), grid=(4, 4)), strict=True)
    cells = np.concatenate([target[LESION_MAP] for target in targets])
    counted = np.concatenate([weight[LESION_MAP] for weight in weights])
    labels = np.concatenate([target[OUTPUT] for target in targets])[:, 1]
    assert cells.shape == (10, 4, 4, 1)
    assert cells.sum() == 1
    assert (counted.sum(axis=(1, 2)) > 0).tolist() == (labels == 0).tolist()
