"""A training run, from a prepared store to a verified model folder.

<models>/<run>/
    config.json  split.parquet  metrics.jsonl      what was asked for, who is in which part, how it went
    checkpoint.keras                               the best network so far, whole
    model.keras, contract.json, …, card.json       the finished model, see mammo_core.models
    verification.json                              what a fresh process found when it loaded the model
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mammo_core import models
from mammo_core.dataset.splits import balance
from mammo_core.dataset.store import Store, open_store
from mammo_core.errors import ConfigError
from mammo_core.files import append_json_line, whole, write_json
from mammo_core.learning.callbacks import Journal, KeepBest, Progress, Validation
from mammo_core.learning.config import TrainingConfig
from mammo_core.learning.finish import CHECKPOINT, finish, verify
from mammo_core.learning.inputs import Batches
from mammo_core.learning.network import build, load
from mammo_core.learning.plan import TrainingData, describe, plan

METRICS = "metrics.jsonl"
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
    """Train, judge, save, and verify in a fresh process.

    Args:
        run: the run folder; its name becomes the model's.
        config: what to do.
        progress: see `Journal`.
        should_stop: asked at every step; the best model so far is kept.

    Returns:
        run, status ("finished", "stopped" or "diverged"), message, epochs, best_epoch, seconds, verified.

    Raises:
        MammoError: the data don't allow it, or the start model doesn't fit.
    """
    started = time.monotonic()
    keras.utils.set_random_seed(config.seed)
    write_json(run / "config.json", config.parameters)
    store = open_store(config.store)
    table = plan(config)
    with whole(run / "split.parquet") as path:
        table[["patient_id", "image_id", "label", "part"]].to_parquet(path, index=False)
    data = TrainingData(table, store.images(table["png"].to_list()))
    model = _start_model(config, store)

    (run / METRICS).unlink(missing_ok=True)
    append_json_line(run / METRICS, {"kind": "start", "time": time.time(), "parts": describe(data.table)})
    journal, best = _fit(model, data, config, run, progress, should_stop)
    outcome: dict[str, Any] = {"run": run.name, "epochs": journal.epochs_done, "best_epoch": best.best_epoch}
    if journal.stopped and best.best is None:
        outcome |= {
            "status": "stopped",
            "message": "Stopped before the first epoch ended; there is no model.",
            "verified": False,
        }
    elif journal.diverged and best.best is None:
        outcome |= {
            "status": "diverged",
            "message": "The loss is not a number. Try a smaller learning rate.",
            "verified": False,
        }
    else:
        finish(run, config, store, data, best.best_epoch)
        outcome |= _ending(journal, best) | {"verified": verify(run)}
    return outcome | {"seconds": round(time.monotonic() - started, 3)}


def _start_model(config: TrainingConfig, store: Store) -> keras.Model:
    if config.start_from is None:
        model = build(config.network, store.contract.size)
    else:
        bundle = models.open_bundle(models.model_folder(config.start_from))
        if bundle.contract != store.contract:
            raise ConfigError(
                f"{config.start_from} expects images prepared in another way than the store {config.store} holds. "
                "Import the data again with that model's size, or start from random weights."
            )
        model = load(bundle.weights)
    return model


def _fit(
    model: keras.Model,
    data: TrainingData,
    config: TrainingConfig,
    run: Path,
    progress: Progress,
    should_stop: Callable[[], bool],
) -> tuple[Journal, KeepBest]:
    images, labels = data.part("train")
    positions, weights = balance(labels, config.imbalance, np.random.default_rng(config.seed))
    batches = Batches(images, labels, positions, weights, config)
    schedule = keras.optimizers.schedules.CosineDecay(config.learning_rate, config.epochs * len(batches), alpha=0.05)
    model.compile(
        optimizer=keras.optimizers.Adam(schedule),
        loss=LOSS,
        metrics=["accuracy", PositiveAUC(name="auc")],
    )
    journal = Journal(run / METRICS, config.epochs, config.batch_size, progress, should_stop)
    best = KeepBest(run / CHECKPOINT, config.patience)
    callbacks = [Validation(*data.part("validation")), best, journal]
    model.fit(batches, epochs=config.epochs, verbose=0, callbacks=callbacks, shuffle=False)
    return journal, best


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
