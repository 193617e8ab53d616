"""Networks: built once for all tests, and predictions without a graph."""

from functools import cache
from typing import Any

import numpy as np

from mammo_core.documents.preprocessing_config import Size
from mammo_core.learning._tensorflow import keras, layers
from mammo_core.learning.efficientnet import block_output, efficientnet_lite0
from mammo_core.learning.grids import BreastShare
from mammo_core.learning.networks import BY_TEXTURE, STANDARDISED, build
from mammo_core.learning.pooling import LocalContrast, SuspiciousMean, TopMean


@cache
def shared_network(name: str, size: Size = 64) -> keras.Model:
    """Return a network that no test changes."""
    keras.utils.set_random_seed(0)
    return build(name, size)


def predict_eagerly(model: keras.Model, images: np.ndarray) -> Any:
    """Return a model's output for images, or its outputs, as arrays.

    No graph is traced, which would take seconds for a large network.
    """
    return keras.tree.map_structure(np.asarray, model(images, training=False))


def randomise_texture(model: keras.Model, deviation: float = 0.02) -> None:
    """Give the texture of a pretrained network weights and statistics; they start at 0, and at 0 and 1."""
    draw, kernel = np.random.default_rng(1), model.get_layer(BY_TEXTURE).get_weights()[0]
    model.get_layer(BY_TEXTURE).set_weights([draw.normal(0, deviation, kernel.shape)])
    model.get_layer(STANDARDISED).set_weights([draw.normal(0, 1, len(kernel)), draw.uniform(0.5, 2, len(kernel))])


def earlier_pretrained(size: Size = 64) -> keras.Model:
    """Return a pretrained network as earlier versions built and saved it: with texture of three blocks on one grid.

    Its body has random weights.
    """
    keras.utils.set_random_seed(0)
    image = keras.Input((size, size, 1), name="image")
    backbone = efficientnet_lite0(image)
    fine, middle, coarse = (block_output(backbone, block) for block in (5, 11, 16))
    parts = [layers.AveragePooling2D(2)(fine), middle, layers.UpSampling2D(interpolation="bilinear")(coarse)]
    maps = layers.Concatenate(name="maps")([*parts, BreastShare(name="breast")(image)])
    body = keras.Model(image, maps, name="body", trainable=False)
    x = body(image)
    features = layers.Conv2D(64, 1, use_bias=False, name="head")(x)
    features = layers.ReLU(name="features")(layers.BatchNormalization(name="head_bn")(features))
    lesions = layers.Conv2D(1, 1, name="lesion_map")(features)
    contrast = LocalContrast(name="contrast")([lesions, x])
    top = TopMean(4 / 256, name="top")(contrast)
    means = [layers.GlobalAveragePooling2D(name="mean")(x), SuspiciousMean(name="suspicious_mean")([x, contrast])]
    texture = layers.BatchNormalization(center=False, scale=False, name="standardised")(layers.concatenate(means))
    by_texture = layers.Dense(2, use_bias=False, kernel_initializer="zeros", name="by_texture")(texture)
    logits = layers.add([layers.Dense(2, name="by_lesions")(top), by_texture])
    return keras.Model(image, layers.Softmax(name="probability")(logits), name="pretrained")
