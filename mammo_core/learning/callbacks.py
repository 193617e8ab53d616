"""What a run writes while it learns: one JSON object a line, for steps and for epochs."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from mammo_core.files import append_json_line, whole
from mammo_core.learning.config import TrainingConfig
from mammo_core.learning.ending import Ending, Interrupted, ShouldStop, batches, never
from mammo_core.preprocess import to_tensor

STEP_SECONDS = 0.5  # a step is written no more often than this

Progress = Callable[[dict[str, Any]], None]


def predict(
    model: keras.Model, images: np.ndarray, places: np.ndarray | None = None, should_stop: ShouldStop = never
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
        Interrupted: someone asks to stop.
    """
    parts = [np.empty(0)]
    for batch in batches(np.arange(len(images)) if places is None else places, should_stop):
        answers = np.asarray(model.predict_on_batch(to_tensor(images[batch])))
        parts.append(answers[: len(batch), 1])  # of several devices each answers for the whole batch
    return np.concatenate(parts).astype(np.float64)


class Validation(keras.callbacks.Callback):
    """Adds val_loss, val_accuracy and val_auc to an epoch's logs, exactly and at natural prevalence.

    It stands before the callbacks that decide by these values, and ends training at an answer that isn't a number.

    Args:
        images: uint8 (n, size, size), of all parts.
        labels: int (n,).
        places: int (m,), which of them are the validation part.
        ending: asked at every batch.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, places: np.ndarray, ending: Ending) -> None:
        super().__init__()
        self.images, self.places, self.labels, self.ending = images, places, labels[places], ending

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Judge the validation part, unless the epoch was broken off."""
        if self.model.stop_training or logs is None:
            return
        try:
            probabilities = predict(self.model, self.images, self.places, self.ending.asked)
        except Interrupted:
            self.model.stop_training = True
            return
        if not np.isfinite(probabilities).all():
            self.ending.diverged = self.model.stop_training = True
            return
        logs["val_loss"] = float(log_loss(self.labels, probabilities, labels=[0, 1]))
        logs["val_accuracy"] = float(accuracy_score(self.labels, probabilities >= 0.5))
        logs["val_auc"] = float(roc_auc_score(self.labels, probabilities))


class Journal(keras.callbacks.Callback):
    """Appends steps and epochs to metrics.jsonl and reports progress.

    Args:
        path: of metrics.jsonl.
        config: of the run.
        progress: called with done and total (steps), epoch, epochs, learning_rate, images_per_second and seconds_left.
        ending: asked at every step; training then ends after it.
        epochs_done: before, by a run that goes on.
    """

    def __init__(
        self, path: Path, config: TrainingConfig, progress: Progress, ending: Ending, epochs_done: int = 0
    ) -> None:
        super().__init__()
        self.path, self.epochs, self.batch_size = path, config.epochs, config.batch_size
        self.progress, self.ending = progress, ending
        self.started = self.written = time.monotonic()
        self.epoch = self.epochs_done = epochs_done
        self.images = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start counting an epoch's steps."""
        self.epoch, self.sum_before, self.steps_before = epoch + 1, 0.0, 0
        self.epoch_started = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the mean loss of the steps since the last line; end at a stop request or a loss that isn't a number."""
        steps = batch + 1
        self.images += self.batch_size
        now = time.monotonic()
        loss = (logs or {})["loss"]  # Keras gives the mean since the epoch began
        if not np.isfinite(loss):
            self.ending.diverged = self.model.stop_training = True
            return
        if now - self.written >= STEP_SECONDS or steps == self.params["steps"]:
            mean = (loss * steps - self.sum_before) / (steps - self.steps_before)
            self.sum_before, self.steps_before, self.written = loss * steps, steps, now
            self._write(
                {
                    "kind": "step",
                    "epoch": self.epoch,
                    "step": steps,
                    "steps": self.params["steps"],
                    "loss": mean,
                    "accuracy": float((logs or {})["accuracy"]),  # these two since the epoch began
                    "auc": float((logs or {})["auc"]),
                }
            )
            self._tell(steps, now)
        if self.ending.asked():
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the epoch's line, unless it was broken off."""
        if not logs or "val_auc" not in logs:
            return
        values = {name: float(value) for name, value in logs.items()}
        values["learning_rate"] = self._learning_rate()
        seconds = time.monotonic() - self.epoch_started
        self._write({"kind": "epoch", "epoch": self.epoch, "seconds": seconds, **values})
        self.epochs_done = self.epoch

    def _write(self, record: dict[str, Any]) -> None:
        append_json_line(self.path, {**record, "time": time.time()})

    def _learning_rate(self) -> float:
        return float(np.asarray(self.model.optimizer.learning_rate))

    def _tell(self, steps: int, now: float) -> None:
        rate = self.images / (now - self.started)
        done = (self.epoch - 1) * self.params["steps"] + steps
        total = self.epochs * self.params["steps"]
        self.progress(
            {
                "done": done,
                "total": total,
                "unit": "steps",
                "epoch": self.epoch,
                "epochs": self.epochs,
                "learning_rate": self._learning_rate(),
                "images_per_second": rate,
                "seconds_left": (total - done) * self.batch_size / rate,
            }
        )


class KeepBest(keras.callbacks.Callback):
    """Saves the model, whole, whenever the validation AUC is better than before (then the loss, at an equal AUC).

    Args:
        path: of the Keras file.
        patience: epochs without a better one after which training ends.
    """

    def __init__(self, path: Path, patience: int) -> None:
        super().__init__()
        self.path, self.patience = path, patience
        self.best: tuple[float, float] | None = None
        self.best_epoch = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Save if better, end if patience is used up."""
        if not logs or "val_auc" not in logs:
            return
        score = (logs["val_auc"], -logs["val_loss"])
        if self.best is None or score > self.best:
            self.best, self.best_epoch = score, epoch + 1
            with whole(self.path) as temporary:
                self.model.save(temporary)
        elif self.is_over(epoch + 1):
            self.model.stop_training = True

    def is_over(self, epochs: int) -> bool:
        """Return whether the patience is used up after so many epochs."""
        return epochs - self.best_epoch >= self.patience
