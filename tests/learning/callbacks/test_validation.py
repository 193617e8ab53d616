import math

import numpy as np
import pytest

from mammo_core.documents.progress import never_stop
from mammo_core.learning.callbacks.validation import ValidationMetrics, is_validated, predict
from mammo_core.learning.cancellation import StopSignal


class ConstantModel:
    """Predicts the same probability for every image."""

    stop_training = False

    def __init__(self, probability):
        self.probability, self.calls = probability, 0

    def predict_on_batch(self, tensor):
        self.calls += 1
        return np.full((len(tensor), 2), self.probability)


class BrightnessModel:
    """Predicts an image's brightness."""

    stop_training = False

    def predict_on_batch(self, tensor):
        positive = tensor[:, 0, 0, 0]
        return np.stack([1 - positive, positive], axis=1)


@pytest.mark.parametrize(
    ("probability", "stop", "calls", "ends"),
    [(0.3, False, 3, (False, False)), (0.3, True, 0, (True, False)), (math.nan, False, 3, (False, True))],
)
def test_validation_stop_signal_or_nan_prediction_ends_training(probability, stop, calls, ends):
    stop_signal = StopSignal(lambda: stop)
    labels = np.arange(150) % 2
    images = np.zeros((150, 4, 4), np.uint8)
    validation = ValidationMetrics(
        lambda trained: predict(trained, images, should_stop=stop_signal.is_set), labels, stop_signal
    )
    model = ConstantModel(probability)
    validation.set_model(model)
    logs = {}
    validation.on_epoch_end(0, logs)
    assert model.calls == calls
    assert (stop_signal.stopped, stop_signal.diverged) == ends
    assert model.stop_training == any(ends)
    assert is_validated(logs) != any(ends)


def test_validation_metrics_are_those_of_the_validation_part():
    levels = np.array([255, 51, 204, 102, 255], np.uint8)  # probabilities 1, 0.2, 0.8, 0.4, 1
    images = np.broadcast_to(levels[:, np.newaxis, np.newaxis], (5, 4, 4))
    validation = ValidationMetrics(
        lambda model: predict(model, images, np.array([1, 2, 3])), np.array([0, 1, 1]), StopSignal(never_stop)
    )
    validation.set_model(BrightnessModel())
    logs = {"loss": 0.1}
    validation.on_epoch_end(0, logs)
    assert logs["val_loss"] == pytest.approx(-(2 * math.log(0.8) + math.log(0.4)) / 3, abs=1e-6)
    assert logs["val_accuracy"] == pytest.approx(2 / 3)
    assert logs["val_auc"] == 1.0


def test_predict_returns_the_images_in_the_given_order():
    images = np.broadcast_to(np.array([0, 255, 51], np.uint8)[:, np.newaxis, np.newaxis], (3, 4, 4))
    assert predict(BrightnessModel(), images, np.array([2, 1])) == pytest.approx([0.2, 1.0])
    assert predict(BrightnessModel(), images[:0]).shape == (0,)
