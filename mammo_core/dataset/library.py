"""Manage the known data sets.

They are folders in the data folder, and linked folders elsewhere.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mammo_core.dataset.catalogue import COLUMNS, Catalogue, read_catalogue
from mammo_core.documents.dataset import DatasetInfo, DatasetLink, StoreSource
from mammo_core.documents.marks import MarkFile
from mammo_core.errors import DataError
from mammo_core.storage.disk_space import format_bytes
from mammo_core.storage.hashing import file_states, sha256
from mammo_core.storage.json_files import read_json
from mammo_core.storage.names import check_name
from mammo_core.storage.path_text import path_text, text_path
from mammo_core.workspace import Workspace

MAX_HASHED_BYTES = 16_000_000  # of a table, which takes some 10 ms; RSNA's has 2.5 MB
MISSING_ON_PURPOSE = 1  # files that the phantom generator leaves out
MOSTLY = 0.5  # share of missing files from which a folder is probably not the right one
RESERVED = frozenset({"prepared", MarkFile.folder_name})  # folders among the data sets, so none may have their names


@dataclass(frozen=True)
class Dataset:
    """One known data set.

    Attributes:
        name: its name on pages and in commands.
        path: the folder that holds its CSV, or the CSV that was linked.
        synthetic: whether this application generated it.
        linked: whether it is outside the data folder.
    """

    name: str
    path: Path
    synthetic: bool
    linked: bool = False

    def version(self) -> str:
        """Return a hash that changes when the data set does.

        It covers the content of the CSV files, and the state of the data set's folder and of those that hold the images
        or the patients' folders. A new file there is noticed, one more in a patient's folder is not: checking thousands
        of folders at each call would take seconds.
        """
        root = self.path.parent if os.path.isfile(self.path) else self.path
        tables = sorted(path for path in root.glob("[!.]*.csv") if os.path.isfile(path))
        states = file_states([root, *tables, *sorted(root.glob("*_images"))])
        contents = [sha256(path) for path in tables if _is_small(path)]
        return hashlib.sha256(repr((states, contents)).encode()).hexdigest()


def _is_small(path: Path) -> bool:
    """Return whether a table is hashed at each call.

    A larger one is told by its size and times alone.
    """
    return any(size <= MAX_HASHED_BYTES for _, size, _, _ in file_states([path]))


def list_datasets(workspace: Workspace) -> list[Dataset]:
    """Return the data sets that have a CSV, sorted by name.

    Those whose link is damaged are left out, see `unreadable_datasets`.
    """
    return [dataset for _, dataset in _datasets(workspace) if isinstance(dataset, Dataset)]


def unreadable_datasets(workspace: Workspace) -> dict[str, DataError]:
    """Return the error of each data set whose link is damaged, by its name."""
    return {name: error for name, error in _datasets(workspace) if isinstance(error, DataError)}


def _datasets(workspace: Workspace) -> Iterator[tuple[str, Dataset | DataError]]:
    """Yield each data set with its name.

    If its link can't be read, the error takes its place.
    """
    for folder in sorted(workspace.data.glob("[!.]*/")):
        name = path_text(folder.name)
        if os.path.lexists(folder / DatasetLink.file_name):
            try:
                yield name, _linked_dataset(folder)
            except DataError as error:
                yield name, error
        elif any(os.path.isfile(folder / csv) for csv in ("train.csv", "test.csv")):
            yield name, Dataset(name, folder, is_synthetic(folder))


def _linked_dataset(folder: Path) -> Dataset:
    link = DatasetLink.read(folder / DatasetLink.file_name)
    path = text_path(link.csv or link.path)
    return Dataset(path_text(folder.name), path, is_synthetic(text_path(link.path)), linked=True)


def find_dataset(workspace: Workspace, name_or_path: str | Path) -> Path:
    """Return the folder (or CSV) of a data set given by name or by path.

    Raises:
        DataError: it is neither a known name nor an existing path.
    """
    path = text_path(name_or_path).expanduser()
    if path.is_absolute() and os.path.exists(path):
        return Path(os.path.abspath(path))
    known = {dataset.name: dataset.path for dataset in list_datasets(workspace)}
    if (name := path_text(name_or_path)) in known:
        return known[name]
    if os.path.exists(path):
        return Path(os.path.abspath(path))  # resolves a trailing "..", which can't name a store
    names = ", ".join(known) or "none yet"
    raise DataError(f"{str(name_or_path)!r} is neither a folder, a CSV file nor a known data set (known: {names}).")


def find_name(workspace: Workspace, name: str) -> Dataset:
    """Return the data set of a name.

    Raises:
        DataError: there is none.
    """
    for dataset in list_datasets(workspace):
        if dataset.name == name:
            return dataset
    raise DataError(f"There is no data set {name!r}.")


def free_name(workspace: Workspace, name: str) -> str:
    """Return a name that no data set has: this one, or this one with a number."""
    number, free = 1, name
    while os.path.lexists(workspace.data / free):
        number += 1
        free = f"{name}-{number}"
    return free


def link_dataset(workspace: Workspace, name: str, path: str | Path) -> Dataset:
    """Register a data set outside the data folder under a name.

    Nothing is copied or changed.

    Raises:
        InvalidName: the name can't be used.
        DataError: the name is taken, or the folder isn't a data set.
    """
    if not str(path).strip():
        raise DataError("Give the folder that holds train.csv.")
    folder = workspace.data / check_name(name, RESERVED)
    if os.path.lexists(folder):
        raise DataError(f"There is already a data set {name!r}. Choose another name.")
    catalogue = read_catalogue(Path(path))
    DatasetLink(path=path_text(catalogue.root), csv=path_text(catalogue.csv)).write(folder / DatasetLink.file_name)
    return Dataset(name, catalogue.csv, is_synthetic(catalogue.root), linked=True)


def image_bytes(catalogue: Catalogue) -> int:
    """Return the total size of a data set's images in bytes.

    This makes one file system call for each image.
    """
    files = (text_path(file) for file in catalogue.table["file"].dropna())
    return sum(state[1] for state in file_states(files))


def summarise_dataset(catalogue: Catalogue) -> pd.DataFrame:
    """Summarise a data set before it is linked or imported.

    Returns:
        The text columns item and value.
    """
    table = catalogue.table
    expected = COLUMNS[:-1]
    absent = [name for name in expected if name not in catalogue.columns]
    rows = {
        "CSV used": path_text(catalogue.csv.name),
        "images listed": f"{len(table):,}",
        "missing files": f"{catalogue.missing_files:,}",
        "patients": f"{table['patient_id'].nunique():,}",
        "positive images": f"{int(table['cancer'].sum()):,}" if catalogue.labelled else "no labels",
        "columns found": f"{len(expected) - len(absent)} of {len(expected)} known ones",
        "columns missing": ", ".join(absent) or "none",
    }
    if catalogue.notes:
        rows["notes"] = " ".join(catalogue.notes)
    return pd.DataFrame({"item": list(rows), "value": list(rows.values())})


def warn_of_missing(catalogue: Catalogue) -> str | None:
    """Return a warning if most of the files are missing, else None."""
    missing, total = catalogue.missing_files, len(catalogue.table)
    if missing <= MOSTLY * total:
        return None
    return (
        f"{missing:,} of {total:,} images have no file here. Is this the right folder, and is the download complete and "
        "unpacked?"
    )


def describe_missing(catalogue: Catalogue, *, synthetic: bool) -> str | None:
    """Return how many listed images have no file, as text; None if all have one."""
    missing = catalogue.missing_files
    if not missing:
        return None
    if synthetic and missing <= MISSING_ON_PURPOSE:
        return f"{missing} file left out on purpose"
    return f"{missing:,} of {len(catalogue.table):,} files missing"


def describe_dataset(catalogue: Catalogue, size: int) -> str:
    """Return a data set's contents in one line.

    Args:
        catalogue: of the data set.
        size: of its images in bytes, see `image_bytes`.
    """
    table = catalogue.table
    return f"{len(table):,} images of {table['patient_id'].nunique():,} patients · {format_bytes(size)}"


def is_synthetic(folder: Path) -> bool:
    """Return whether this application generated the data set in `folder`."""
    info = _read_info(folder)
    return info is not None and info.synthetic


def describe_source(workspace: Workspace, catalogue: Catalogue) -> StoreSource:
    """Describe the origin of a data set's images.

    A prepared store and a model card record this.
    """
    info = _read_info(catalogue.root)
    names = [dataset.name for dataset in list_datasets(workspace) if dataset.path in (catalogue.csv, catalogue.root)]
    data = workspace.data.absolute()
    inside = catalogue.csv.is_relative_to(data)
    return StoreSource(
        csv=path_text(catalogue.csv.relative_to(data) if inside else catalogue.csv),
        dataset=names[0] if names else path_text(catalogue.root.name),
        synthetic=info is not None and info.synthetic,
        generator=info.generator if info else None,
    )


def _read_info(folder: Path) -> DatasetInfo | None:
    """Return the content of the data set's dataset.json.

    Returns:
        None if the file is missing, or if another program wrote a file of that name. Of a file that another version
        wrote, only whether the images are synthetic.
    """
    path = folder / DatasetInfo.file_name
    with suppress(DataError):
        return DatasetInfo.read(path)
    with suppress(DataError):
        document = read_json(path)
        if isinstance(document, dict) and document.get("synthetic") is True:
            return DatasetInfo(synthetic=True)
    return None
