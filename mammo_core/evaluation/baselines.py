"""Baselines: what can be predicted without finding a cancer.

A model must do better than these.
"""

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

PERCENTILES = (5, 10, 25, 50, 75, 90, 95)
STATISTICS = ("image_area", "image_mean", "image_deviation", *(f"image_p{p}" for p in PERCENTILES))
BASELINES = {"age_only": ("age",), "image_statistics": STATISTICS}


def image_statistics(images: np.ndarray) -> pd.DataFrame:
    """Return global statistics of model inputs.

    Args:
        images: uint8 (n, size, size), 0 is background.

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


def _known(table: pd.DataFrame, columns: tuple[str, ...]) -> bool:
    return set(columns) <= set(table) and bool(table[list(columns)].notna().any().all())


def _values(table: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    return table[list(columns)].to_numpy(np.float64, na_value=np.nan)
