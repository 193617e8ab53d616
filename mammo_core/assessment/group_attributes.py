"""Add to predictions what a data set tells about their images, to group them by."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mammo_core.assessment.kept_evaluations import kept_predictions, kept_version
from mammo_core.assessment.score_evaluation import unit_keys
from mammo_core.assessment.score_match import ScoredData
from mammo_core.dataset.catalogue import read_other_columns
from mammo_core.dataset.store import ACQUISITION, Store, list_stores, open_store, stores_of
from mammo_core.documents.report import Subgroup
from mammo_core.errors import DataError
from mammo_core.evaluation.subgroups import ATTRIBUTES, offered_attributes, subgroups
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import IMAGE_KEY, Bundle
from mammo_core.storage.hashing import file_version
from mammo_core.workspace import Workspace


def with_attributes(workspace: Workspace, predictions: pd.DataFrame, store_name: str) -> pd.DataFrame:
    """Return predictions with what their data set tells about their images.

    These are the other columns of its CSV, and how the images were acquired. Columns that the predictions have stay as they are.

    Args:
        workspace: that the store lies in.
        predictions: one row per image, with patient_id and image_id.
        store_name: of the store.

    Raises:
        DataError: the store or its CSV isn't here any more, or can't be read.
    """
    store = open_store(workspace, store_name)
    return _with_acquisitions(_joined(predictions, read_other_columns(store.read_csv_path())), store)


def scored_with_attributes(workspace: Workspace, scored: ScoredData, csv: Path) -> pd.DataFrame:
    """Return scores with what their data set tells about the scored units.

    A breast or patient has the first known value of her images. How images were acquired is known where the data set is imported.

    Args:
        workspace: that the data set's stores lie in.
        scored: the scores with the labels of the data set.
        csv: of the data set.

    Returns:
        `ScoredData.table` with more columns.

    Raises:
        DataError: the CSV or a store can't be read.
    """
    images = _joined(scored.labelled, read_other_columns(csv))
    for store in stores_of(csv, list_stores(workspace)):
        images = _with_acquisitions(images, store)
    new = [name for name in images if name not in scored.labelled and name not in scored.table]
    units = to_unit(images.assign(probability=0.0), scored.unit)
    keys = unit_keys(scored.table, scored.unit)
    return scored.table.merge(units[[*keys, *new]], on=keys, how="left", validate="one_to_one")


def _with_acquisitions(table: pd.DataFrame, store: Store) -> pd.DataFrame:
    acquisitions = store.acquisitions()
    if acquisitions is None:
        return table
    images = store.manifest()[IMAGE_KEY]
    return _joined(table, images.merge(acquisitions.drop(columns="source_version"), on="image_id"))


def describe_lacking(workspace: Workspace, store_name: str) -> str:
    """State that a store lacks the values of its images' headers; empty if it doesn't.

    Raises:
        DataError: the store isn't here any more, or can't be read.
    """
    if open_store(workspace, store_name).acquisitions() is not None:
        return ""
    return (
        f"The store {store_name} was imported by an earlier version, without values from the images' headers, such as exposure "
        "and compression force. Import it again to group by them; its images stay as they are."
    )


def _joined(predictions: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    new = [name for name in others if name not in predictions]
    keys = predictions[IMAGE_KEY].astype("str")
    values = keys.merge(others[[*IMAGE_KEY, *new]].astype(dict.fromkeys(IMAGE_KEY, "str")), on=IMAGE_KEY, how="left")
    return predictions.assign(**{name: values[name].to_numpy() for name in new})


def attributed_predictions(
    workspace: Workspace, bundle: Bundle, store_name: str | None = None
) -> tuple[pd.DataFrame, str]:
    """Return a model's predictions with all that they can be grouped by.

    Args:
        workspace: that the data lie in.
        bundle: the model.
        store_name: a store on which the model has been evaluated; None for the model's own held-out patients.

    Returns:
        One row per image, and a sentence on columns that are lacking; empty if there is none.

    Raises:
        DataError: the store's predictions are missing or damaged.
    """
    if store_name is None:
        predictions, store = bundle.evaluation_predictions(), bundle.card.data.store
    else:
        predictions, store = kept_predictions(workspace, bundle, store_name), store_name
    try:
        return with_attributes(workspace, predictions, store), describe_lacking(workspace, store)
    except DataError as error:
        return predictions, f"Only columns that the predictions themselves hold can be used: {error}"


def attributes_version(workspace: Workspace, bundle: Bundle, store_name: str | None = None) -> str:
    """Return text that changes when what `attributed_predictions` returns may have."""
    kept = "" if store_name is None else kept_version(workspace, bundle, store_name)
    try:
        store = open_store(workspace, store_name or bundle.card.data.store)
        versions = file_version(store.read_csv_path()), file_version(store.folder / ACQUISITION)
    except DataError:
        return kept
    return " ".join((str(store.folder), *versions, kept)).strip()


def acquisitions_version(workspace: Workspace, csv: Path) -> str:
    """Return text that changes when what is known of a data set's headers may have."""
    stores = stores_of(csv, list_stores(workspace))
    return " ".join(f"{store.folder} {file_version(store.folder / ACQUISITION)}" for store in stores)


def usual_attributes(predictions: pd.DataFrame) -> list[str]:
    """Return the attributes by which predictions are divided unless others are chosen."""
    return [name for name in offered_attributes(predictions) if name in ATTRIBUTES]


def report_groups(
    workspace: Workspace, bundle: Bundle, by: Sequence[str], store_name: str | None = None
) -> tuple[Subgroup, ...]:
    """Return the subgroups of chosen columns.

    Args:
        workspace: that the store lies in.
        bundle: the model.
        by: names of columns, see `mammo_core.evaluation.subgroups.offered_attributes`.
        store_name: a store on which the model has been evaluated; None for the model's own held-out patients.

    Raises:
        DataError: the store's predictions or its CSV are missing, or there is no such column.
    """
    if store_name is None:
        table, _ = attributed_predictions(workspace, bundle)
    else:
        table = with_attributes(workspace, kept_predictions(workspace, bundle, store_name), store_name)
    return subgroups(table, by=by)


def score_groups(workspace: Workspace, scored: ScoredData, csv: Path, by: Sequence[str]) -> tuple[Subgroup, ...]:
    """Return the subgroups of chosen columns, of scores from elsewhere.

    Args:
        workspace: that the data set's stores lie in.
        scored: the scores with the labels of the data set.
        csv: of the data set.
        by: names of columns, see `mammo_core.evaluation.subgroups.offered_attributes`.

    Raises:
        DataError: the CSV or a store can't be read, or there is no such column.
    """
    return subgroups(scored_with_attributes(workspace, scored, csv), rows=scored.unit, by=by)
