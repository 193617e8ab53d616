"""Who will be in which part of a run, known before anything starts and without loading TensorFlow."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mammo_core.dataset.splits import PARTS, assert_no_overlap, split_patients
from mammo_core.dataset.store import open_store
from mammo_core.errors import DataError
from mammo_core.learning.config import TrainingConfig


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


def plan(config: TrainingConfig) -> pd.DataFrame:
    """Return the labelled images of the store with the part that each would be in.

    Raises:
        DataError, ConfigError: the store or the shares don't allow a split.
    """
    manifest = open_store(config.store).manifest()
    labelled = manifest[manifest["label"].notna()].reset_index(drop=True)
    if labelled.empty:
        raise DataError(f"The store {config.store} has no labelled images. Training needs a cancer column.")
    part = split_patients(labelled, config.validation_share, config.test_share, config.seed)
    split = labelled.assign(part=part)
    assert_no_overlap(split)
    return split


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


def preview(config: TrainingConfig) -> pd.DataFrame:
    """Return the table that people see before a run starts: part, patients, images and the positive ones of each.

    Raises:
        DataError, ConfigError: the store or the shares don't allow a split.
    """
    parts = describe(plan(config))
    table = pd.DataFrame.from_dict(parts, orient="index").rename_axis("part").reset_index()
    return table[table["images"] > 0].rename(columns=lambda name: name.replace("_", " "))
