"""Compute the features by which images are compared."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mammo_core.documents.preprocessing_config import Size
from mammo_core.learning._tensorflow import keras, tf
from mammo_core.learning.networks import CONTRAST, MAPS, build, load
from mammo_core.learning.pooling import SuspiciousMean, top_count
from mammo_core.models.bundle import MODEL
from mammo_core.preprocess.prepare import to_tensor

SUSPICIOUS_CELLS = 4 / 256  # share of the cells of the lesion map whose mean contrast is a feature
SMALLEST_BREAST = 1e-3  # in cells; a blank image has none


@dataclass(frozen=True)
class ComparedFeatures:
    """The features of n images.

    Attributes:
        means: float32 (n, 472), mean of the body's features over the breast.
        suspicious: float32 (n, 473), likewise over the cells that stand out in the lesion map, with the share of breast.
        lesion_contrast: float32 (n,), mean local contrast of the lesion map's highest cells.
    """

    means: np.ndarray
    suspicious: np.ndarray
    lesion_contrast: np.ndarray


class ComparisonNetwork:
    """EfficientNet-Lite0 with ImageNet weights and the shipped lesion map.

    Its features are averaged over the breast, so neither the frame nor the background counts.

    Args:
        model: folder of the shipped model.
        size: of the images in pixels; any that a network can have.

    Raises:
        ModelError: the shipped model is missing or damaged.
    """

    def __init__(self, model: Path, size: Size) -> None:
        shipped = load(model / MODEL)
        network = build("pretrained", size)
        network.set_weights(shipped.get_weights())
        maps, contrast = (network.get_layer(name).output for name in (MAPS, CONTRAST))
        outputs = [maps, SuspiciousMean()([maps, contrast]), contrast]
        self._outputs = _with_constant_weights(keras.Model(network.input, outputs))

    def run(self, images: np.ndarray) -> ComparedFeatures:
        """Return the features of images, uint8 (n, rows, columns)."""
        outputs = self._outputs(to_tensor(images))
        maps, suspicious, contrast = (np.asarray(output) for output in outputs)
        breast = maps[..., -1:]
        means = (maps[..., :-1] * breast).sum(axis=(1, 2)) / (breast.sum(axis=(1, 2)) + SMALLEST_BREAST)
        cells = contrast.reshape(len(images), -1)
        top = np.sort(cells, axis=1)[:, -top_count(cells.shape[1], SUSPICIOUS_CELLS) :]
        return ComparedFeatures(means, suspicious, top.mean(axis=1))


def _with_constant_weights(model: keras.Model) -> Callable[[np.ndarray], Any]:
    """Return a function that computes a model's outputs by its present weights.

    TensorFlow merges constant weights of a normalisation with those of the convolution before it; that saves a third of the
    time.
    """
    weights = [(variable, variable.numpy()) for variable in model.variables]

    def outputs(images: Any) -> Any:
        constants = [(variable, tf.constant(values)) for variable, values in weights]
        with keras.StatelessScope(state_mapping=constants):
            return model(images, training=False)

    compiled: Callable[[np.ndarray], Any] = tf.function(
        outputs, input_signature=[tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)]
    )
    return compiled
