import numpy as np
import pytest
from PIL import Image

from mammo_core.dataset.store import Store
from mammo_core.dataset.stored_images import StoredImages
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 64, 32), dtype=np.uint8)


@pytest.fixture
def images(tmp_path):
    names = [f"{index}.png" for index in range(len(PIXELS))]
    for name, image in zip(names, PIXELS, strict=True):
        Image.fromarray(image).save(tmp_path / name)
    return StoredImages(Store(tmp_path, PreprocessingConfig(size=(64, 32)), tmp_path), names)


def test_stored_images_are_read_in_the_order_of_the_indices(images):
    assert (len(images), images.shape) == (40, (40, 64, 32))
    indices = np.random.default_rng(1).permutation(40)
    assert np.array_equal(images[indices], PIXELS[indices])
    assert np.array_equal(images[np.array([3, 3])], PIXELS[[3, 3]])
    assert images[np.empty(0, int)].shape == (0, 64, 32)


def test_stored_images_are_read_anew_each_time(images):
    images[np.array([5])]
    Image.fromarray(255 - PIXELS[5]).save(images.store.folder / "5.png")
    assert np.array_equal(images[np.array([5])], 255 - PIXELS[[5]])


@pytest.mark.parametrize("shape", [(32, 64), (64, 64), (64, 32, 3)])
def test_stored_images_of_another_shape_raise_data_error(images, shape):
    Image.fromarray(np.zeros(shape, np.uint8)).save(images.store.folder / "7.png")
    with pytest.raises(DataError, match=r"^The PNG of an image of the store .* isn't readable as one of 64 × 32"):
        images[np.arange(40)]
