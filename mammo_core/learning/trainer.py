"""A training run, from a prepared store to a verified model folder.

<models>/<run>/
    config.json  split.parquet  metrics.jsonl      what was asked for, who is in which part, how it went
    training_images.parquet                        the images that it and the models that it started from were fitted to
    checkpoint.keras                               the best network so far, whole
    resume.npz                                     where it can go on, see mammo_core.learning.resume
    events/                                        the epochs once more, for TensorBoard
    model.keras, contract.json, …, card.json       the finished model, see mammo_core.models
    verification.json                              what a fresh process found when it loaded the model
"""

import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from mammo_core.dataset.splits import balance
from mammo_core.dataset.store import Store, open_store
from mammo_core.documents.progress import Progress, ProgressCallback, ignore_progress
from mammo_core.learning.callbacks.best_checkpoint import BestCheckpoint
from mammo_core.learning.callbacks.metrics_logger import MetricsLogger
from mammo_core.learning.callbacks.tensorboard import TensorBoardLogger
from mammo_core.learning.callbacks.training_state import (
    CONFIG,
    METRICS,
    STATE,
    TrainingStateCheckpoint,
    check_same,
    reopen,
    restore,
)
from mammo_core.learning.callbacks.validation import ValidationMetrics
from mammo_core.learning.cancellation import Cancelled, ShouldStop, StopSignal, batches, never_stop
from mammo_core.learning.config import TrainingConfig
from mammo_core.learning.export_model import CHECKPOINT, Trained, complete
from mammo_core.learning.input_pipeline import Batches
from mammo_core.learning.networks import build, load
from mammo_core.learning.plan import SPLIT, SPLIT_COLUMNS, TrainingData, describe, plan, start_bundle, steps_an_epoch
from mammo_core.models.bundle import TRAINING_IMAGES
from mammo_core.models.provenance import write_provenance
from mammo_core.storage.atomic import atomic_path
from mammo_core.storage.json_files import append_json_line, write_json
from mammo_core.workspace import Workspace

EVENTS = "events"
LOSS = "categorical_crossentropy"


class PositiveAUC(keras.metrics.AUC):
    """ROC AUC of the positive class's probability, from one-hot labels."""

    def update_state(self, y_true, y_pred, sample_weight=None) -> None:  # noqa: D102
        super().update_state(y_true[:, 1], y_pred[:, 1], sample_weight)


def train(
    run: Path,
    config: TrainingConfig,
    progress: ProgressCallback = ignore_progress,
    should_stop: ShouldStop = never_stop,
) -> dict[str, Any]:
    """Train, judge, save, and verify in a fresh process. A run that was broken off goes on after its last whole epoch.

    Args:
        run: the run folder; its name becomes the model's.
        config: what to do.
        progress: see `MetricsLogger`; before and after it with done, total and phase, in words.
        should_stop: asked at every step and batch; the best model so far is kept, and judged on a sample of a large data set.

    Returns:
        run, status ("finished", "stopped" or "diverged"), message, epochs, best_epoch, seconds, verified.

    Raises:
        MammoError: the data don't allow it, the start model doesn't fit, the run can't go on with these settings, or the saved
            model isn't what was trained.
    """
    started = time.monotonic()
    keras.utils.set_random_seed(config.seed)
    store = open_store(Workspace.from_environment(), config.store)
    table = plan(config)
    if (run / STATE).exists():
        check_same(run, config, table)
    else:
        _begin(run, config, table)
    with atomic_path(run / TRAINING_IMAGES) as path:
        write_provenance(path, table, start_bundle(config))
    stop_signal = StopSignal(should_stop)
    outcome: dict[str, Any] = {"run": run.name, "epochs": 0, "best_epoch": 0, "verified": False}
    try:
        images = _load_images(store, table["png"].to_numpy(), progress, stop_signal)
    except Cancelled:
        outcome |= {"status": "stopped", "message": "Stopped while its images were being loaded."}
    else:
        data = TrainingData(table, images, np.ones(len(table), bool))
        metrics_logger, best = fit_run(data, config, run, progress, stop_signal)
        outcome |= {"epochs": metrics_logger.epochs_done, "best_epoch": best.best_epoch}
        if best.best is None:
            outcome |= _no_model_outcome(stop_signal)
        else:
            trained = Trained(run, config, store, data, best.best_epoch)
            evaluated = complete(trained, stop_signal, lambda phase: progress(Progress(done=1, total=1, phase=phase)))
            outcome |= {**_end_message(stop_signal, best, evaluated), "verified": True}
    return outcome | {"seconds": round(time.monotonic() - started, 3)}


def _load_images(store: Store, pngs: np.ndarray, progress: ProgressCallback, stop_signal: StopSignal) -> np.ndarray:
    """Return all images, uint8 (n, size, size).

    Raises:
        Cancelled: someone asks to stop.
    """
    images = np.empty((len(pngs), store.preprocessing.size, store.preprocessing.size), np.uint8)
    for batch in batches(np.arange(len(pngs)), stop_signal.is_set):
        images[batch] = store.images(pngs[batch].tolist())
        progress(Progress(done=int(batch[-1]) + 1, total=len(pngs), phase="Loading the images"))
    return images


def _begin(run: Path, config: TrainingConfig, table: pd.DataFrame) -> None:
    write_json(run / CONFIG, config.parameters)
    with atomic_path(run / SPLIT) as path:
        table[SPLIT_COLUMNS].to_parquet(path, index=False)
    (run / METRICS).unlink(missing_ok=True)
    append_json_line(run / METRICS, {"kind": "start", "time": time.time(), "parts": describe(table)})


def _start_model(config: TrainingConfig, size: int) -> keras.Model:
    """Build the network, or load the one to start from; `plan` has seen that it fits."""
    start = start_bundle(config)
    return load(start.network_file) if start else build(config.network, size, config.backbone_weights)


def fit_run(
    data: TrainingData,
    config: TrainingConfig,
    run: Path,
    progress: ProgressCallback,
    stop_signal: StopSignal,
) -> tuple[MetricsLogger, BestCheckpoint]:
    """Fit the network on the training part, from where the run stands, and leave its files in the run folder.

    Returns:
        What was journalled, and the best model's score and epoch.
    """
    images, labels, places = data.images, data.labels, data.places("train")
    positions, weights = balance(labels[places], config.imbalance, np.random.default_rng(config.seed))
    best = BestCheckpoint(run / CHECKPOINT, config.patience)
    with devices().scope():
        model = _start_model(config, images.shape[1])
        steps = config.epochs * steps_an_epoch(labels[places], config)
        schedule = keras.optimizers.schedules.CosineDecay(config.learning_rate, steps, alpha=0.05)
        metrics = ["accuracy", PositiveAUC(name="auc")]
        model.compile(optimizer=keras.optimizers.Adam(schedule), loss=LOSS, metrics=metrics)
        done = 0
        if (run / STATE).exists():
            done = restore(run / STATE, model, best)
            reopen(run / METRICS, done)
    metrics_logger = MetricsLogger(run / METRICS, config, progress, stop_signal, done)
    validation = ValidationMetrics(images, labels, data.places("validation"), stop_signal)
    callbacks = [
        validation,
        best,
        metrics_logger,
        TensorBoardLogger(run / EVENTS),
        TrainingStateCheckpoint(run / STATE, best),
    ]
    if not (done and best.is_over(done)):
        shown = Batches(images, labels, places[positions], weights, config, done)
        model.fit(shown, epochs=config.epochs, initial_epoch=done, verbose=0, callbacks=callbacks, shuffle=False)
    return metrics_logger, best


def devices() -> tf.distribute.Strategy:
    """Return how the network is laid on this machine: on all of its GPUs where there are several."""
    several = len(tf.config.list_logical_devices("GPU")) > 1
    return tf.distribute.MirroredStrategy() if several else tf.distribute.get_strategy()


def _no_model_outcome(stop_signal: StopSignal) -> dict[str, str]:
    """Describe the end of a run that has no whole epoch."""
    if stop_signal.diverged:
        return {"status": "diverged", "message": "The loss is not a number. Try a smaller learning rate."}
    return {"status": "stopped", "message": "Stopped before the first epoch ended; there is no model."}


def _end_message(stop_signal: StopSignal, best: BestCheckpoint, evaluated: TrainingData) -> dict[str, str]:
    kept = f"the best model, of epoch {best.best_epoch}, is kept"
    if stop_signal.diverged:
        return {
            "status": "diverged",
            "message": f"The loss is not a number; {kept}. Try a smaller learning rate.",
        }
    if stop_signal.stopped:
        return {"status": "stopped", "message": " ".join([f"Stopped on request; {kept}.", *evaluated.shortened()])}
    return {"status": "finished", "message": f"Finished; {kept}."}
