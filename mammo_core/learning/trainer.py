"""A training run, from a prepared store to a verified model folder.

<models>/<run>/
    config.json  split.parquet  metrics.jsonl      what was asked for, who is in which part, how it went
    checkpoint.keras                               the best network so far, whole
    resume.npz                                     where it can go on, see mammo_core.learning.resume
    events/                                        the epochs once more, for TensorBoard
    model.keras, contract.json, …, card.json       the finished model, see mammo_core.models
    verification.json                              what a fresh process found when it loaded the model
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from mammo_core import models
from mammo_core.dataset.splits import balance
from mammo_core.dataset.store import open_store
from mammo_core.files import append_json_line, whole, write_json
from mammo_core.learning.callbacks import Journal, KeepBest, Progress, Validation
from mammo_core.learning.config import TrainingConfig
from mammo_core.learning.events import Events
from mammo_core.learning.finish import CHECKPOINT, finish, verifier, verify
from mammo_core.learning.inputs import Batches
from mammo_core.learning.network import build, load
from mammo_core.learning.plan import TrainingData, describe, plan, steps_an_epoch
from mammo_core.learning.resume import (
    CONFIG,
    METRICS,
    SPLIT,
    SPLIT_COLUMNS,
    STATE,
    KeepState,
    check_same,
    reopen,
    restore,
)  # fmt: skip

EVENTS = "events"
LOSS = "categorical_crossentropy"


class PositiveAUC(keras.metrics.AUC):
    """ROC AUC of the positive class's probability, from one-hot labels."""

    def update_state(self, y_true, y_pred, sample_weight=None) -> None:  # noqa: D102
        super().update_state(y_true[:, 1], y_pred[:, 1], sample_weight)


def train(
    run: Path,
    config: TrainingConfig,
    progress: Progress = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train, judge, save, and verify in a fresh process. A run that was broken off goes on after its last whole epoch.

    Args:
        run: the run folder; its name becomes the model's.
        config: what to do.
        progress: see `Journal`.
        should_stop: asked at every step; the best model so far is kept.

    Returns:
        run, status ("finished", "stopped" or "diverged"), message, epochs, best_epoch, seconds, verified.

    Raises:
        MammoError: the data don't allow it, the start model doesn't fit, or the run can't go on with these settings.
    """
    started = time.monotonic()
    keras.utils.set_random_seed(config.seed)
    store = open_store(config.store)
    table = plan(config)
    if (run / STATE).exists():
        check_same(run, config, table)
    else:
        _begin(run, config, table)
    data = TrainingData(table, store.images(table["png"].to_list()))
    journal, best = fit_run(data, config, run, progress, should_stop)
    outcome: dict[str, Any] = {"run": run.name, "epochs": journal.epochs_done, "best_epoch": best.best_epoch}
    if best.best is None:
        outcome |= _nothing(journal)
    else:
        with verifier(run) as process:
            finish(run, config, store, data, best.best_epoch)
            outcome |= _ending(journal, best) | {"verified": verify(run, process)}
    return outcome | {"seconds": round(time.monotonic() - started, 3)}


def _begin(run: Path, config: TrainingConfig, table: pd.DataFrame) -> None:
    write_json(run / CONFIG, config.parameters)
    with whole(run / SPLIT) as path:
        table[SPLIT_COLUMNS].to_parquet(path, index=False)
    (run / METRICS).unlink(missing_ok=True)
    append_json_line(run / METRICS, {"kind": "start", "time": time.time(), "parts": describe(table)})


def _start_model(config: TrainingConfig, size: int) -> keras.Model:
    """Build the network, or load the one to start from; `plan` has seen that it fits."""
    if config.start_from is None:
        return build(config.network, size, config.backbone_weights)
    return load(models.open_bundle(models.model_folder(config.start_from)).weights)


def fit_run(
    data: TrainingData,
    config: TrainingConfig,
    run: Path,
    progress: Progress,
    should_stop: Callable[[], bool],
) -> tuple[Journal, KeepBest]:
    """Fit the network on the training part, from where the run stands, and leave its files in the run folder.

    Returns:
        What was journalled, and the best model's score and epoch.
    """
    images, labels = data.part("train")
    positions, weights = balance(labels, config.imbalance, np.random.default_rng(config.seed))
    best = KeepBest(run / CHECKPOINT, config.patience)
    with devices().scope():
        model = _start_model(config, images.shape[1])
        steps = config.epochs * steps_an_epoch(labels, config)
        schedule = keras.optimizers.schedules.CosineDecay(config.learning_rate, steps, alpha=0.05)
        metrics = ["accuracy", PositiveAUC(name="auc")]
        model.compile(optimizer=keras.optimizers.Adam(schedule), loss=LOSS, metrics=metrics)
        done = 0
        if (run / STATE).exists():
            done = restore(run / STATE, model, best)
            reopen(run / METRICS, done)
    journal = Journal(run / METRICS, config, progress, should_stop, done)
    validation = Validation(*data.part("validation"))
    callbacks = [validation, best, journal, Events(run / EVENTS), KeepState(run / STATE, best)]
    if not (done and best.is_over(done)):
        batches = Batches(images, labels, positions, weights, config, done)
        model.fit(batches, epochs=config.epochs, initial_epoch=done, verbose=0, callbacks=callbacks, shuffle=False)
    return journal, best


def devices() -> tf.distribute.Strategy:
    """Return how the network is laid on this machine: on all of its GPUs where there are several."""
    several = len(tf.config.list_logical_devices("GPU")) > 1
    return tf.distribute.MirroredStrategy() if several else tf.distribute.get_strategy()


def _nothing(journal: Journal) -> dict[str, Any]:
    """Describe the end of a run that has no whole epoch."""
    if journal.diverged:
        status, message = "diverged", "The loss is not a number. Try a smaller learning rate."
    else:
        status, message = "stopped", "Stopped before the first epoch ended; there is no model."
    return {"status": status, "message": message, "verified": False}


def _ending(journal: Journal, best: KeepBest) -> dict[str, str]:
    kept = f"the best model, of epoch {best.best_epoch}, is kept"
    if journal.diverged:
        return {
            "status": "diverged",
            "message": f"The loss is not a number; {kept}. Try a smaller learning rate.",
        }
    if journal.stopped:
        return {"status": "stopped", "message": f"Stopped on request; {kept}."}
    return {"status": "finished", "message": f"Finished; {kept}."}
