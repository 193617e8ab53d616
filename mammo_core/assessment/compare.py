"""Compare models on the same patients by the paired difference in AUC."""

import pandas as pd

from mammo_core.documents.report import ModelComparison
from mammo_core.documents.units import Unit
from mammo_core.errors import DataError
from mammo_core.evaluation.bootstrap import RESAMPLES
from mammo_core.evaluation.report import capitalise, compare_auc, describe_difference
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import IMAGE_KEY, open_bundle
from mammo_core.models.registry import active_model, list_models, model_folder
from mammo_core.workspace import Workspace


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
        raise not_comparable(other_name)
    candidate, other = candidate.sort_values(IMAGE_KEY), other.sort_values(IMAGE_KEY)
    own_units, other_units = to_unit(candidate, unit), to_unit(with_exams_of(candidate, other), unit)
    gain = compare_auc(own_units, other_units, resamples).gain
    return ModelComparison(n=len(own_units), gain=gain, verdict=f"{capitalise(describe_difference(other_name, gain))}.")


def not_comparable(other_name: str) -> DataError:
    """Return the error of a model that was tested on other images than another."""
    return DataError(
        f"Not comparable with {other_name}: the two were tested on different patients, so the difference can't be "
        "tested. Evaluate both on the same data."
    )


def compare_with_active(workspace: Workspace, name: str) -> str:
    """Compare a model with the active one, in a sentence.

    Both must have been evaluated on the same patients.

    Raises:
        ModelError: a file of one of them was changed.
        DataError: they were evaluated on different patients.
    """
    rival = active_model(workspace)
    if rival == name or rival not in list_models(workspace):
        return "There is no other active model to compare it with."
    candidate, other = (open_bundle(model_folder(workspace, model)).evaluation_predictions() for model in (name, rival))
    return compare_models(candidate, other, rival).verdict


def with_exams_of(table: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Return a table of predictions with the exams of another one.

    An older store may not tell the exams of a patient apart; both tables then have different breasts.

    Args:
        table: one row per image.
        other: the same images in the same order.
    """
    other = other.drop(columns="exam_id", errors="ignore")
    return other.assign(exam_id=table["exam_id"].to_numpy()) if "exam_id" in table else other


def same_images(left: pd.DataFrame, right: pd.DataFrame) -> bool:
    """Return whether two tables of predictions are of the same images."""
    return set(map(tuple, left[IMAGE_KEY].to_numpy())) == set(map(tuple, right[IMAGE_KEY].to_numpy()))
