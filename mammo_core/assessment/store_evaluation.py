"""Evaluate a model on a prepared store."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from mammo_core.assessment.report import current_report
from mammo_core.assessment.store_localisation import locate_lesions, read_store_lesions
from mammo_core.dataset.leave_out import used_images
from mammo_core.dataset.store import Store, list_stores, open_store, parse_geometry
from mammo_core.dataset.store_checks import read_check
from mammo_core.documents.preprocessing_config import describe_size, size_option
from mammo_core.documents.progress import Progress, ProgressCallback, ShouldStop, ignore_progress, never_stop
from mammo_core.documents.report import EvaluatedPart, EvaluationReport
from mammo_core.documents.store_evaluation import InputDrift
from mammo_core.errors import ConfigError, DataError
from mammo_core.evaluation.drift import INPUT_STATISTICS, input_drift
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

    Neither the model nor those that it started from were fitted to them or selected on them, nor to copies of their images that
    the store's check reports.

    Args:
        workspace: that the store lies in.
        bundle: the model.
        store_name: of the store.

    Returns:
        The report. Its part is "all", or the model's held-out part if the store has patients that the model has seen.

    Raises:
        MammoError: the store does not exist, has no labels, or was prepared by another preprocessing configuration.
    """
    load = load_once(bundle)
    predictions = predict_until(workspace, bundle, store_name, ignore_progress, never_stop, load)
    assert predictions is not None, "nobody stops it"
    store = fitting_store(workspace, bundle, store_name)
    located = locate_lesions(load, store, read_store_lesions(workspace, store, predictions.table))
    return evaluate_predictions(workspace, bundle, predictions).model_copy(update={"localisation": located})


def evaluate_predictions(workspace: Workspace, bundle: Bundle, predictions: StorePredictions) -> EvaluationReport:
    """Evaluate what `predict_store` returned, without the lesions of the store."""
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
    predictions = predict_until(workspace, bundle, store_name, ignore_progress, never_stop, load_once(bundle))
    assert predictions is not None, "nobody stops it"
    return predictions


def predict_until(
    workspace: Workspace,
    bundle: Bundle,
    store_name: str,
    progress: ProgressCallback,
    should_stop: ShouldStop,
    load: Callable[[], Predictor],
) -> StorePredictions | None:
    """Predict like `predict_store`, unless it is stopped.

    Args:
        workspace: that the store lies in.
        bundle: the model.
        store_name: of the store.
        progress: called after each batch.
        should_stop: called before each batch.
        load: returns the model's network; called only if something is left to predict.

    Returns:
        None if it was stopped.

    Raises:
        MammoError: see `predict_store`.
    """
    store, predictions = unseen_images(workspace, bundle, store_name)
    if predictions.evaluated:
        return predictions
    table = _predict(load, store, predictions.table, progress, should_stop)
    return None if table is None else replace(predictions, table=table)


def load_once(bundle: Bundle) -> Callable[[], Predictor]:
    """Return a function that loads a model's network when it is called first."""
    return cache(lambda: Predictor(bundle))


def unseen_images(workspace: Workspace, bundle: Bundle, store_name: str) -> tuple[Store, StorePredictions]:
    """Return a store, and its images of patients that a model has not seen.

    Returns:
        The predictions are those of the model's report if it was made on this store; otherwise they have no probability yet.

    Raises:
        MammoError: see `predict_store`.
    """
    store = fitting_store(workspace, bundle, store_name)
    table, evaluated = used_images(store).table, bundle.evaluation_predictions()
    if store.name == bundle.card.data.store and len(evaluated.merge(table[IMAGE_KEY])) == len(evaluated):
        return store, StorePredictions(evaluated, bundle.evaluation().part, evaluated=True)
    labelled = table[table["label"].notna()].reset_index(drop=True)
    table, part = _unseen_images(labelled, bundle, evaluated, patients_known_by_copies(store, bundle))
    if table["label"].nunique() < 2:
        raise DataError(
            f"The store {store.name} doesn't hold both negative and positive images of patients that {bundle.name} has "
            "not seen, so it can't be evaluated."
        )
    return store, StorePredictions(table.assign(label=table["label"].astype(int)), part)


def patients_known_by_copies(store: Store, bundle: Bundle) -> frozenset[str]:
    """Return the patients of whom a model has seen an exposure by another name.

    The store's last check says so, if it compared with the model.

    Raises:
        DataError: the report of the check is damaged.
    """
    check = read_check(store)
    return check.report.known_patients(bundle.identity) if check else frozenset()


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


def _unseen_images(
    table: pd.DataFrame, bundle: Bundle, evaluated: pd.DataFrame, copied: frozenset[str]
) -> tuple[pd.DataFrame, EvaluatedPart]:
    """Return the images of patients that a model has not seen, and their part.

    A model without a test part was evaluated on its validation part; these patients count as unseen.

    Args:
        table: labelled images, one a row.
        bundle: the model.
        evaluated: the predictions on which its report is based.
        copied: patients of whom it has seen an exposure under another name, see `patients_known_by_copies`.
    """
    seen_split = bundle.seen_split(table).mask(table["patient_id"].astype("str").isin(list(copied)), "train")
    part: EvaluatedPart = "all" if seen_split.isna().all() else bundle.evaluation().part
    reported = (seen_split == "validation") & table["patient_id"].isin(evaluated["patient_id"])
    return table[seen_split.isna() | reported].reset_index(drop=True), part


def _predict(
    load: Callable[[], Predictor],
    store: Store,
    table: pd.DataFrame,
    progress: ProgressCallback,
    should_stop: ShouldStop,
) -> pd.DataFrame | None:
    """Return the images with probability, ood_score and `INPUT_STATISTICS`.

    None is returned if it was stopped.
    """
    progress(Progress(done=0, total=len(table), phase="Loading TensorFlow"))
    predictor, parts, began = load(), [], time.monotonic()
    for start in range(0, len(table), BATCH):
        if should_stop():
            return None
        rows = table.iloc[start : start + BATCH]
        geometries = [parse_geometry(text) for text in rows["geometry"]]
        parts.append(predictor.predict_inputs(store.images(rows["png"].to_list()), geometries))
        done = start + len(rows)
        rate = done / max(time.monotonic() - began, 1e-3)
        left = (len(table) - done) / rate
        progress(Progress(done=done, total=len(table), images_per_second=rate, seconds_left=left))
    statistics = np.concatenate([part.statistics for part in parts])
    return table.assign(
        probability=np.concatenate([part.probability for part in parts]),
        ood_score=np.concatenate([part.ood_score for part in parts]),
        **dict(zip(INPUT_STATISTICS, statistics.T, strict=True)),
    )


def drift_of(bundle: Bundle, predictions: StorePredictions) -> InputDrift | None:
    """Return how images differ from a model's training images.

    None is returned for those of the model's own report.
    """
    if predictions.evaluated:
        return None
    features = predictions.table[list(INPUT_STATISTICS)].to_numpy(np.float64)
    return input_drift(features, predictions.table["ood_score"].to_numpy(np.float64), bundle.ood_detector())


def fitting_stores(workspace: Workspace, bundle: Bundle) -> list[str]:
    """Return the names of the prepared stores whose images are what a model expects."""
    return [store.name for store in list_stores(workspace) if store.preprocessing == bundle.preprocessing]
