import numpy as np
import pandas as pd
import pytest

from mammo_core.documents.card import PartCounts
from mammo_core.learning.training_data import TrainingData, count_parts


@pytest.fixture
def data():
    """Six patients with two images each; every second patient is positive; two patients a part."""
    patients = np.repeat(np.arange(6), 2)
    table = pd.DataFrame(
        {
            "patient_id": patients,
            "label": (patients % 2 == 1).astype(float),
            "part": np.repeat(["train", "validation", "test"], 4),
        }
    )
    return TrainingData(table, np.zeros((12, 4, 4), np.uint8), np.ones(12, bool))


def test_count_parts_counts_images_and_patients(data):
    expected = PartCounts(images=4, patients=2, positive_images=2, positive_patients=1)
    assert count_parts(data.table) == {"train": expected, "validation": expected, "test": expected}
    assert count_parts(data.table[:4])["test"].images == 0


def test_indices_are_the_selected_images_of_a_part(data):
    assert data.indices("validation").tolist() == [4, 5, 6, 7]
    assert data.labels.tolist() == [0, 0, 1, 1] * 3
    assert TrainingData(data.table, data.images, np.arange(12) % 2 == 0).indices("test").tolist() == [8, 10]


def test_describe_sample_names_parts_with_fewer_patients(data):
    assert data.describe_sample() == []
    selected = np.ones(12, bool)
    selected[10:] = False
    sample = TrainingData(data.table, data.images, selected)
    assert sample.describe_sample() == [
        "The run was stopped, so its report is based on a sample of the patients: 1 of 2 (test)."
    ]


def test_sample_selects_all_images_of_a_patient_or_none(data):
    sampled = data.sample(2, seed=0)
    assert [len(sampled.indices(part)) for part in ("train", "validation", "test")] == [4, 4, 4]  # one of each label
    chosen = data.table[sampled.selected].groupby("patient_id").size()
    assert (chosen == 2).all()
