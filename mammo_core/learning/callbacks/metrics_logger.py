"""Log a run's metrics to metrics.jsonl while it trains, and report its progress."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from mammo_core.documents.metrics import EpochRecord, PhaseName, ResumeRecord, StepRecord, append_record, read_metrics
from mammo_core.documents.progress import Progress, ProgressCallback
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.callbacks.validation import is_validated
from mammo_core.learning.cancellation import StopSignal
from mammo_core.learning.networks import LESION_MAP, OUTPUT
from mammo_core.storage.atomic import atomic_path

MIN_SECONDS_BETWEEN_STEPS = 0.5  # steps are logged no more often


class MetricsLogger(keras.callbacks.Callback):
    """Append steps and epochs to metrics.jsonl and report progress.

    Args:
        path: of metrics.jsonl.
        config: of the run.
        progress: called with the progress in steps.
        stop_signal: checked at every step; training stops after it.
        epochs_done: epochs finished before the run was resumed.

    Attributes:
        phase: name of the present phase of training.
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
        self.phase: PhaseName = "training"
        self.started = self.logged = time.monotonic()
        self.epoch = self.epochs_done = epochs_done
        self.images = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start counting an epoch's steps."""
        self.epoch, self.logged_loss_sum, self.logged_steps = epoch + 1, 0.0, 0
        self.epoch_started = time.monotonic()
        if self.phase == "head":  # its first epochs compute features, so only the present one tells how fast it is
            self.started, self.images = self.epoch_started, 0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        """Log the mean loss of the steps since the last record.

        Training stops on request, or when the loss is not finite.
        """
        steps = batch + 1
        self.images += self.batch_size
        if not np.isfinite(logs["loss"]):
            self.stop_signal.diverged = self.model.stop_training = True
            return
        now = time.monotonic()
        if now - self.logged >= MIN_SECONDS_BETWEEN_STEPS or steps == self.params["steps"]:
            self._log_step(steps, logs)
            self._report_progress(steps, now)
            self.logged = now
        if self.stop_signal.is_set():
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Log the epoch, unless it was interrupted."""
        if not is_validated(logs):
            return
        record = EpochRecord(
            time=time.time(),
            epoch=self.epoch,
            seconds=time.monotonic() - self.epoch_started,
            learning_rate=self._learning_rate(),
            phase=self.phase,
            **_label_metrics(logs),
            **{name: float(logs[name]) for name in ("val_loss", "val_accuracy", "val_auc")},
        )
        append_record(self.path, record)
        self.epochs_done = self.epoch

    def _log_step(self, steps: int, logs: dict[str, Any]) -> None:
        metrics = _label_metrics(logs)
        loss_sum = metrics["loss"] * steps  # Keras gives means since the epoch began
        loss = (loss_sum - self.logged_loss_sum) / (steps - self.logged_steps)
        self.logged_loss_sum, self.logged_steps = loss_sum, steps
        record = StepRecord(
            time=time.time(),
            epoch=self.epoch,
            step=steps,
            steps=self.params["steps"],
            loss=float(loss),
            accuracy=metrics["accuracy"],
            auc=metrics["auc"],
        )
        append_record(self.path, record)

    def _learning_rate(self) -> float:
        return float(np.asarray(self.model.optimizer.learning_rate))

    def _report_progress(self, steps: int, now: float) -> None:
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


def _label_metrics(logs: dict[str, Any]) -> dict[str, float]:
    """Return loss, accuracy and AUC of the label, and the lesion map's loss.

    There is no such loss if the network isn't trained on a lesion map. With two outputs, Keras puts the name of the
    output before the metric's.
    """
    if f"{LESION_MAP}_loss" not in logs:
        return {name: float(logs[name]) for name in ("loss", "accuracy", "auc")}
    metrics = {name: float(logs[f"{OUTPUT}_{name}"]) for name in ("loss", "accuracy", "auc")}
    return {**metrics, "lesion_loss": float(logs[f"{LESION_MAP}_loss"])}


def rewind_metrics(path: Path, epochs: int) -> None:
    """Remove the records after the last finished epoch and append a resume record.

    Incomplete lines are removed, too.

    Args:
        path: path of metrics.jsonl.
        epochs: number of finished epochs.
    """
    kept = [record for record in read_metrics(path.parent) if record.kind == "start" or record.epoch <= epochs]
    with atomic_path(path) as temporary:
        for record in [*kept, ResumeRecord(epoch=epochs, time=time.time())]:
            append_record(temporary, record)
