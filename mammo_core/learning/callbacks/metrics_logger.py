"""Log a run's metrics as JSON lines while it trains, and report its progress."""

import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mammo_core.documents.progress import Progress, ProgressCallback
from mammo_core.learning.cancellation import StopSignal
from mammo_core.learning.config import TrainingConfig
from mammo_core.storage.json_files import append_json_line

STEP_SECONDS = 0.5  # a step is written no more often than this


class MetricsLogger(keras.callbacks.Callback):
    """Appends steps and epochs to metrics.jsonl and reports progress.

    Args:
        path: of metrics.jsonl.
        config: of the run.
        progress: called with done and total (steps), epoch, epochs, learning_rate, images_per_second and seconds_left.
        stop_signal: asked at every step; training then ends after it.
        epochs_done: before, by a run that goes on.
    """

    def __init__(
        self,
        path: Path,
        config: TrainingConfig,
        progress: ProgressCallback,
        stop_signal: StopSignal,
        epochs_done: int = 0,
    ) -> None:
        super().__init__()
        self.path, self.epochs, self.batch_size = path, config.epochs, config.batch_size
        self.progress, self.stop_signal = progress, stop_signal
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
            self.stop_signal.diverged = self.model.stop_training = True
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
        if self.stop_signal.is_set():
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
            Progress(
                done=done,
                total=total,
                unit="steps",
                epoch=self.epoch,
                epochs=self.epochs,
                learning_rate=self._learning_rate(),
                images_per_second=rate,
                seconds_left=(total - done) * self.batch_size / rate,
            )
        )
