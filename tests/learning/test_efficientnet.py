import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from mammo_core.errors import ModelError
from mammo_core.learning.efficientnet import (
    BLOCKS,
    WEIGHTS,
    WEIGHTS_SHA256,
    block_number,
    block_output,
    efficientnet_lite0,
    load_imagenet_weights,
)
from mammo_core.storage.hashing import sha256

SIZE = 224  # pixels, at which the weights were trained
PALACE, BELL_COTE, DAISY = 698, 442, 985  # ImageNet classes


@pytest.fixture(scope="module")
def classifier():
    model = efficientnet_lite0(keras.Input((SIZE, SIZE, 3)))
    load_imagenet_weights(model)
    return model


def best_classes(model, name):
    """Return the five most probable ImageNet classes of the central square of a sample picture."""
    picture = Image.fromarray(load_sample_image(name))
    left = (picture.width - picture.height) // 2
    square = picture.crop((left, 0, left + picture.height, picture.height)).resize(
        (SIZE, SIZE), Image.Resampling.BICUBIC
    )
    return np.argsort(-model.predict_on_batch(np.asarray(square, np.float32)[None] / 255)[0])[:5].tolist()


@pytest.mark.slow
def test_imagenet_weights_recognise_a_palace(classifier):
    assert best_classes(classifier, "china.jpg")[:2] == [PALACE, BELL_COTE]


@pytest.mark.slow
def test_imagenet_weights_recognise_a_daisy(classifier):
    assert best_classes(classifier, "flower.jpg")[0] == DAISY


def test_shipped_weights_have_the_hash_that_their_readme_states():
    assert sha256(WEIGHTS) == WEIGHTS_SHA256
    assert f"`{WEIGHTS_SHA256}`" in (WEIGHTS.parent / "README.md").read_text(encoding="utf-8")
    assert (WEIGHTS.parent / "LICENSE").is_file()


@pytest.mark.slow
def test_classifier_has_the_blocks_of_the_paper(classifier):
    assert classifier.count_params() == 4_694_024  # 4,652,008 trained ones and 42,016 statistics
    channels = [block_output(classifier, block).shape[1:] for block in (1, 3, 5, 8, 11, 15, BLOCKS)]
    assert channels == [
        (112, 112, 16), (56, 56, 24), (28, 28, 40), (14, 14, 80), (14, 14, 112), (7, 7, 192), (7, 7, 320)
    ]  # fmt: skip
    assert [block_number(classifier.get_layer(name)) for name in ("stem_conv", "block12_project", "head_classes")] == [
        0, 12, 17
    ]  # fmt: skip


def test_grey_rectangle_has_the_same_weights_and_features_of_its_own_shape(classifier):
    model = efficientnet_lite0(keras.Input((96, 64, 1)))
    load_imagenet_weights(model)
    assert all(map(np.array_equal, model.get_weights(), classifier.get_weights()))
    assert block_output(model, 11).shape == (None, 6, 4, 112)


def test_load_imagenet_weights_missing_file_raises_model_error(tmp_path):
    with pytest.raises(ModelError, match=r"^The ImageNet weights, w\.weights\.h5, are missing"):
        load_imagenet_weights(None, tmp_path / "w.weights.h5")


def test_load_imagenet_weights_cut_off_file_raises_model_error(tmp_path):
    (tmp_path / "w.weights.h5").write_bytes(WEIGHTS.read_bytes()[:1000])
    with pytest.raises(ModelError, match="were changed or cut off"):
        load_imagenet_weights(None, tmp_path / "w.weights.h5")


@pytest.mark.filterwarnings("ignore:Skipping nested container")
def test_load_imagenet_weights_into_another_network_raises_model_error():
    image = keras.Input((32, 32, 3))
    other = keras.Model(image, keras.layers.Conv2D(2, 3)(image), name="other")
    with pytest.raises(ModelError, match=r"don't fit the network other \(ValueError\)"):
        load_imagenet_weights(other)
