import numpy as np
import pandas as pd
import pytest

from mammo_core.dataset.splits import assert_no_overlap, balance, sample_patients, split_fold, split_patients
from mammo_core.errors import ConfigError, DataError


def manifest(patients=100, positive=20, images=4):
    rows = [
        {"patient_id": str(patient), "label": int(patient < positive and image == 0)}
        for patient in range(patients)
        for image in range(images)
    ]
    return pd.DataFrame(rows)


def test_split_patients_is_stratified_and_disjoint():
    table = manifest()
    table["part"] = split_patients(table, 0.2, 0.25, seed=0)
    patients = table.groupby("patient_id").agg(
        part=("part", "first"), parts=("part", "nunique"), label=("label", "max")
    )
    assert (patients["parts"] == 1).all()
    assert patients["part"].value_counts().to_dict() == {"train": 55, "test": 25, "validation": 20}
    assert patients.groupby("part")["label"].sum().to_dict() == {"train": 11, "test": 5, "validation": 4}
    assert_no_overlap(table)


def test_split_patients_same_seed_is_reproducible():
    table = manifest()
    first, again, other = (split_patients(table, 0.2, 0.2, seed) for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_split_patients_without_test_part():
    assert set(split_patients(manifest(), 0.2, 0.0, 0)) == {"train", "validation"}


def test_assert_no_overlap_raises_data_error():
    table = pd.DataFrame({"patient_id": ["a", "a", "b"], "part": ["train", "test", "test"]})
    with pytest.raises(DataError, match="1 patients are in more than one part"):
        assert_no_overlap(table)


@pytest.mark.parametrize("shares", [(0.0, 0.2), (0.5, 0.45), (0.2, -0.1)])
def test_split_patients_invalid_shares_raise_config_error(shares):
    with pytest.raises(ConfigError):
        split_patients(manifest(), *shares, seed=0)


def test_split_patients_too_few_positives_raises_data_error():
    with pytest.raises(DataError, match=r"Not enough positive patients .*\(1 of 100\)"):
        split_patients(manifest(positive=1), 0.2, 0.2, 0)


def test_split_fold_without_positive_patient_raises_data_error():
    assert set(split_fold(manifest(positive=10), 10, 1, 0.2, 0)) == {"train", "validation", "test"}
    with pytest.raises(DataError, match=r"Not enough positive patients .*\(9 of 100\)"):
        split_fold(manifest(positive=9), 10, 1, 0.2, 0)


def test_sample_patients_keeps_whole_patients_and_class_ratio():
    table = manifest()
    table["part"] = split_patients(table, 0.2, 0.25, seed=0)  # 55, 20 and 25 patients of 4 images
    chosen = table[sample_patients(table, 40, seed=0)]
    assert (chosen.groupby("patient_id").size() == 4).all()
    patients = chosen.groupby("patient_id").agg(part=("part", "first"), label=("label", "max")).value_counts()
    assert (patients[("train", 0)], patients[("train", 1)]) == (8, 2)
    assert {part: patients[part].sum() for part in ("train", "validation", "test")} == {
        "train": 10, "validation": 10, "test": 10,
    }  # fmt: skip
    assert patients[("test", 1)] == 2
    assert sample_patients(table, 220, seed=0).all()


LABELS = np.array([0, 0, 0, 0, 0, 0, 1, 1])


@pytest.mark.parametrize(
    ("treatment", "counts", "weights"),
    [
        ("oversample", [6, 6], [1, 1]),
        ("undersample", [2, 2], [1, 1]),
        ("class_weights", [6, 2], [8 / 12, 8 / 4]),
        ("none", [6, 2], [1, 1]),
    ],
)
def test_balance_counts_and_weights(treatment, counts, weights):
    indices, class_weights = balance(LABELS, treatment, np.random.default_rng(0))
    assert np.bincount(LABELS[indices]).tolist() == counts
    assert class_weights.tolist() == weights


def test_balance_oversample_keeps_every_image():
    indices, _ = balance(LABELS, "oversample", np.random.default_rng(0))
    assert set(indices) == set(range(8))


def test_balance_oversample_rare_negatives():
    indices, _ = balance(1 - LABELS, "oversample", np.random.default_rng(0))
    assert np.bincount((1 - LABELS)[indices]).tolist() == [6, 6]
