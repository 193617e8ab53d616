"""Run a network on model inputs in a single forward pass.

The pass returns the probability, the mean features and the class activation map.
"""

from dataclasses import dataclass

import numpy as np

from mammo_core.learning._tensorflow import keras
from mammo_core.learning.activation_map import class_activation_map, split_with_cam_outputs, with_cam_outputs
from mammo_core.learning.networks import has_lesion_map
from mammo_core.preprocess.prepare import to_tensor


@dataclass(frozen=True)
class NetworkOutput:
    """A network's output for n model inputs.

    Attributes:
        raw_probability: float64 (n,), of the positive class, not calibrated.
        embedding: float64 (n, c), mean of the features over the image; c is 0 for a network without an activation map.
        cam: float64 (n, h, w), class activation map in logits, not scaled; None for a network without one, or where it
            was not requested.
    """

    raw_probability: np.ndarray
    embedding: np.ndarray
    cam: np.ndarray | None


class CamNetwork:
    """A network that also gives its class activation map.

    Args:
        model: float32 (b, rows, columns, 1) in [0, 1] → probabilities (b, 2).
        shares_body: whether the body of a pretrained network runs by itself, as it does where its features are cached:
            TensorFlow needn't trace it once more, which would be felt in a short first epoch.

    Attributes:
        has_cam: whether it has an activation map.
        input_shape: (None, rows, columns, 1).
        output_shape: of the probabilities.
    """

    def __init__(self, model: keras.Model, *, shares_body: bool = False) -> None:
        self.input_shape, self.output_shape = model.input_shape, model.output_shape
        self._body: keras.Model | None = None
        if shares_body and has_lesion_map(model):
            self._body, self._network = split_with_cam_outputs(model)
        else:
            self._network = with_cam_outputs(model)
        self.has_cam = len(self._network.outputs) > 1

    def run(self, images: np.ndarray, *, with_cam: bool = True) -> NetworkOutput:
        """Run the network once.

        Args:
            images: uint8 (n, rows, columns).
            with_cam: whether to compute the class activation map.
        """
        outputs = self._outputs(to_tensor(images))
        probabilities = outputs[0]
        if not self.has_cam:
            return NetworkOutput(_positive(probabilities), np.empty((len(images), 0)), None)
        features = outputs[1]
        cam = class_activation_map(self._network, *outputs[1:]) if with_cam else None
        return NetworkOutput(_positive(probabilities), features.mean(axis=(1, 2), dtype=np.float64), cam)

    def _outputs(self, inputs: np.ndarray) -> list[np.ndarray]:
        """Return the outputs of `with_cam_outputs`."""
        if self._body is None:
            return _predict(self._network, inputs)
        (maps,) = _predict(self._body, inputs)
        return _predict(self._network, maps)


def _predict(model: keras.Model, inputs: np.ndarray) -> list[np.ndarray]:
    """Return a model's outputs for a batch.

    Several devices may repeat the last images; the repetitions are left out.
    """
    return [output[: len(inputs)] for output in _as_list(model.predict_on_batch(inputs))]


def _as_list(outputs: object) -> list[np.ndarray]:
    """Return a model's outputs as a list; Keras unwraps a single one."""
    return [np.asarray(output) for output in (outputs if isinstance(outputs, list | tuple) else [outputs])]


def _positive(probabilities: np.ndarray) -> np.ndarray:
    return probabilities[:, 1].astype(np.float64)
