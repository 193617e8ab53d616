"""Evaluate a model on a prepared store."""

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
    store = open_store(workspace, store_name)
    if store.preprocessing.size != bundle.preprocessing.size:
        raise ConfigError(
            f"{bundle.name} expects images of {describe_size(bundle.preprocessing.size)} pixels, and those of the store "
            f"{store.name} have {describe_size(store.preprocessing.size)}. Import the data again with --size "
            f"{size_option(bundle.preprocessing.size)}."
        )
    if store.preprocessing != bundle.preprocessing:
        raise ConfigError(f"The store {store.name} was prepared in another way than {bundle.name} expects.")
    table, evaluated = store.manifest(), bundle.evaluation_predictions()
    if store.name == bundle.card.data.store and len(evaluated.merge(table[IMAGE_KEY])) == len(evaluated):
        return current_report(workspace, bundle)
    table, part = _unseen_images(table[table["label"].notna()].reset_index(drop=True), bundle, evaluated)
    if table["label"].nunique() < 2:
        raise DataError(
            f"The store {store.name} doesn't hold both negative and positive images of patients that {bundle.name} has "
            "not seen, so it can't be evaluated."
        )
    predictions = table.assign(probability=_predict(bundle, store, table), label=table["label"].astype(int))
    validation = bundle.validation_predictions()
    others = validation[~validation["patient_id"].isin(predictions["patient_id"])]
    return evaluate(predictions, operating_point=bundle.threshold, part=part, validation=others)


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
