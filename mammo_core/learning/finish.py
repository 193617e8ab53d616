"""The end of a run: from its best checkpoint to a model folder that is judged, saved whole and verified."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from mammo_core import models
from mammo_core.dataset.store import Store
from mammo_core.dataset.truth import boxes_in_input, read_truth
from mammo_core.errors import ModelError
from mammo_core.evaluation import STATISTICS, choose_threshold, evaluate, fit_platt, image_statistics
from mammo_core.evaluation.familiarity import Reference, describe_inputs, fit_reference
from mammo_core.evaluation.localisation import Located, localisation
from mammo_core.evaluation.operating import Policy
from mammo_core.evaluation.report import FIGURES
from mammo_core.files import read_json, whole, write_json
from mammo_core.learning.callbacks import PREDICTION_BATCH, predict
from mammo_core.learning.config import TrainingConfig
from mammo_core.learning.network import evidence, load, with_features
from mammo_core.learning.plan import TrainingData, describe
from mammo_core.preprocess import Geometry, to_tensor
from mammo_core.settings import PROJECT

CHECKPOINT = "checkpoint.keras"
VERIFICATION = "verification.json"
OPERATING_POLICY: Policy = "specificity_90"
REFERENCE_IMAGES = 4_000  # of a part, at most: more don't change what is usual
KEPT = (  # of the manifest, with the predictions: who it was, and what subgroups and baselines need
    "patient_id", "image_id", "laterality", "view", "label", "part", "age", "site_id", "machine_id", "density", "implant",
)  # fmt: skip
LIMITS = (
    "Research use only. Not a medical device; not for any decision about a patient.",
    "At 256 pixels a pixel is about a millimetre: masses can show, microcalcifications can't.",
)
SYNTHETIC_LIMIT = "Trained on synthetic images only: what it says about a real mammogram has no meaning."


def finish(run: Path, config: TrainingConfig, store: Store, data: TrainingData, best_epoch: int) -> None:
    """Write the model folder: network, contract, predictions, evaluation, card."""
    best = load(run / CHECKPOINT)
    with whole(run / models.MODEL) as path:
        keras.Model(best.input, best.output, name=best.name).save(path)  # without the optimiser's state
    write_json(run / models.CONTRACT, store.contract.to_json())

    table = pd.concat([data.table[list(KEPT)], image_statistics(data.images)], axis=1)
    held_out = (table["part"] != "train").to_numpy()
    predictions = table[held_out].assign(raw_probability=predict(best, data.images[held_out])).reset_index(drop=True)
    predictions["label"] = predictions["label"].astype(int)
    validation = predictions["part"] == "validation"
    calibration = fit_platt(predictions.loc[validation, "label"], predictions.loc[validation, "raw_probability"])
    predictions["probability"] = calibration.apply(predictions["raw_probability"].to_numpy())
    with whole(run / models.PREDICTIONS) as path:
        predictions.to_parquet(path, index=False)

    threshold = choose_threshold(predictions[validation], OPERATING_POLICY)
    judged = "test" if config.test_share else "validation"
    report = evaluate(
        predictions[predictions["part"] == judged],
        operating_point=threshold,
        training=table.loc[~held_out, ["label", "age", *STATISTICS]],
    )
    learn_reference(best, data).save(run / models.REFERENCE)
    where = localisation(locate(best, data, store, judged))
    write_json(run / models.EVALUATION, {"part": judged, **report, "localisation": where})
    card = {
        "name": run.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "network": best.name,
        "weights": int(best.count_params()),
        "best_epoch": best_epoch,
        "config": config.parameters,
        "data": {"store": store.name, **_origin(store), "parts": describe(data.table)},
        "contract": store.contract.identity,
        "metrics": {
            "part": judged,
            **{name: report[name] for name in ("unit", "n", "positives", "patients", *FIGURES)},
        },
        "calibration": {"method": "Platt scaling on the validation images", **calibration.to_json()},
        "heat_scale": _heat_scale(best, *data.part("validation")),
        "operating_point": {
            "threshold": threshold,
            "policy": OPERATING_POLICY,
            "unit": "breast",
            "chosen_on": "validation",
        },
        "limits": [*([SYNTHETIC_LIMIT] if store.source()["synthetic"] else []), *LIMITS],
    }
    models.write_card(run, card)


def learn_reference(model: keras.Model, data: TrainingData) -> Reference:
    """Learn from the training and validation images what an image that the model knows is like."""
    network = with_features(model)
    parts = []
    for part in ("train", "validation"):
        places = np.flatnonzero((data.table["part"] == part).to_numpy())
        if len(places) > REFERENCE_IMAGES:
            places = np.random.default_rng(0).choice(places, REFERENCE_IMAGES, replace=False)
        geometries = [Geometry.from_json(json.loads(text)) for text in data.table["geometry"].iloc[places]]
        parts.append(describe_inputs(data.images[places], geometries, embed(network, data.images[places])))
    return fit_reference(*parts)


def locate(model: keras.Model, data: TrainingData, store: Store, part: str) -> list[Located]:
    """Return heat and lesions of the part's positive images whose lesions are known; none without an activation map."""
    network, truth = with_features(model), read_truth(store.csv.parent)
    if truth is None or len(network.outputs) == 1:
        return []
    malignant = dict(list(truth[truth["malignant"] == 1].groupby("image_id")))
    found = []
    for place in np.flatnonzero((data.table["part"] == part).to_numpy()):
        row, image = data.table.iloc[place], data.images[place]
        if str(row["image_id"]) in malignant:
            geometry = Geometry.from_json(json.loads(row["geometry"]))
            features = np.asarray(network.predict_on_batch(to_tensor(image[np.newaxis]))[1])
            boxes = boxes_in_input(malignant[str(row["image_id"])], geometry)
            found.append(Located(row["patient_id"], evidence(network, features)[0], image > 0, boxes))
    return found


def embed(network: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return the mean features of images, float64 (n, c); (n, 0) for a network without an activation map.

    Args:
        network: see `with_features`.
        images: uint8 (n, size, size).
    """
    if len(network.outputs) == 1:
        return np.empty((len(images), 0))
    batches = [
        np.asarray(network.predict_on_batch(to_tensor(images[start : start + PREDICTION_BATCH]))[1])
        for start in range(0, len(images), PREDICTION_BATCH)
    ]
    return np.concatenate([features.mean(axis=(1, 2)) for features in batches]).astype(np.float64)


def verifier(run: Path) -> "subprocess.Popen[str]":
    """Start the fresh process that will verify the model; it loads TensorFlow while this one judges.

    It waits for a line on its standard input, and ends without a word if this process ends instead.
    """
    command = [sys.executable, "-m", "mammo_core.learning.verify", str(run)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=PROJECT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def verify(run: Path, process: "subprocess.Popen[str]") -> bool:
    """Let the fresh process compare the loaded model's predictions on the validation part with the stored ones.

    Raises:
        ModelError: it can't be loaded.
    """
    _, errors = process.communicate("verify\n")
    if process.returncode:
        last = (errors.strip().splitlines() or ["no message"])[-1]
        raise ModelError(f"The saved model can't be loaded again: {last}")
    return bool(read_json(run / VERIFICATION)["verified"])


def _heat_scale(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> float | None:
    """Return what the hottest place of the median positive image adds to the logit; None without an activation map."""
    network = with_features(model)
    if len(network.outputs) == 1:
        return None
    peaks = [
        evidence(network, np.asarray(network.predict_on_batch(to_tensor(image[np.newaxis]))[1])).max()
        for image in images[labels == 1]
    ]
    return max(float(np.median(peaks)), 1e-6)


def _origin(store: Store) -> dict[str, Any]:
    """Return where the images came from, without the paths of this machine."""
    source = store.source()
    return {name: source[name] for name in ("dataset", "synthetic", "generator")}
