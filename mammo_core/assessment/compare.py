"""Compare models on the same patients by the paired difference in AUC."""

from typing import Any

import pandas as pd

from mammo_core.documents.units import Unit
from mammo_core.errors import DataError
from mammo_core.evaluation import metrics
from mammo_core.evaluation.report import compare_auc, describe_difference
from mammo_core.evaluation.units import to_unit

KEYS = ["patient_id", "image_id"]


def compare(
    candidate: pd.DataFrame,
    rival: pd.DataFrame,
    rival_name: str,
    unit: Unit = "breast",
    resamples: int = metrics.RESAMPLES,
) -> dict[str, Any]:
    """Compare the predictions of two models for the same images by a paired bootstrap over patients.

    Args:
        candidate: one row an image, see `mammo_core.evaluation.units`, with image_id.
        rival: likewise, of the other model.
        rival_name: what the sentence calls it.
        unit: to judge by.
        resamples: of the bootstrap.

    Returns:
        n, gain ({value, low, high} of the difference in AUC) and verdict, a sentence.

    Raises:
        DataError: they aren't about the same images, so that nothing can be compared.
    """
    if not same_images(candidate, rival):
        raise DataError(
            f"Not comparable with {rival_name} directly: the two were judged on different patients. Their intervals can be "
            "laid side by side, but no difference can be tested."
        )
    own, other = (to_unit(table.sort_values(KEYS), unit) for table in (candidate, rival))
    gain = compare_auc(own, other, resamples)["gain"]
    text = describe_difference(rival_name, gain)
    return {"n": len(own), "gain": gain, "verdict": f"{text[0].upper()}{text[1:]}."}


def same_images(candidate: pd.DataFrame, rival: pd.DataFrame) -> bool:
    """Whether two tables of predictions are about the same images."""
    return set(map(tuple, candidate[KEYS].to_numpy())) == set(map(tuple, rival[KEYS].to_numpy()))
