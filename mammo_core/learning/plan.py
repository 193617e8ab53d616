"""Who will be in which part of a run, known before anything starts and without loading TensorFlow."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from mammo_core.dataset.splits import PARTS, assert_no_overlap, balance, sample_patients, split_fold, split_patients
from mammo_core.dataset.store import Store, open_store
from mammo_core.errors import ConfigError, DataError
from mammo_core.learning.config import TrainingConfig, quick_start
from mammo_core.models.bundle import IMAGE_KEY, Bundle, open_bundle
from mammo_core.models.registry import model_folder
from mammo_core.workspace import Workspace

SPLIT = "split.parquet"  # in a run's folder: who is in which part
SPLIT_COLUMNS = ["patient_id", "image_id", "label", "part"]
MEMORY_SHARE = 0.8  # of the free memory that the images may take
DIVIDING = ("seed", "validation_share", "test_share", "folds", "fold")  # the settings by which patients are divided
TREATMENTS = {
    "oversample": "positive images are repeated until both classes are equal",
    "undersample": "as many negative images are drawn as there are positive ones",
    "class_weights": "each class is weighed by the inverse of its share",
    "none": "the classes stay as they are",
}


@dataclass(frozen=True)
class TrainingData:
    """The labelled images of a store, divided. They are in memory once; all else goes by their places.

    Attributes:
        table: one row an image: the manifest's columns and part.
        images: uint8 (n, size, size), in the table's order.
        looked_at: bool (n,), the images that count; all, but for a stopped run's judging.
    """

    table: pd.DataFrame
    images: np.ndarray
    looked_at: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """The labels, int (n,)."""
        return self.table["label"].to_numpy(int)

    def places(self, part: str) -> np.ndarray:
        """Return where the images of a part are, int (m,)."""
        return np.flatnonzero((self.table["part"] == part).to_numpy() & self.looked_at)

    def sample(self, most: int, seed: int) -> "TrainingData":
        """Return the same data, of which whole patients with about `most` images of each part are looked at."""
        return replace(self, looked_at=sample_patients(self.table, most, seed))

    def shortened(self) -> list[str]:
        """Say on how many patients of each part a stopped run's report rests, if not on all."""
        whole, sampled = describe(self.table), describe(self.table[self.looked_at])
        counts = [
            f"{sampled[part]['patients']:,} of {whole[part]['patients']:,} ({part})"
            for part in PARTS
            if sampled[part]["patients"] < whole[part]["patients"]
        ]
        if not counts:
            return []
        return [f"The run was stopped, so its report rests on a sample of the patients: {', '.join(counts)}."]


def check(config: TrainingConfig) -> None:
    """Refuse settings that contradict each other, their start model, or this machine.

    Raises:
        ConfigError, ModelError, DataError: what doesn't fit, and what would.
    """
    store = open_store(Workspace.from_environment(), config.store)
    if (config.folds is None) != (config.fold is None):
        raise ConfigError("folds and fold belong together: fold 2 of 5 is folds=5 and fold=2.")
    if config.backbone_weights is not None and (config.network != "large" or config.start_from is not None):
        raise ConfigError("Backbone weights are for the large network only, and without a model to start from.")
    if config.backbone_weights is not None and not Path(config.backbone_weights).is_file():
        raise ConfigError(f"The file of backbone weights, {config.backbone_weights}, isn't there.")
    if (bundle := start_bundle(config)) is not None:
        if bundle.preprocessing != store.preprocessing:
            raise ConfigError(
                f"{config.start_from} expects images prepared in another way than the store {config.store} holds. "
                "Import the data again with that model's size, or start from random weights."
            )
        if bundle.card.network != config.network:
            raise ConfigError(
                f"{config.start_from} is a {bundle.card.network} network, not {config.network}. "
                f"Choose the network {bundle.card.network}, or start from random weights."
            )


def start_bundle(config: TrainingConfig) -> Bundle | None:
    """Return the model that a run starts from, if it starts from one.

    Raises:
        ModelError: it isn't there, or isn't sound.
    """
    return (
        None
        if config.start_from is None
        else open_bundle(model_folder(Workspace.from_environment(), config.start_from))
    )


def plan(config: TrainingConfig) -> pd.DataFrame:
    """Return the labelled images of the store with the part that each would be in.

    Raises:
        MammoError: the store, the settings or this machine's memory don't allow it.
    """
    check(config)
    store = open_store(Workspace.from_environment(), config.store)
    manifest = store.manifest()
    labelled = manifest[manifest["label"].notna()].reset_index(drop=True)
    if labelled.empty:
        raise DataError(f"The store {config.store} has no labelled images. Training needs a cancer column.")
    _assert_memory(len(labelled) * store.preprocessing.size**2)
    if config.folds is not None and config.fold is not None:
        part = split_fold(labelled, config.folds, config.fold, config.validation_share, config.seed)
    else:
        part = split_patients(labelled, config.validation_share, config.test_share, config.seed)
    split = labelled.assign(part=part)
    assert_no_overlap(split)
    if (bundle := start_bundle(config)) is not None:
        _assert_unseen(bundle, split)
    return split


def preset(store: Store, start_from: str | None) -> TrainingConfig:
    """Return the one-click preset; a start model that knows these data keeps its own split, so that nothing leaks.

    Args:
        store: the prepared store.
        start_from: a compatible model to go on from, if there is one.
    """
    config = quick_start(store.name, start_from)
    if start_from is None:
        return config
    bundle = open_bundle(model_folder(Workspace.from_environment(), start_from))
    images = store.manifest()
    if bundle.seen_split(images).isna().all():
        return config
    if not _has_divided(bundle, images):  # but a model that it started from knows them
        return quick_start(store.name, None)
    return config.model_copy(update={name: getattr(bundle.card.config, name) for name in DIVIDING})


def _has_divided(bundle: Bundle, images: pd.DataFrame) -> bool:
    """Return whether a model's own run divided these images into parts."""
    own = bundle.predictions()[IMAGE_KEY].astype(str)
    return not own.merge(images[IMAGE_KEY].astype(str)).empty


def _assert_unseen(bundle: Bundle, split: pd.DataFrame) -> None:
    """Refuse to judge, or to stop early, by patients from whom the start model has learnt.

    Raises:
        ConfigError: there are such patients.
    """
    split_seen = bundle.seen_split(split)
    seen = ((split["part"] == "test") & split_seen.notna()) | (
        (split["part"] == "validation") & (split_seen == "train")
    )
    if seen.any():
        config, remedy = bundle.card.config, "Start from random weights."
        if _has_divided(bundle, split):
            own = [
                f"{name.replace('_', ' ')} {value}" for name in DIVIDING if (value := getattr(config, name)) is not None
            ]
            remedy = f"Take its own {', '.join(own)}, or start from random weights."
        raise ConfigError(
            f"{bundle.name}, or a model that it started from, has already learnt from "
            f"{split.loc[seen, 'patient_id'].nunique():,} of the patients that this run would be judged on. {remedy}"
        )


def steps_an_epoch(labels: np.ndarray, config: TrainingConfig) -> int:
    """Return how many batches an epoch has once the imbalance is treated.

    Args:
        labels: of the training part, int (n,).
        config: of the run.
    """
    positions, _ = balance(labels, config.imbalance, np.random.default_rng(config.seed))
    return math.ceil(len(positions) / config.batch_size)


def _assert_memory(needed: int) -> None:
    available = psutil.virtual_memory().available
    if needed > MEMORY_SHARE * available:
        raise ConfigError(
            f"The images take {needed / 2**30:.1f} GiB of memory, and {available / 2**30:.1f} GiB are free. "
            "Close other programs, or import the data at a smaller size."
        )


def describe(split: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return images, patients, positive_images and positive_patients of each part.

    Args:
        split: one row an image, with patient_id, label (0 or 1) and part.
    """
    parts = {}
    for name in PARTS:
        rows = split[split["part"] == name]
        positive = rows[rows["label"] == 1]
        parts[name] = {
            "images": len(rows),
            "patients": int(rows["patient_id"].nunique()),
            "positive_images": len(positive),
            "positive_patients": int(positive["patient_id"].nunique()),
        }
    return parts


@dataclass(frozen=True)
class Preview:
    """What will happen.

    Attributes:
        parts: part, images, patients and the positive ones of each.
        steps: batches an epoch.
        sentence: the same for people.
    """

    parts: pd.DataFrame
    steps: int
    sentence: str


def preview(config: TrainingConfig) -> Preview:
    """Tell what a run would do.

    Raises:
        MammoError: the store, the settings or this machine's memory don't allow it.
    """
    split = plan(config)
    table = pd.DataFrame.from_dict(describe(split), orient="index").rename_axis("part").reset_index()
    labels = split.loc[split["part"] == "train", "label"].to_numpy(int)
    steps = steps_an_epoch(labels, config)
    origin = f"the weights of **{config.start_from}**" if config.start_from else "random weights"
    if config.backbone_weights:
        origin = f"the backbone weights of {Path(config.backbone_weights).name}"
    size = open_store(Workspace.from_environment(), config.store).preprocessing.size
    sentence = (
        f"The **{config.network}** network on images of {size} × {size} pixels (for another size import the data again, on the "
        f"Data page), from {origin}: at most {config.epochs} epochs of {steps:,} steps, "
        f"{config.batch_size} images each; {TREATMENTS[config.imbalance]}, in the training part only."
    )
    shown = table[table["images"] > 0].rename(columns=lambda name: name.replace("_", " "))
    return Preview(shown, steps, sentence)
