"""Compare models on the same patients by the paired difference in AUC."""

import pandas as pd

from mammo_core.documents.report import ModelComparison
from mammo_core.documents.units import Unit
from mammo_core.errors import DataError
from mammo_core.evaluation.bootstrap import RESAMPLES
from mammo_core.evaluation.report import capitalise, compare_auc, describe_difference
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import IMAGE_KEY


def compare_models(
    candidate: pd.DataFrame,
    other: pd.DataFrame,
    other_name: str,
    unit: Unit = "breast",
    resamples: int = RESAMPLES,
) -> ModelComparison:
    """Compare two models' predictions for the same images.

    The bootstrap over patients is paired.

    Args:
        candidate: one row per image, see `mammo_core.evaluation.units`, with image_id.
        other: likewise, of the other model.
        other_name: the name of the other model in the verdict.
        unit: what is counted.
        resamples: how many bootstrap resamples.

    Raises:
        DataError: the predictions are of different images, so that no difference can be tested.
    """
    if not same_images(candidate, other):
        raise DataError(
            f"Not comparable with {other_name}: the two were tested on different patients, so the difference can't be "
            "tested. Evaluate both on the same data."
        )
    own_units, other_units = (to_unit(table.sort_values(IMAGE_KEY), unit) for table in (candidate, other))
    gain = compare_auc(own_units, other_units, resamples).gain
    return ModelComparison(n=len(own_units), gain=gain, verdict=f"{capitalise(describe_difference(other_name, gain))}.")


def same_images(left: pd.DataFrame, right: pd.DataFrame) -> bool:
    """Return whether two tables of predictions are of the same images."""
    return set(map(tuple, left[IMAGE_KEY].to_numpy())) == set(map(tuple, right[IMAGE_KEY].to_numpy()))
