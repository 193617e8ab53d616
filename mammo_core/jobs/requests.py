"""From what a person asks for to a work folder and a job's arguments; the command line and the pages both use these."""

import re
from pathlib import Path
from typing import Any

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.library import RESERVED, describe_source, find_dataset
from mammo_core.dataset.store import Store, create_store, list_stores
from mammo_core.errors import DataError
from mammo_core.jobs.folder import FINAL, JobFolder
from mammo_core.preprocess import PreprocessingConfig
from mammo_core.settings import settings
from mammo_core.storage.names import check_name
from mammo_core.workspace import Workspace


def import_request(source: str, name: str | None = None, size: int = 256) -> tuple[Path, dict[str, Any]]:
    """Make (or find) the prepared store of a data set.

    Args:
        source: the data set's name in `MAMMO_DATA`, its folder or its CSV.
        name: of the store; by default the data set's, with '-' for what can't stand in a name.
        size: side of the images in pixels.

    Returns:
        The store's folder and the import's arguments.

    Raises:
        InvalidName: the name isn't usable.
        DataError: the data set can't be read, or the name belongs to another one.
    """
    if name:
        check_name(name, RESERVED)
    workspace = Workspace.from_environment()
    catalogue = read_catalogue(find_dataset(workspace, source))
    about = describe_source(workspace, catalogue)
    usual = re.sub(r"[^A-Za-z0-9._-]+", "-", about.dataset).strip("-._")[:60]
    store = create_store(workspace, name or usual or "dataset", PreprocessingConfig(size=size), about)
    return store.folder, {"source": str(catalogue.csv), "store": store.name}


def import_again_request(store: Store, retry: bool = False) -> tuple[Path, dict[str, Any]]:
    """Go on with the import of a store, on the scheduler or with the workers that it was first asked for.

    Args:
        store: what to complete.
        retry: whether to try files in quarantine again.

    Returns:
        The store's folder and the import's arguments.

    Raises:
        DataError: the data set can't be read (any more).
    """
    path, arguments = import_request(str(store.csv), store.name, store.preprocessing.size)
    before = JobFolder(path).request()["arguments"] if JobFolder(path).exists else {}
    kept = {key: before[key] for key in ("workers", "scheduler") if key in before}
    return path, {**arguments, **kept, "retry": retry}


def is_importing(csv: Path) -> bool:
    """Return whether an import of this CSV is under way."""
    jobs = [JobFolder(store.folder) for store in list_stores(Workspace.from_environment()) if store.csv == csv]
    return any(job.exists and job.state() not in FINAL for job in jobs)


def demo_request(name: str, patients: int, prevalence: float, seed: int) -> tuple[Path, dict[str, Any]]:
    """Name the folder of a synthetic data set and check that it is free.

    Raises:
        InvalidName: the name is not usable.
        DataError: the name is taken.
    """
    folder = settings().data / check_name(name, RESERVED)
    if folder.exists() and not (
        JobFolder(folder).exists and JobFolder(folder).state() in ("failed", "crashed", "stopped")
    ):
        raise DataError(f"There is already a data set {name!r}. Choose another name.")
    return folder, {"out": str(folder), "patients": patients, "prevalence": prevalence, "seed": seed}


def unfinished_demos() -> list[JobFolder]:
    """Return the synthetic data sets that are being made, or whose making ended badly."""
    folders = [JobFolder(path.parent) for path in settings().data.glob("*/work.json")]
    return [folder for folder in folders if folder.state() != "finished"]
