"""Manage the known data sets.

They are folders in the data folder, and linked folders elsewhere.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mammo_core.dataset.catalogue import COLUMNS, Catalogue, read_catalogue
from mammo_core.documents.dataset import DatasetInfo, DatasetLink, StoreSource
from mammo_core.errors import DataError
from mammo_core.storage.disk_space import format_bytes
from mammo_core.storage.json_files import read_json
from mammo_core.storage.names import check_name
from mammo_core.workspace import Workspace

RESERVED = frozenset({"prepared"})  # the folder of the stores is among the data sets, so none may have its name


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

    def latest_change(self) -> float:
        """Return the newest modification time in the data set, in s.

        It changes when the data set does. It covers the CSV files, the data set's folder, and the folders that hold the
        images or the patients' folders. A new file there is noticed, one more in a patient's folder is not: checking
        thousands of folders at each call would take seconds.
        """
        root = self.path.parent if self.path.is_file() else self.path
        parts = [root, *root.glob("*.csv"), *root.glob("*_images")]
        return max((part.stat().st_mtime for part in parts if part.exists()), default=0.0)


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
    for folder in sorted(workspace.data.glob("*/")):
        if (folder / DatasetLink.file_name).exists():
            try:
                yield folder.name, _linked_dataset(folder)
            except DataError as error:
                yield folder.name, error
        elif any((folder / name).is_file() for name in ("train.csv", "test.csv")):
            yield folder.name, Dataset(folder.name, folder, is_synthetic(folder))


def _linked_dataset(folder: Path) -> Dataset:
    link = DatasetLink.read(folder / DatasetLink.file_name)
    return Dataset(folder.name, Path(link.csv or link.path), is_synthetic(Path(link.path)), linked=True)


def find_dataset(workspace: Workspace, name_or_path: str | Path) -> Path:
    """Return the folder (or CSV) of a data set given by name or by path.

    Raises:
        DataError: it is neither a known name nor an existing path.
    """
    path = Path(name_or_path).expanduser()
    if path.is_absolute() and path.exists():
        return Path(os.path.abspath(path))
    known = {dataset.name: dataset.path for dataset in list_datasets(workspace)}
    if str(name_or_path) in known:
        return known[str(name_or_path)]
    if path.exists():
        return Path(os.path.abspath(path))  # resolves a trailing "..", which can't name a store
    names = ", ".join(known) or "none yet"
    raise DataError(f"{str(name_or_path)!r} is neither a folder, a CSV file nor a known data set (known: {names}).")


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
    if folder.exists():
        raise DataError(f"There is already a data set {name!r}. Choose another name.")
    catalogue = read_catalogue(Path(path))
    DatasetLink(path=str(catalogue.root), csv=str(catalogue.csv)).write(folder / DatasetLink.file_name)
    return Dataset(name, catalogue.csv, is_synthetic(catalogue.root), linked=True)


def image_bytes(catalogue: Catalogue) -> int:
    """Return the total size of a data set's images in bytes.

    This makes one file system call for each image.
    """
    return sum(os.stat(file).st_size for file in catalogue.table["file"].dropna() if os.path.exists(file))


def summarise_dataset(catalogue: Catalogue) -> pd.DataFrame:
    """Summarise a data set before it is linked or imported.

    Returns:
        The text columns item and value.
    """
    table = catalogue.table
    expected = COLUMNS[:-1]
    absent = [name for name in expected if name not in catalogue.columns_found]
    rows = {
        "images listed": f"{len(table):,}",
        "missing files": f"{catalogue.missing_files:,}",
        "patients": f"{table['patient_id'].nunique():,}",
        "positive images": f"{int(table['cancer'].sum()):,}" if catalogue.labelled else "no labels",
        "columns found": ", ".join(name for name in expected if name in catalogue.columns_found),
        "columns missing": ", ".join(absent) or "none",
    }
    return pd.DataFrame({"item": list(rows), "value": list(rows.values())})


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
        csv=str(catalogue.csv.relative_to(data) if inside else catalogue.csv),
        dataset=names[0] if names else catalogue.root.name,
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
