"""The labelled images of a store with their split."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mammo_core.dataset.splits import PARTS, sample_patients
from mammo_core.dataset.stored_images import StoredImages
from mammo_core.documents.card import PartCounts
from mammo_core.documents.metrics import Part


@dataclass(frozen=True)
class TrainingData:
    """All labelled images of a store, with their split.

    The pixels are read when they are needed; subsets are index arrays.

    Attributes:
        table: one row per image: the manifest's columns and part.
        images: uint8 (n, rows, columns), in the table's order; indexed by arrays.
        selected: bool (n,), the images in use: all of them, or the sample on which a stopped run is evaluated.
    """

    table: pd.DataFrame
    images: np.ndarray | StoredImages
    selected: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """The labels, int (n,)."""
        return self.table["label"].to_numpy(int)

    def indices(self, part: str) -> np.ndarray:
        """Return the indices of a part's selected images, int (m,)."""
        return np.flatnonzero((self.table["part"] == part).to_numpy() & self.selected)

    def sample(self, max_images: int, seed: int) -> "TrainingData":
        """Return the same data with a random sample of patients selected.

        The sample has about `max_images` images of each part, and all images of each of its patients.
        """
        return replace(self, selected=sample_patients(self.table, max_images, seed))

    def describe_sample(self) -> list[str]:
        """Return a sentence on the number of patients on which a stopped run is evaluated.

        It counts the patients of each part. The list is empty if the run is evaluated on all patients.
        """
        total, sampled = count_parts(self.table), count_parts(self.table[self.selected])
        counts = [
            f"{sampled[part].patients:,} of {total[part].patients:,} ({part})"
            for part in total
            if sampled[part].patients < total[part].patients
        ]
        if not counts:
            return []
        return [f"The run was stopped, so its report is based on a sample of the patients: {', '.join(counts)}."]


def count_parts(split: pd.DataFrame) -> dict[Part, PartCounts]:
    """Count images and patients of each part.

    Args:
        split: one row per image, with patient_id, label (0 or 1) and part.
    """
    counts: dict[Part, PartCounts] = {}
    for part in PARTS:
        rows = split[split["part"] == part]
        positive = rows[rows["label"] == 1]
        counts[part] = PartCounts(
            images=len(rows),
            patients=int(rows["patient_id"].nunique()),
            positive_images=len(positive),
            positive_patients=int(positive["patient_id"].nunique()),
        )
    return counts
