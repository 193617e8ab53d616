"""Compute validation loss, accuracy and AUC at the end of each epoch."""

from typing import Any

import keras
import numpy as np
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from mammo_core.learning.cancellation import Cancelled, ShouldStop, StopSignal, batches, never_stop
from mammo_core.preprocess import to_tensor


def predict(
    model: keras.Model, images: np.ndarray, places: np.ndarray | None = None, should_stop: ShouldStop = never_stop
) -> np.ndarray:
    """Return the probability of the positive class.

    Args:
        model: float32 (b, size, size, 1) in [0, 1] → (b, 2).
        images: uint8 (n, size, size).
        places: int (m,), which of the images; all without.
        should_stop: asked before each batch.

    Returns:
        float64 (m,).

    Raises:
        Cancelled: someone asks to stop.
    """
    parts = [np.empty(0)]
    for batch in batches(np.arange(len(images)) if places is None else places, should_stop):
        answers = np.asarray(model.predict_on_batch(to_tensor(images[batch])))
        parts.append(answers[: len(batch), 1])  # of several devices each answers for the whole batch
    return np.concatenate(parts).astype(np.float64)


class ValidationMetrics(keras.callbacks.Callback):
    """Adds val_loss, val_accuracy and val_auc to an epoch's logs, exactly and at natural prevalence.

    It stands before the callbacks that decide by these values, and ends training at an answer that isn't a number.

    Args:
        images: uint8 (n, size, size), of all parts.
        labels: int (n,).
        places: int (m,), which of them are the validation part.
        stop_signal: asked at every batch.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, places: np.ndarray, stop_signal: StopSignal) -> None:
        super().__init__()
        self.images, self.places, self.labels, self.stop_signal = images, places, labels[places], stop_signal

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Judge the validation part, unless the epoch was broken off."""
        if self.model.stop_training or logs is None:
            return
        try:
            probabilities = predict(self.model, self.images, self.places, self.stop_signal.is_set)
        except Cancelled:
            self.model.stop_training = True
            return
        if not np.isfinite(probabilities).all():
            self.stop_signal.diverged = self.model.stop_training = True
            return
        logs["val_loss"] = float(log_loss(self.labels, probabilities, labels=[0, 1]))
        logs["val_accuracy"] = float(accuracy_score(self.labels, probabilities >= 0.5))
        logs["val_auc"] = float(roc_auc_score(self.labels, probabilities))
