"""Keep evaluations of models on other data, and tell which are out of date.

They lie in the models folder, apart from the models, by the model's network and the store's name:

    <models>/.evaluations/<start of the network's SHA-256>/<store>/
        store_evaluation.json    the evaluation, see `StoreEvaluation`
        predictions.parquet      the predictions that it was made from
"""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from mammo_core.assessment.report import current_report
from mammo_core.assessment.store_evaluation import (
    StorePredictions,
    drift_of,
    evaluate_predictions,
    fitting_store,
    load_once,
    patients_known_by_copies,
    predict_until,
    unseen_images,
)
from mammo_core.assessment.store_localisation import locate_lesions, read_store_lesions
from mammo_core.dataset.leave_out import read_leave_out
from mammo_core.dataset.store import MANIFEST, Store
from mammo_core.documents.progress import Progress, ProgressCallback, ShouldStop, ignore_progress, never_stop
from mammo_core.documents.store_evaluation import StoreEvaluation
from mammo_core.errors import DataError, MammoError
from mammo_core.evaluation.operating_shift import operating_shift
from mammo_core.learning.cancellation import Cancelled
from mammo_core.models.bundle import IMAGE_KEY, NUMBERS, PREDICTION_COLUMNS, Bundle
from mammo_core.storage.atomic import atomic_path
from mammo_core.storage.file_errors import storage_errors
from mammo_core.storage.folders import files_of_subfolders
from mammo_core.storage.hashing import file_version, sha256
from mammo_core.storage.names import named_folder
from mammo_core.storage.parquet_files import read_parquet
from mammo_core.storage.path_text import as_written, path_text
from mammo_core.workspace import Workspace

IDENTITY_DIGITS = 16
PREDICTIONS = "predictions.parquet"
COLUMNS = tuple(name for name in PREDICTION_COLUMNS if name != "part")


@dataclass(frozen=True)
class KeptEvaluation:
    """An evaluation that was made before.

    Attributes:
        evaluation: what came of it.
        outdated: why it is out of date, in a sentence; empty if it isn't.
        new_lesions: that other lesions are known of its images now, in a sentence; empty if not. Its predictions are not
            concerned.
    """

    evaluation: StoreEvaluation
    outdated: str
    new_lesions: str = ""


def evaluation_folder(workspace: Workspace, identity: str, store: str) -> Path:
    """Return the folder of an evaluation. Writes nothing.

    Args:
        workspace: the folders to work in.
        identity: SHA-256 of the model's network.
        store: name of the prepared store.

    Raises:
        InvalidName: no store can have this name.
    """
    return named_folder(workspace.models / StoreEvaluation.folder_name / identity[:IDENTITY_DIGITS], as_written(store))


def evaluation_folders(workspace: Workspace) -> list[Path]:
    """Return the folders that hold the evaluations of one network each."""
    return sorted(path for path in (workspace.models / StoreEvaluation.folder_name).glob("[!.]*") if path.is_dir())


def make_evaluation(
    workspace: Workspace,
    bundle: Bundle,
    store_name: str,
    progress: ProgressCallback = ignore_progress,
    should_stop: ShouldStop = never_stop,
) -> StoreEvaluation | None:
    """Evaluate a model on a store, and keep what comes of it.

    Predictions of an earlier evaluation are used again if neither the store nor the network has changed since, and so is
    what came of the pointing game if no other lesions are known.

    Args:
        workspace: the folders to work in.
        bundle: the model.
        store_name: of the store.
        progress: called with each progress.
        should_stop: called before each batch of images.

    Returns:
        None if it was stopped.

    Raises:
        MammoError: the store can't be evaluated.
    """
    folder = evaluation_folder(workspace, bundle.identity, store_name)
    store, unseen = unseen_images(workspace, bundle, store_name)
    version = _store_version(store, bundle)
    earlier, load = _earlier_evaluation(folder, bundle, version), load_once(bundle)
    predictions = _kept_predictions(folder, unseen) if earlier else None
    if predictions is None:
        predictions = predict_until(workspace, bundle, store_name, progress, should_stop, load)
    if predictions is None:
        return None
    lesions = read_store_lesions(workspace, store, predictions.table)
    if earlier is not None and earlier.lesions == lesions.version:
        located = earlier.report.localisation
    else:
        progress(Progress(done=0, total=0, phase="Comparing heatmaps with lesions"))
        try:
            located = locate_lesions(load, store, lesions, should_stop)
        except Cancelled:
            return None
    progress(Progress(done=0, total=0, phase="Computing intervals"))
    report, home = evaluate_predictions(workspace, bundle, predictions), current_report(workspace, bundle)
    evaluation = StoreEvaluation(
        model=bundle.name,
        identity=bundle.identity,
        store=store_name,
        store_version=version,
        created=datetime.now(UTC),
        report=report.model_copy(update={"localisation": located}),
        shift=() if _shares_images(bundle, predictions.table) else operating_shift(home, report),
        drift=drift_of(bundle, predictions),
        lesions=lesions.version,
        notes=lesions.notes,
    )
    folder.mkdir(parents=True, exist_ok=True)
    with storage_errors(folder), atomic_path(folder / PREDICTIONS) as path:
        predictions.table.to_parquet(path, index=False)
    evaluation.write(folder / StoreEvaluation.file_name)
    return evaluation


def kept_evaluations(workspace: Workspace, bundle: Bundle) -> dict[str, KeptEvaluation]:
    """Return the evaluations of a model on other data that were made before, by store.

    A damaged one is left out: it can be made again.
    """
    parent = workspace.models / StoreEvaluation.folder_name / bundle.identity[:IDENTITY_DIGITS]
    kept = {}
    for path in sorted(files_of_subfolders(parent, StoreEvaluation.file_name)):
        try:
            evaluation = StoreEvaluation.read(path)
        except DataError:
            continue
        outdated = _why_outdated(workspace, bundle, evaluation)
        lesions = "" if outdated else _describe_new_lesions(workspace, bundle, evaluation)
        kept[path_text(path.parent.name)] = KeptEvaluation(evaluation, outdated, lesions)
    return kept


def has_current_evaluation(workspace: Workspace, bundle: Bundle, store: str) -> bool:
    """Return whether an evaluation of a model on a store is kept and not out of date."""
    path = evaluation_folder(workspace, bundle.identity, store) / StoreEvaluation.file_name
    with suppress(DataError):  # damaged: it can be made again
        return os.path.exists(path) and not _why_outdated(workspace, bundle, StoreEvaluation.read(path))
    return False


def kept_predictions(workspace: Workspace, bundle: Bundle, store: str) -> pd.DataFrame:
    """Return the predictions of an evaluation that was made before, one row per image.

    Raises:
        DataError: they are missing or damaged.
    """
    return read_parquet(evaluation_folder(workspace, bundle.identity, store) / PREDICTIONS, COLUMNS, NUMBERS)


def kept_version(workspace: Workspace, bundle: Bundle, store: str) -> str:
    """Return text that changes when the predictions of an evaluation do."""
    return file_version(evaluation_folder(workspace, bundle.identity, store) / PREDICTIONS)


def _earlier_evaluation(folder: Path, bundle: Bundle, version: str) -> StoreEvaluation | None:
    """Return what was kept, if it is of this network and this version of the store."""
    path = folder / StoreEvaluation.file_name
    if not os.path.exists(path):
        return None
    try:
        earlier = StoreEvaluation.read(path)
    except DataError:
        return None  # it is made again
    return earlier if (earlier.identity, earlier.store_version) == (bundle.identity, version) else None


def _kept_predictions(folder: Path, unseen: StorePredictions) -> StorePredictions | None:
    """Return the predictions of an earlier evaluation, if they are of these images."""
    if unseen.evaluated:
        return None
    try:
        table = read_parquet(folder / PREDICTIONS, (*COLUMNS, "ood_score"), NUMBERS)
    except DataError:
        return None  # they are made again
    return StorePredictions(table, unseen.part) if table[IMAGE_KEY].equals(unseen.table[IMAGE_KEY]) else None


def _why_outdated(workspace: Workspace, bundle: Bundle, evaluation: StoreEvaluation) -> str:
    try:
        version = _store_version(fitting_store(workspace, bundle, evaluation.store), bundle)
    except MammoError as error:
        return f"It can't be made again: {error}"
    if version != evaluation.store_version:
        return (
            "The store has been imported again since, other images of it are left out, or its check tells more of what the "
            "model was trained on."
        )
    threshold = evaluation.report.operating_point.threshold
    if threshold != bundle.threshold:
        return f"The model's threshold was {threshold:.3f} then, and is {bundle.threshold:.3f} now."
    return ""


def _describe_new_lesions(workspace: Workspace, bundle: Bundle, evaluation: StoreEvaluation) -> str:
    """State that other lesions are known now than in an evaluation.

    The text is empty if that isn't so, or if its predictions are lost.
    """
    try:
        images = kept_predictions(workspace, bundle, evaluation.store)
        store = fitting_store(workspace, bundle, evaluation.store)
        known = read_store_lesions(workspace, store, images).version
    except DataError:
        return ""  # whoever shows the predictions says so
    if known == evaluation.lesions:
        return ""
    return "Its lesions are known otherwise now: lesions.csv of the data set or readers' marks have changed since."


def _store_version(store: Store, bundle: Bundle) -> str:
    """Return a hash of a store's manifest and of what an evaluation leaves out."""
    with storage_errors(store.folder):
        manifest = sha256(store.folder / MANIFEST)
    left_out = sorted(read_leave_out(store.data_root, store.source()).reasons)
    copied = sorted(patients_known_by_copies(store, bundle))
    if not left_out and not copied:
        return manifest
    kept = (manifest, left_out, copied) if copied else (manifest, left_out)
    return hashlib.sha256(repr(kept).encode()).hexdigest()


def _shares_images(bundle: Bundle, table: pd.DataFrame) -> bool:
    """Return whether some of the images are among those of the model's own report."""
    own = bundle.evaluation_predictions()[IMAGE_KEY].astype("str")
    return not own.merge(table[IMAGE_KEY].astype("str")).empty
