"""A loaded network that turns model inputs into probabilities and heatmaps."""

from typing import NamedTuple

import numpy as np

from mammo_core.evaluation import Calibration
from mammo_core.models.bundle import Bundle
from mammo_core.preprocess import to_tensor


class Output(NamedTuple):
    """What a network says of n model inputs.

    Attributes:
        probabilities: float64 (n,), calibrated, of the positive class.
        cam: float32 (n, h, w) in [0, 1], or None; see `Prediction.cam`.
        embedding: float64 (n, c), mean features; c is 0 for a network without an activation map.
    """

    probabilities: np.ndarray
    cam: np.ndarray | None
    embedding: np.ndarray


class Predictor:
    """A loaded network. Loading takes seconds, a prediction milliseconds, so keep one a model.

    Args:
        bundle: the model, already checked.
    """

    def __init__(self, bundle: Bundle) -> None:
        from mammo_core.learning.networks import class_activation_map, load, with_feature_output

        self.bundle = bundle
        self.calibration = Calibration.from_json(bundle.card["calibration"])
        self.class_activation_map, self.cam_scale = class_activation_map, bundle.card["heat_scale"]
        self.reference = bundle.ood_detector()
        self.network = with_feature_output(load(bundle.weights))
        self(
            np.zeros((1, bundle.preprocessing.size, bundle.preprocessing.size), np.uint8)
        )  # compiles, so that the first user needn't wait

    def __call__(self, images: np.ndarray) -> Output:
        """Return what the network says of model inputs, uint8 (n, size, size)."""
        outputs = self.network.predict_on_batch(to_tensor(images))
        if not isinstance(outputs, list | tuple):
            outputs = [outputs]
        probabilities = self.calibration.apply(np.asarray(outputs[0], np.float64)[:, 1])
        if len(outputs) == 1:
            return Output(probabilities, None, np.empty((len(images), 0)))
        features = np.asarray(outputs[1])
        cam = np.clip(self.class_activation_map(self.network, features) / self.cam_scale, 0, 1).astype(np.float32)
        return Output(probabilities, cam, features.mean(axis=(1, 2), dtype=np.float64))
