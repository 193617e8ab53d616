"""Baselines: what can be predicted without finding a cancer.

A model must do better than these.
"""

import numpy as np
import pandas as pd
from scipy.special import logit
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mammo_core.evaluation.intervals import patients_by_label

PERCENTILES = (5, 10, 25, 50, 75, 90, 95)
STATISTICS = ("image_area", "image_mean", "image_deviation", *(f"image_p{p}" for p in PERCENTILES))
FOLDS = 5  # of patients, where there is no validation part
SMALLEST = 1e-6  # probability, so that its logit is finite
BASELINES = {"age_only": ("age",), "image_statistics": STATISTICS}


def image_statistics(images: np.ndarray) -> pd.DataFrame:
    """Return global statistics of model inputs.

    Args:
        images: uint8 (n, rows, columns), 0 is background.

    Returns:
        `STATISTICS`, float64, one row per image: the breast's share of the image, and mean, standard deviation and
        `PERCENTILES` of its grey levels in [0, 1].
    """
    rows = []
    for image in images:
        inside = image[image > 0] / 255 if image.any() else np.zeros(1)
        rows.append(((image > 0).mean(), inside.mean(), inside.std(), *np.percentile(inside, PERCENTILES)))
    return pd.DataFrame(rows, columns=list(STATISTICS))


def baseline_scores(predictions: pd.DataFrame, training: pd.DataFrame | None) -> dict[str, np.ndarray]:
    """Return the scores of each baseline.

    They are logistic regressions fitted on the training part.

    Args:
        predictions: one row per image, with the columns of the baselines that are known.
        training: the same columns and label, of the training part. Without it age alone is a baseline, unfitted.

    Returns:
        Scores (n,), one an image, by the names of `BASELINES`; a baseline with a column that is missing or empty is
        left out.
    """
    scores = {}
    for name, columns in BASELINES.items():
        if not _known(predictions, columns):
            continue
        if training is not None and _known(training, columns):
            model = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression())
            model.fit(_values(training, columns), training["label"].astype(int))
            scores[name] = model.predict_proba(_values(predictions, columns))[:, 1]
        elif name == "age_only":
            age = predictions["age"].astype("float64")
            scores[name] = age.fillna(age.median()).to_numpy()
    return scores


def image_and_age_scores(predictions: pd.DataFrame, validation: pd.DataFrame) -> np.ndarray | None:
    """Return scores that combine the model's probability with the patient's age.

    They come from a logistic regression on the logit and the age, fitted on the validation part. A model whose images add
    to what age tells has a higher AUC with age than age has alone.

    Args:
        predictions: one row per image, with probability and age.
        validation: the same columns and label, of the validation part.

    Returns:
        Scores (n,), one an image; None if the age of all images is unknown, or the validation part has one class.
    """
    if not (_known(predictions, ("age",)) and _known(validation, ("age",))) or validation["label"].nunique() < 2:
        return None
    model = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression())
    model.fit(_logit_and_age(validation), validation["label"].astype(int))
    return np.asarray(model.predict_proba(_logit_and_age(predictions))[:, 1])


def cross_fitted_scores(predictions: pd.DataFrame) -> np.ndarray | None:
    """Return scores that combine the probability with age, without a validation part.

    The patients are divided into `FOLDS` folds. Each fold's scores come from `image_and_age_scores`, fitted on the others.

    Args:
        predictions: one row per unit, with patient_id, label, probability and age.

    Returns:
        Scores (n,); None if the age of all is unknown, or a label has fewer patients than there are folds.
    """
    if min(patients_by_label(predictions)) < FOLDS:
        return None
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    scores = np.empty(len(predictions))
    for rest, part in folds.split(predictions, predictions["label"].astype(int), predictions["patient_id"]):
        combined = image_and_age_scores(predictions.iloc[part], predictions.iloc[rest])
        if combined is None:
            return None
        scores[part] = combined
    return scores


def _logit_and_age(predictions: pd.DataFrame) -> np.ndarray:
    probability = np.clip(predictions["probability"].to_numpy(np.float64), SMALLEST, 1 - SMALLEST)
    return np.stack([logit(probability), _values(predictions, ("age",))[:, 0]], axis=1)


def _known(table: pd.DataFrame, columns: tuple[str, ...]) -> bool:
    return set(columns) <= set(table) and bool(table[list(columns)].notna().any().all())


def _values(table: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    return table[list(columns)].to_numpy(np.float64, na_value=np.nan)
