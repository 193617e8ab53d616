"""The networks. All end in a softmax over (negative, positive) and are trained with categorical cross-entropy."""

from collections.abc import Callable

import keras
from keras import layers

from mammo_core.errors import ConfigError

EVIDENCE = "evidence"  # the layer whose output is the class activation map
TOP_SHARE = 0.02  # of the places in the map that the compact network's answer rests on


@keras.saving.register_keras_serializable(package="mammo")
class TopMean(layers.Layer):
    """Mean of the largest values of each channel, over the image.

    A lesion covers a few places of the map; the mean over all of them would drown it (GMIC, Shen et al. 2021,
    doi:10.1016/j.media.2020.101908). The answer stays an exact sum over places of the map.

    Args:
        share: of the places that count, in (0, 1].
    """

    def __init__(self, share: float = TOP_SHARE, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.share = share

    def call(self, maps):  # noqa: ANN001, ANN201, D102 - (n, h, w, c) → (n, c)
        places = maps.shape[1] * maps.shape[2]
        flat = keras.ops.reshape(maps, (-1, places, maps.shape[3]))
        top, _ = keras.ops.top_k(keras.ops.transpose(flat, (0, 2, 1)), max(1, round(self.share * places)))
        return keras.ops.mean(top, axis=-1)

    def get_config(self) -> dict:
        """Return what `keras.saving` needs to build the layer again."""
        return {**super().get_config(), "share": self.share}


def _block(x, filters: int, pool: bool):  # noqa: ANN001, ANN202
    """Two separable convolutions with a shortcut, then a pooling that halves the map."""
    shortcut = layers.Conv2D(filters, 1, use_bias=False)(x)
    for _ in range(2):
        x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    x = layers.add([x, shortcut])
    return layers.MaxPooling2D()(x) if pool else x


def compact(size: int) -> keras.Model:
    """Build the default network: some 30,000 weights, and a map of evidence for each class that sums to its answer.

    Args:
        size: side of the input in pixels.

    Returns:
        float32 (n, size, size, 1) in [0, 1] → probabilities (n, 2).
    """
    image = keras.Input((size, size, 1), name="image")
    x = layers.Conv2D(16, 5, strides=2, padding="same", use_bias=False)(image)  # size / 2
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D()(x)  # size / 4
    x = _block(x, 32, pool=True)  # size / 8
    x = _block(x, 64, pool=False)
    x = _block(x, 64, pool=False)
    x = _block(x, 64, pool=False)
    evidence = layers.Conv2D(2, 1, name=EVIDENCE)(x)  # (n, size / 8, size / 8, 2)
    logits = TopMean(name="pool")(evidence)
    return keras.Model(image, layers.Softmax(name="probability")(logits), name="compact")


def original(size: int) -> keras.Model:
    """Build the network that this workbench re-does, as the baseline; it has no exact heatmap.

    Args:
        size: side of the input in pixels.

    Returns:
        float32 (n, size, size, 1) in [0, 1] → probabilities (n, 2).
    """
    image = keras.Input((size, size, 1), name="image")
    x = image
    for filters, kernel in ((32, 5), (64, 3), (128, 3)):
        x = layers.Conv2D(filters, kernel, activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    x = layers.Dropout(0.5)(layers.Dense(128, activation="relu")(x))
    return keras.Model(image, layers.Dense(2, activation="softmax", name="probability")(x), name="original")


NETWORKS: dict[str, Callable[[int], keras.Model]] = {"compact": compact, "original": original}


def build(name: str, size: int) -> keras.Model:
    """Build a network by name with random weights (from Keras' seed).

    Raises:
        ConfigError: there is no network of that name.
    """
    if name not in NETWORKS:
        raise ConfigError(f"There is no network {name!r}; choose one of {', '.join(NETWORKS)}.")
    return NETWORKS[name](size)


def with_evidence(model: keras.Model) -> keras.Model:
    """Return a model that gives probabilities (n, 2) and, if it has one, the evidence map (n, h, w, 2), in one pass."""
    outputs = [model.output]
    if any(layer.name == EVIDENCE for layer in model.layers):
        outputs.append(model.get_layer(EVIDENCE).output)
    return keras.Model(model.input, outputs)
