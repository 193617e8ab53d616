"""A training run, from a prepared store to a verified model folder.

<models>/<run>/
    config.json  split.parquet  metrics.jsonl      what was asked for, who is in which part, how it went
    learnt.parquet                                 whom it and the models that it started from have learnt from
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

from mammo_core import models
from mammo_core.dataset.splits import balance
from mammo_core.dataset.store import Store, open_store
from mammo_core.files import append_json_line, whole, write_json
from mammo_core.learning.callbacks import Journal, KeepBest, Progress, Validation
from mammo_core.learning.config import TrainingConfig
from mammo_core.learning.ending import Ending, Interrupted, ShouldStop, batches, never
from mammo_core.learning.events import Events
from mammo_core.learning.finish import CHECKPOINT, Trained, complete
from mammo_core.learning.inputs import Batches
from mammo_core.learning.network import build, load
from mammo_core.learning.plan import SPLIT, SPLIT_COLUMNS, TrainingData, describe, plan, start_bundle, steps_an_epoch
from mammo_core.learning.resume import CONFIG, METRICS, STATE, KeepState, check_same, reopen, restore

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
    should_stop: ShouldStop = never,
) -> dict[str, Any]:
    """Train, judge, save, and verify in a fresh process. A run that was broken off goes on after its last whole epoch.

    Args:
        run: the run folder; its name becomes the model's.
        config: what to do.
        progress: see `Journal`; before and after it with done, total and phase, in words.
        should_stop: asked at every step and batch; the best model so far is kept, and judged on a sample of a large data set.

    Returns:
        run, status ("finished", "stopped" or "diverged"), message, epochs, best_epoch, seconds, verified.

    Raises:
        MammoError: the data don't allow it, the start model doesn't fit, the run can't go on with these settings, or the saved
            model isn't what was trained.
    """
    started = time.monotonic()
    keras.utils.set_random_seed(config.seed)
    store = open_store(config.store)
    table = plan(config)
    if (run / STATE).exists():
        check_same(run, config, table)
    else:
        _begin(run, config, table)
    with whole(run / models.LEARNT) as path:
        models.write_learnt(path, table, start_bundle(config))
    ending = Ending(should_stop)
    outcome: dict[str, Any] = {"run": run.name, "epochs": 0, "best_epoch": 0, "verified": False}
    try:
        images = _load_images(store, table["png"].to_numpy(), progress, ending)
    except Interrupted:
        outcome |= {"status": "stopped", "message": "Stopped while its images were being loaded."}
    else:
        data = TrainingData(table, images, np.ones(len(table), bool))
        journal, best = fit_run(data, config, run, progress, ending)
        outcome |= {"epochs": journal.epochs_done, "best_epoch": best.best_epoch}
        if best.best is None:
            outcome |= _nothing(ending)
        else:
            trained = Trained(run, config, store, data, best.best_epoch)
            judged = complete(trained, ending, lambda phase: progress({"done": 1, "total": 1, "phase": phase}))
            outcome |= {**_ending(ending, best, judged), "verified": True}
    return outcome | {"seconds": round(time.monotonic() - started, 3)}


def _load_images(store: Store, pngs: np.ndarray, progress: Progress, ending: Ending) -> np.ndarray:
    """Return all images, uint8 (n, size, size).

    Raises:
        Interrupted: someone asks to stop.
    """
    images = np.empty((len(pngs), store.contract.size, store.contract.size), np.uint8)
    for batch in batches(np.arange(len(pngs)), ending.asked):
        images[batch] = store.images(pngs[batch].tolist())
        progress({"done": int(batch[-1]) + 1, "total": len(pngs), "unit": "images", "phase": "Loading the images"})
    return images


def _begin(run: Path, config: TrainingConfig, table: pd.DataFrame) -> None:
    write_json(run / CONFIG, config.parameters)
    with whole(run / SPLIT) as path:
        table[SPLIT_COLUMNS].to_parquet(path, index=False)
    (run / METRICS).unlink(missing_ok=True)
    append_json_line(run / METRICS, {"kind": "start", "time": time.time(), "parts": describe(table)})


def _start_model(config: TrainingConfig, size: int) -> keras.Model:
    """Build the network, or load the one to start from; `plan` has seen that it fits."""
    start = start_bundle(config)
    return load(start.weights) if start else build(config.network, size, config.backbone_weights)


def fit_run(
    data: TrainingData,
    config: TrainingConfig,
    run: Path,
    progress: Progress,
    ending: Ending,
) -> tuple[Journal, KeepBest]:
    """Fit the network on the training part, from where the run stands, and leave its files in the run folder.

    Returns:
        What was journalled, and the best model's score and epoch.
    """
    images, labels, places = data.images, data.labels, data.places("train")
    positions, weights = balance(labels[places], config.imbalance, np.random.default_rng(config.seed))
    best = KeepBest(run / CHECKPOINT, config.patience)
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
    journal = Journal(run / METRICS, config, progress, ending, done)
    validation = Validation(images, labels, data.places("validation"), ending)
    callbacks = [validation, best, journal, Events(run / EVENTS), KeepState(run / STATE, best)]
    if not (done and best.is_over(done)):
        shown = Batches(images, labels, places[positions], weights, config, done)
        model.fit(shown, epochs=config.epochs, initial_epoch=done, verbose=0, callbacks=callbacks, shuffle=False)
    return journal, best


def devices() -> tf.distribute.Strategy:
    """Return how the network is laid on this machine: on all of its GPUs where there are several."""
    several = len(tf.config.list_logical_devices("GPU")) > 1
    return tf.distribute.MirroredStrategy() if several else tf.distribute.get_strategy()


def _nothing(ending: Ending) -> dict[str, str]:
    """Describe the end of a run that has no whole epoch."""
    if ending.diverged:
        return {"status": "diverged", "message": "The loss is not a number. Try a smaller learning rate."}
    return {"status": "stopped", "message": "Stopped before the first epoch ended; there is no model."}


def _ending(ending: Ending, best: KeepBest, judged: TrainingData) -> dict[str, str]:
    kept = f"the best model, of epoch {best.best_epoch}, is kept"
    if ending.diverged:
        return {
            "status": "diverged",
            "message": f"The loss is not a number; {kept}. Try a smaller learning rate.",
        }
    if ending.stopped:
        return {"status": "stopped", "message": " ".join([f"Stopped on request; {kept}.", *judged.shortened()])}
    return {"status": "finished", "message": f"Finished; {kept}."}
