"""Evaluate a model on a prepared store."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mammo_core.assessment.report import current_report
from mammo_core.dataset.store import Store, open_store
from mammo_core.documents.preprocessing_config import describe_size, size_option
from mammo_core.documents.report import EvaluatedPart, EvaluationReport
from mammo_core.errors import ConfigError, DataError
from mammo_core.evaluation.report import evaluate
from mammo_core.models.bundle import IMAGE_KEY, Bundle
from mammo_core.prediction.predictor import Predictor
from mammo_core.workspace import Workspace

BATCH = 64  # images per forward pass


@dataclass(frozen=True)
class StorePredictions:
    """A model's predictions for the patients of a store that it has not seen.

    Attributes:
        table: one row per image, see `mammo_core.evaluation.units`, with the columns of the store's manifest.
        part: "all", or the model's held-out part if the store has patients that the model has seen.
        evaluated: whether they are those on which the model's own report is based.
    """

    table: pd.DataFrame
    part: EvaluatedPart
    evaluated: bool = False


def evaluate_store(workspace: Workspace, bundle: Bundle, store_name: str) -> EvaluationReport:
    """Evaluate a model on the patients of a prepared store that it has not seen.

    Neither the model nor those that it started from were fitted to them or selected on them.

    Args:
        workspace: that the store lies in.
        bundle: the model.
        store_name: of the store.

    Returns:
        The report. Its part is "all", or the model's held-out part if the store has patients that the model has seen.

    Raises:
        MammoError: the store does not exist, has no labels, or was prepared by another preprocessing configuration.
    """
    return evaluate_predictions(workspace, bundle, predict_store(workspace, bundle, store_name))


def evaluate_predictions(workspace: Workspace, bundle: Bundle, predictions: StorePredictions) -> EvaluationReport:
    """Evaluate what `predict_store` returned."""
    if predictions.evaluated:
        return current_report(workspace, bundle)
    validation = bundle.validation_predictions()
    others = validation[~validation["patient_id"].isin(predictions.table["patient_id"])]
    return evaluate(predictions.table, operating_point=bundle.threshold, part=predictions.part, validation=others)


def predict_store(workspace: Workspace, bundle: Bundle, store_name: str) -> StorePredictions:
    """Predict the images of a prepared store of patients that a model has not seen.

    Args:
        workspace: that the store lies in.
        bundle: the model.
        store_name: of the store.

    Raises:
        MammoError: the store does not exist, has no labels, or was prepared by another preprocessing configuration.
    """
    store = fitting_store(workspace, bundle, store_name)
    table, evaluated = store.manifest(), bundle.evaluation_predictions()
    if store.name == bundle.card.data.store and len(evaluated.merge(table[IMAGE_KEY])) == len(evaluated):
        return StorePredictions(evaluated, bundle.evaluation().part, evaluated=True)
    table, part = _unseen_images(table[table["label"].notna()].reset_index(drop=True), bundle, evaluated)
    if table["label"].nunique() < 2:
        raise DataError(
            f"The store {store.name} doesn't hold both negative and positive images of patients that {bundle.name} has "
            "not seen, so it can't be evaluated."
        )
    probability = _predict(bundle, store, table)
    return StorePredictions(table.assign(probability=probability, label=table["label"].astype(int)), part)


def fitting_store(workspace: Workspace, bundle: Bundle, store_name: str) -> Store:
    """Open a store whose images are what a model expects.

    Raises:
        DataError: it does not exist or can't be read.
        ConfigError: it was prepared by another preprocessing configuration.
    """
    store = open_store(workspace, store_name)
    if store.preprocessing.size != bundle.preprocessing.size:
        raise ConfigError(
            f"{bundle.name} expects images of {describe_size(bundle.preprocessing.size)} pixels, and those of the store "
            f"{store.name} have {describe_size(store.preprocessing.size)}. Import the data again with --size "
            f"{size_option(bundle.preprocessing.size)}."
        )
    if store.preprocessing != bundle.preprocessing:
        raise ConfigError(f"The store {store.name} was prepared in another way than {bundle.name} expects.")
    return store


def _unseen_images(table: pd.DataFrame, bundle: Bundle, evaluated: pd.DataFrame) -> tuple[pd.DataFrame, EvaluatedPart]:
    """Return the images of patients that a model has not seen, and their part.

    A model without a test part was evaluated on its validation part; these patients count as unseen.

    Args:
        table: labelled images, one a row.
        bundle: the model.
        evaluated: the predictions on which its report is based.
    """
    seen_split = bundle.seen_split(table)
    part: EvaluatedPart = "all" if seen_split.isna().all() else bundle.evaluation().part
    reported = (seen_split == "validation") & table["patient_id"].isin(evaluated["patient_id"])
    return table[seen_split.isna() | reported].reset_index(drop=True), part


def _predict(bundle: Bundle, store: Store, table: pd.DataFrame) -> np.ndarray:
    """Return the probability of each image of a store, (n,)."""
    predictor, pngs = Predictor(bundle), table["png"].to_list()
    batches = (store.images(pngs[start : start + BATCH]) for start in range(0, len(pngs), BATCH))
    return np.concatenate([predictor.probabilities(images) for images in batches])
