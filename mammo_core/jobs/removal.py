"""Unlink and delete data sets, imported data and evaluations; restore them.

What was deleted can be restored for an hour. A linked folder's own files are never touched: unlinking removes the link only.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mammo_core.assessment.kept_evaluations import evaluation_folder, evaluation_folders
from mammo_core.dataset.library import Dataset, find_name
from mammo_core.dataset.store import Store, list_stores, stores_of
from mammo_core.documents.dataset import DatasetLink
from mammo_core.documents.job import FINAL
from mammo_core.errors import DataError
from mammo_core.jobs.folder import SPEC, JobFolder
from mammo_core.jobs.runs import SWEEPS
from mammo_core.jobs.sweep import SweepJob
from mammo_core.jobs.training import TrainJob
from mammo_core.models.bundle import Bundle
from mammo_core.storage.folders import files_of_subfolders
from mammo_core.storage.path_text import path_text
from mammo_core.storage.trash import empty_trash, move_to_trash, restore_from_trash, trashed_name
from mammo_core.workspace import Workspace


@dataclass(frozen=True)
class Removed:
    """What was unlinked or deleted, and can be restored.

    Attributes:
        root: the folder that it was in.
        trashed: its name in the trash there.
    """

    root: Path
    trashed: str

    @property
    def name(self) -> str:
        """Name of the data set or store; of an evaluation, that of its store."""
        return trashed_name(self.trashed)


def why_kept(workspace: Workspace, dataset: Dataset) -> str | None:
    """Return why a data set can't be removed here, or None if it can.

    Only links, and what this application generated, are removed: other folders hold what can't be made again.
    """
    folder = workspace.data / dataset.name
    if os.path.islink(folder):
        return "Its folder is a link to elsewhere. Remove the link by hand."
    if dataset.linked:
        others = sorted(set(os.listdir(folder)) - {DatasetLink.file_name})
        return (
            f"The folder of its link holds other files, too ({len(others)}). Move them away first." if others else None
        )
    if not dataset.synthetic:
        return "Its files aren't made by this application. Remove its folder by hand."
    if _is_active(JobFolder(folder)):
        return "It is still being created. Stop that first."
    return None


def remove_dataset(workspace: Workspace, name: str) -> Removed:
    """Unlink a linked data set, or delete a synthetic one.

    What was imported from it stays.

    Raises:
        DataError: there is none of that name, it can't be removed (see `why_kept`), or it is being imported.
        StorageError: the file system refuses.
    """
    dataset = find_name(workspace, name)
    if reason := why_kept(workspace, dataset):
        raise DataError(f"The data set {name} can't be removed. {reason}")
    if any(_is_active(JobFolder(store.folder)) for store in stores_of(dataset.path, list_stores(workspace))):
        raise DataError(f"The data set {name} is being imported. Stop the import first.")
    return Removed(workspace.data, move_to_trash(workspace.data / name))


def remove_store(workspace: Workspace, store: Store) -> Removed:
    """Delete imported data.

    The data set that it was made from, and models that were trained on it, stay.

    Raises:
        DataError: it is being imported, or a model is being trained on it.
        StorageError: the file system refuses.
    """
    if os.path.islink(store.folder):
        raise DataError(f"The folder of {store.name} is a link to elsewhere. Remove the link by hand.")
    if _is_active(JobFolder(store.folder)):
        raise DataError(f"{store.name} is being imported. Stop the import first.")
    if store.name in _trained_stores(workspace):
        raise DataError(f"A model is being trained on {store.name}. Stop the training first.")
    return Removed(workspace.prepared, move_to_trash(store.folder))


def remove_evaluation(workspace: Workspace, bundle: Bundle, store_name: str) -> Removed:
    """Delete what is kept of a model's evaluation on other data.

    Raises:
        DataError: there is none, or it is being made anew.
        StorageError: the file system refuses.
    """
    folder = evaluation_folder(workspace, bundle.identity, store_name)
    if not os.path.isdir(folder):
        raise DataError(f"There is no evaluation of {bundle.name} on {store_name}.")
    if _is_active(JobFolder(folder)):
        raise DataError(f"{bundle.name} is being evaluated on {store_name}. Stop that first.")
    return Removed(folder.parent, move_to_trash(folder))


def restore_removed(removed: Removed) -> str:
    """Bring back what was unlinked or deleted, and return its name.

    Raises:
        DataError: the trash was emptied, or something else has its name now.
        StorageError: the file system refuses.
    """
    try:
        return path_text(restore_from_trash(removed.root, removed.trashed).name)
    except FileNotFoundError:
        raise DataError(f"{removed.name} can't be restored any more: the trash was emptied.") from None
    except FileExistsError:
        raise DataError(f"There is another {removed.name!r} now. Remove it, then restore this one.") from None


def empty_data_trash(workspace: Workspace) -> None:
    """Remove what was deleted more than an hour ago.

    Raises:
        StorageError: the file system refuses.
    """
    for root in (workspace.data, workspace.prepared):
        empty_trash(root)


def empty_evaluation_trash(workspace: Workspace) -> None:
    """Remove evaluations that were deleted more than an hour ago.

    Raises:
        StorageError: the file system refuses.
    """
    for root in evaluation_folders(workspace):
        empty_trash(root)


def folder_bytes(folder: Path) -> int:
    """Return the size of all files in a folder, in bytes; links aren't followed."""
    return sum(os.lstat(os.path.join(path, file)).st_size for path, _, files in os.walk(folder) for file in files)


def _is_active(job: JobFolder) -> bool:
    return job.exists and job.state() not in FINAL


def _trained_stores(workspace: Workspace) -> Iterator[str]:
    """Yield the names of the stores that queued and running trainings read."""
    for path in files_of_subfolders(workspace.models, SPEC):
        with suppress(DataError):  # a damaged folder, which no process works in by this specification
            if _is_active(job := JobFolder(path.parent)):
                yield job.spec(TrainJob).config.store
    for path in files_of_subfolders(workspace.models / SWEEPS, SPEC):  # between two of its runs, none is active
        with suppress(DataError):
            if _is_active(job := JobFolder(path.parent)):
                yield from (config.store for config in job.spec(SweepJob).configs)
