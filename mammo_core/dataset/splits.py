"""Split patients into training, validation and test parts.

All images of a patient are in the same part.
"""

import math

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold, train_test_split

from mammo_core.documents.metrics import Part
from mammo_core.errors import ConfigError, DataError

PARTS: tuple[Part, ...] = ("train", "validation", "test")


def split_patients(manifest: pd.DataFrame, validation_share: float, test_share: float, seed: int) -> pd.Series:
    """Split the patients, stratified by whether any of their images is positive.

    Args:
        manifest: one row per image, with patient_id and label (0 or 1).
        validation_share: share of the patients for early stopping and calibration, in (0, 1).
        test_share: share of the patients for the final report only, in [0, 1).
        seed: seed of the shuffle.

    Returns:
        "train", "validation" or "test" for each row, with the manifest's index.

    Raises:
        ConfigError: the shares leave nothing to train on.
        DataError: there are too few patients of either label to put one in each part.
    """
    if validation_share <= 0 or test_share < 0 or validation_share + test_share >= 0.9:
        raise ConfigError(
            f"A validation share of {validation_share} and a test share of {test_share} leave too little to train on; "
            "validation must be above 0, and both together below 0.9."
        )
    positive = _positive(manifest)
    parts = pd.Series("train", index=positive.index)
    rest = positive
    for part, share in (("test", test_share), ("validation", validation_share / (1 - test_share))):
        if share:
            kept, taken = _divide(rest, share, seed)
            parts[taken] = part
            rest = positive[kept]
    return manifest["patient_id"].map(parts)


def split_fold(manifest: pd.DataFrame, folds: int, fold: int, validation_share: float, seed: int) -> pd.Series:
    """Split patients into stratified folds, one of which is the test part.

    Over all folds, each patient is tested once.

    Args:
        manifest: one row per image, with patient_id and label (0 or 1).
        folds: number of folds, at least 2.
        fold: number of the fold that is the test part, from 1.
        validation_share: share of all patients, taken from the other folds.
        seed: seed of the shuffle; the same for all folds.

    Returns:
        "train", "validation" or "test" for each row, with the manifest's index.

    Raises:
        ConfigError: there is no such fold, or nothing is left to train on.
        DataError: there are too few patients of either label to put one in each part.
    """
    if not 1 <= fold <= folds or validation_share + 1 / folds >= 0.9:
        raise ConfigError(
            f"Fold {fold} of {folds} with a validation share of {validation_share} isn't possible; folds count from 1, "
            "and at least a tenth must be left to train on."
        )
    positive = _positive(manifest)
    _assert_enough(positive, 1 / folds, min_patients=folds)
    divider = StratifiedKFold(folds, shuffle=True, random_state=seed)
    kept, taken = list(divider.split(positive, positive))[fold - 1]
    parts = pd.Series("train", index=positive.index)
    parts.iloc[taken] = "test"
    _, validation = _divide(positive.iloc[kept], validation_share / (1 - 1 / folds), seed)
    parts[validation] = "validation"
    return manifest["patient_id"].map(parts)


def _positive(manifest: pd.DataFrame) -> pd.Series:
    return manifest.groupby("patient_id")["label"].max().astype(int)


def _divide(positive: pd.Series, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    _assert_enough(positive, share)
    kept, taken = train_test_split(
        positive.index.to_numpy(), test_size=share, random_state=seed, stratify=positive.to_numpy()
    )
    return kept, taken


def _assert_enough(positive: pd.Series, share: float, min_patients: int = 2) -> None:
    counts = positive.value_counts()
    if len(counts) < 2 or counts.min() < min_patients or round(counts.min() * share) < 1:
        negative, cancer = int(counts.get(0, 0)), int(counts.get(1, 0))
        label, number = ("positive", cancer) if cancer <= negative else ("negative", negative)
        raise DataError(
            f"Not enough {label} patients to train and evaluate on different ones ({number:,} of {negative + cancer:,}). "
            "At least a handful of each label is needed, and one for each fold."
        )


def sample_patients(table: pd.DataFrame, max_images: int, seed: int) -> np.ndarray:
    """Choose a stratified random sample of the patients of each part.

    The strata are patients with and without a positive image.

    Args:
        table: one row per image, with patient_id, label (0 or 1) and part.
        max_images: approximate number of images of each part; a part with fewer is kept completely.
        seed: seed of the choice.

    Returns:
        bool (n,), the rows of the chosen patients, with all their images.
    """
    patients = table.groupby("patient_id").agg(part=("part", "first"), positive=("label", "max"))
    images = table["part"].value_counts()
    chosen: list[str] = []
    for (part, _), group in patients.groupby(["part", "positive"]):
        count = math.ceil(len(group) * min(1.0, max_images / images[part]))
        chosen += group.sample(count, random_state=seed).index.tolist()
    return table["patient_id"].isin(chosen).to_numpy()


def assert_no_overlap(split: pd.DataFrame) -> None:
    """Check that no patient is in two parts of a split.

    Args:
        split: one row per image, with patient_id and part.

    Raises:
        DataError: a patient is in more than one part.
    """
    shared = int((split.groupby("patient_id")["part"].nunique() > 1).sum())
    if shared:
        raise DataError(f"{shared} patients are in more than one part of the split, so no result on it can be trusted.")


def balance(labels: np.ndarray, treatment: str, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Treat the class imbalance of a training part.

    Args:
        labels: int (n,), 0 or 1.
        treatment: "oversample" (repeat positives until both classes are equal), "undersample" (draw as many negatives as
            there are positives), "class_weights" (weigh each class by the inverse of its share) or "none".
        generator: source of random numbers.

    Returns:
        Indices into `labels` to train on, int (m,), not shuffled; and the weights of class 0 and class 1, float (2,).
    """
    counts = np.bincount(labels, minlength=2)
    rare = int(counts.argmin())
    few, many = np.flatnonzero(labels == rare), np.flatnonzero(labels != rare)
    weights = np.ones(2)
    if treatment == "oversample":
        extra = generator.choice(few, len(many) - len(few), replace=True)
        return np.sort(np.concatenate([many, few, extra])), weights
    if treatment == "undersample":
        return np.sort(np.concatenate([few, generator.choice(many, len(few), replace=False)])), weights
    if treatment == "class_weights":
        weights = len(labels) / (2 * counts)
    elif treatment != "none":
        raise ConfigError(
            f"There is no imbalance treatment {treatment!r}; choose oversample, undersample, class_weights or none."
        )
    return np.arange(len(labels)), weights
