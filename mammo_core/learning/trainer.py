"""A training run, from a prepared store to a verified model folder.

<models>/<run>/
    config.json  split.parquet  metrics.jsonl      what was asked for, who is in which part, how it went
    checkpoint.keras                               the best network so far, whole
    model.keras, contract.json, …, card.json       the finished model, see mammo_core.models
    verification.json                              what a fresh process found when it loaded the model
"""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from mammo_core import models
from mammo_core.dataset.splits import balance
from mammo_core.dataset.store import Store, open_store
from mammo_core.errors import ConfigError, ModelError
from mammo_core.evaluation import choose_threshold, evaluate, fit_platt
from mammo_core.files import append_json_line, read_json, whole, write_json
from mammo_core.learning.callbacks import Journal, KeepBest, Progress, Validation, predict
from mammo_core.learning.config import TrainingConfig
from mammo_core.learning.inputs import Batches
from mammo_core.learning.network import build, evidence, load, with_features
from mammo_core.learning.plan import describe, plan
from mammo_core.preprocess import to_tensor
from mammo_core.settings import PROJECT

CHECKPOINT = "checkpoint.keras"
METRICS = "metrics.jsonl"
VERIFICATION = "verification.json"
TOLERANCE = 1e-6  # between the probabilities before saving and after loading
LOSS = "categorical_crossentropy"
OPERATING_POLICY = "specificity_90"
ATTRIBUTES = (
    "age",
    "site_id",
    "machine_id",
    "density",
    "implant",
)  # kept with the predictions, for subgroups


@dataclass(frozen=True)
class TrainingData:
    """The labelled images of a store, divided.

    Attributes:
        table: one row an image: the manifest's columns and part.
        images: uint8 (n, size, size), in the table's order.
    """

    table: pd.DataFrame
    images: np.ndarray

    def part(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return images uint8 (m, size, size) and labels int (m,) of a part."""
        chosen = (self.table["part"] == name).to_numpy()
        return self.images[chosen], self.table["label"].to_numpy(int)[chosen]


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
        _finish(run, config, store, data, best.best_epoch)
        outcome |= _ending(journal, best) | {"verified": _verify(run)}
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
    batches = Batches(
        images,
        labels,
        positions,
        weights,
        batch_size=config.batch_size,
        augment=config.augment,
        seed=config.seed,
    )
    schedule = keras.optimizers.schedules.CosineDecay(
        config.learning_rate, config.epochs * len(batches), alpha=0.05
    )
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


def _finish(run: Path, config: TrainingConfig, store: Store, data: TrainingData, best_epoch: int) -> None:
    """Write the model folder from the best checkpoint: network, contract, predictions, evaluation, card."""
    best = load(run / CHECKPOINT)
    with whole(run / models.MODEL) as path:
        keras.Model(best.input, best.output, name=best.name).save(path)  # without the optimiser's state
    write_json(run / models.CONTRACT, store.contract.to_json())

    validation_images, validation_labels = data.part("validation")
    heat_scale = _heat_scale(best, validation_images[validation_labels == 1])
    table = data.table
    held_out = (table["part"] != "train").to_numpy()
    raw = predict(best, data.images[held_out])
    columns = ["patient_id", "image_id", "laterality", "view", "label", "part", *ATTRIBUTES]
    predictions = table.loc[held_out, columns].assign(raw_probability=raw).reset_index(drop=True)
    predictions["label"] = predictions["label"].astype(int)
    validation = predictions["part"] == "validation"
    calibration = fit_platt(
        predictions.loc[validation, "label"], predictions.loc[validation, "raw_probability"]
    )
    predictions["probability"] = calibration.apply(predictions["raw_probability"].to_numpy())
    with whole(run / models.PREDICTIONS) as path:
        predictions.to_parquet(path, index=False)

    threshold = choose_threshold(predictions[validation], OPERATING_POLICY)
    judged = "test" if config.test_share else "validation"
    report = evaluate(
        predictions[predictions["part"] == judged],
        operating_point=threshold,
        training_table=table[table["part"] == "train"],
    )
    write_json(run / models.EVALUATION, {"part": judged, **report.to_json()})
    card = {
        "name": run.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "network": best.name,
        "weights": int(best.count_params()),
        "best_epoch": best_epoch,
        "config": config.parameters,
        "data": {"store": store.name, **_origin(store), "parts": describe(data.table)},
        "contract": store.contract.identity,
        "calibration": {"method": "Platt scaling on the validation images", **calibration.to_json()},
        "heat_scale": heat_scale,
        "operating_point": {
            "threshold": threshold,
            "policy": OPERATING_POLICY,
            "unit": "breast",
            "chosen_on": "validation",
        },
        "limits": _limits(store.source()["synthetic"]),
    }
    models.write_card(run, card)


def _heat_scale(model: keras.Model, positives: np.ndarray) -> float | None:
    """Return what the hottest place of the median positive image adds to the logit; None without an activation map."""
    network = with_features(model)
    if len(network.outputs) == 1:
        return None
    peaks = [
        evidence(network, np.asarray(network.predict_on_batch(to_tensor(image[np.newaxis]))[1])).max()
        for image in positives
    ]
    return max(float(np.median(peaks)), 1e-6)


def _origin(store: Store) -> dict[str, Any]:
    """Return where the images came from, without the paths of this machine."""
    source = store.source()
    return {name: source[name] for name in ("dataset", "synthetic", "generator")}


def _limits(synthetic: bool) -> list[str]:
    limits = [
        "Research use only. Not a medical device; not for any decision about a patient.",
        "At 256 pixels a pixel is about a millimetre: masses can show, microcalcifications can't.",
    ]
    if synthetic:
        limits.insert(
            0, "Trained on synthetic images only: what it says about a real mammogram has no meaning."
        )
    return limits


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


def _verify(run: Path) -> bool:
    """Load the model in a fresh process and compare its predictions on the validation part with the stored ones."""
    command = [sys.executable, "-m", "mammo_core.learning.verify", str(run)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ModelError(f"The saved model can't be loaded again: {last}")
    return bool(read_json(run / VERIFICATION)["verified"])
