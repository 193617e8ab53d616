"""Compute validation loss, accuracy and AUC at the end of each epoch."""

from collections.abc import Callable
from typing import Any, TypeGuard

import numpy as np
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from mammo_core.dataset.stored_images import StoredImages
from mammo_core.documents.progress import ShouldStop, never_stop
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.cancellation import Cancelled, StopSignal, image_batches
from mammo_core.learning.networks import OUTPUT
from mammo_core.preprocess.prepare import to_tensor


def predict(
    model: keras.Model,
    images: np.ndarray | StoredImages,
    indices: np.ndarray | None = None,
    should_stop: ShouldStop = never_stop,
) -> np.ndarray:
    """Return the probability of the positive class.

    Args:
        model: float32 (b, rows, columns, 1) in [0, 1] → (b, 2).
        images: uint8 (n, rows, columns).
        indices: int (m,), the images to predict; all by default.
        should_stop: checked before each batch.

    Returns:
        float64 (m,), not calibrated.

    Raises:
        Cancelled: a stop is requested.
    """
    parts = [np.empty(0)]
    for _, pixels in image_batches(images, np.arange(len(images)) if indices is None else indices, should_stop):
        parts.append(positive_probability(model, to_tensor(pixels)))
    return np.concatenate(parts).astype(np.float64)


def positive_probability(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """Return the probability of the positive class for one batch, float32 (b,)."""
    outputs = model.predict_on_batch(inputs)
    probabilities = np.asarray(outputs[OUTPUT] if isinstance(outputs, dict) else outputs)
    return probabilities[: len(inputs), 1]  # on several devices each predicts the complete batch


def is_validated(logs: dict[str, Any] | None) -> TypeGuard[dict[str, Any]]:
    """Return whether an epoch's logs have validation metrics.

    They are missing if the epoch was interrupted or diverged.
    """
    return logs is not None and "val_auc" in logs


class ValidationMetrics(keras.callbacks.Callback):
    """Add exact validation loss, accuracy and AUC to an epoch's logs.

    The keys are val_loss, val_accuracy and val_auc. The values are computed over the validation part at its natural
    prevalence.

    This callback must come before those that use the values. It stops training if a prediction is not a finite number.

    Args:
        predict: returns the probabilities of the validation part, float64 (m,), from the model that is trained; it raises
            Cancelled when a stop is requested.
        labels: int (m,), of the validation part.
        stop_signal: set if a prediction is not a number.
    """

    def __init__(
        self, predict: Callable[[keras.Model], np.ndarray], labels: np.ndarray, stop_signal: StopSignal
    ) -> None:
        super().__init__()
        self.predict, self.labels, self.stop_signal = predict, labels, stop_signal

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Predict the validation part, unless the epoch was interrupted."""
        if self.model.stop_training or logs is None:
            return
        try:
            probabilities = self.predict(self.model)
        except Cancelled:
            self.model.stop_training = True
            return
        if not np.isfinite(probabilities).all():
            self.stop_signal.diverged = self.model.stop_training = True
            return
        logs["val_loss"] = float(log_loss(self.labels, probabilities, labels=[0, 1]))
        logs["val_accuracy"] = float(accuracy_score(self.labels, probabilities >= 0.5))
        logs["val_auc"] = float(roc_auc_score(self.labels, probabilities))
