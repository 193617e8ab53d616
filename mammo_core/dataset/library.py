"""The data sets that the application knows: folders in `MAMMO_DATA`, and folders elsewhere that were linked there."""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from mammo_core.dataset.catalogue import COLUMNS, Catalogue, read_catalogue
from mammo_core.dicom import Source
from mammo_core.errors import DataError
from mammo_core.settings import settings
from mammo_core.storage.json_files import read_json, write_json
from mammo_core.storage.names import check_name

LINK = "linked.json"
ABOUT = "dataset.json"
RESERVED = frozenset({"prepared"})  # names that no data set may have: the stores' folder lies among them


@dataclass(frozen=True)
class Dataset:
    """One known data set.

    Attributes:
        name: how pages and commands call it.
        path: the folder with its CSV, or the very CSV that was linked.
        synthetic: whether this application generated it.
        linked: whether it lies elsewhere.
    """

    name: str
    path: Path
    synthetic: bool
    linked: bool = False

    @property
    def version(self) -> float:
        """Return what changes when the data set does: the newest modification time in it, in s.

        Looked at are its CSV files, its folder and those that hold the images or the patients' folders: a new file among
        them shows, one more in a patient's folder doesn't. Looking at thousands of folders at each call would take seconds.
        """
        root = self.path.parent if self.path.is_file() else self.path
        parts = [root, *root.glob("*.csv"), *root.glob("*_images")]
        return max((part.stat().st_mtime for part in parts if part.exists()), default=0.0)


def list_datasets() -> list[Dataset]:
    """Return the data sets with a CSV, by name."""
    found = []
    for folder in sorted(settings().data.glob("*/")):
        if (folder / LINK).exists():
            link = read_json(folder / LINK)  # earlier versions kept the folder only
            found.append(
                Dataset(folder.name, Path(link.get("csv") or link["path"]), is_synthetic(Path(link["path"])), True)
            )
        elif any((folder / name).is_file() for name in ("train.csv", "test.csv")):
            found.append(Dataset(folder.name, folder, is_synthetic(folder)))
    return found


def find_dataset(name_or_path: str | Path) -> Path:
    """Return the folder (or CSV) of a data set given by its name here or by a path.

    Raises:
        DataError: it is neither.
    """
    path = Path(name_or_path).expanduser()
    if path.is_absolute() and path.exists():
        return Path(os.path.abspath(path))
    known = {dataset.name: dataset.path for dataset in list_datasets()}
    if str(name_or_path) in known:
        return known[str(name_or_path)]
    if path.exists():
        return Path(os.path.abspath(path))  # a last part ".." is no name for a store
    names = ", ".join(known) or "none yet"
    raise DataError(f"{str(name_or_path)!r} is neither a folder, a CSV file nor a known data set (known: {names}).")


def link_dataset(name: str, path: str | Path) -> Dataset:
    """Make a folder's CSV elsewhere known by a name, after reading it; nothing is copied or changed.

    Raises:
        InvalidName: the name is not usable.
        DataError: the name is taken, or the folder isn't a data set.
    """
    if not str(path).strip():
        raise DataError("Give the folder that holds train.csv.")
    if (settings().data / check_name(name, RESERVED)).exists():
        raise DataError(f"There is already a data set {name!r}. Choose another name.")
    catalogue = read_catalogue(Path(path))
    write_json(settings().data / name / LINK, {"path": str(catalogue.root), "csv": str(catalogue.csv)})
    return Dataset(name, catalogue.csv, is_synthetic(catalogue.root), True)


def size_of(catalogue: Catalogue) -> int:
    """Return the bytes of a data set's images; it asks the file system once for each."""
    return sum(os.stat(file).st_size for file in catalogue.table["file"].dropna() if os.path.exists(file))


def check_dataset(catalogue: Catalogue) -> pd.DataFrame:
    """Return what is in a data set before anything is done with it: a table of what and how many."""
    table = catalogue.table
    expected = COLUMNS[:-1]
    absent = [name for name in expected if name not in catalogue.columns_found]
    rows = {
        "images listed": f"{len(table):,}",
        "images whose file is missing": f"{catalogue.missing_files:,}",
        "patients": f"{table['patient_id'].nunique():,}",
        "positive images": f"{int(table['cancer'].sum()):,}" if catalogue.labelled else "no labels",
        "columns found": ", ".join(name for name in expected if name in catalogue.columns_found),
        "columns missing": ", ".join(absent) or "none",
    }
    return pd.DataFrame({"what": list(rows), "how many": list(rows.values())})


def example_exam() -> list[tuple[str, Source]]:
    """Return name and path of the standard four views of a positive patient of the first synthetic data set.

    Returns:
        An empty list if there is no synthetic data set.
    """
    for dataset in list_datasets():
        if dataset.synthetic:
            table = read_catalogue(dataset.path).table.dropna(subset=["file"])
            table = table[table["view"].isin(["CC", "MLO"])].drop_duplicates(["patient_id", "laterality", "view"])
            whole = table.groupby("patient_id").filter(lambda rows: len(rows) == 4 and rows["cancer"].sum() > 0)
            files = [Path(name) for name in whole["file"].head(4)]
            return [(file.name, file) for file in files]
    return []


def known_views(images: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return laterality and view of the images that a known data set lists, by image_id.

    RSNA's files don't say which view they are; their names do, to whoever has the table.
    """
    wanted = set(images)
    found: dict[str, tuple[str, str]] = {}
    for dataset in list_datasets():
        listed = _views(dataset.path, dataset.version)
        found |= {image: listed[image] for image in wanted & listed.keys()}
    return found


@lru_cache(maxsize=4)
def _views(path: Path, version: float) -> dict[str, tuple[str, str]]:
    """Return laterality and view by image_id; `version` makes a changed data set another one. Empty if it can't be read."""
    try:
        table = read_catalogue(path).table
    except DataError:
        return {}  # the pages that need it say what is wrong with it
    return dict(zip(table["image_id"], zip(table["laterality"], table["view"], strict=True), strict=True))


def is_synthetic(folder: Path) -> bool:
    """Return whether this application generated the data set in `folder`."""
    return bool(_about(folder).get("synthetic"))


def describe_source(catalogue: Catalogue) -> dict[str, Any]:
    """Return what a prepared store and a model's card keep of where their images came from.

    Returns:
        csv (path, relative to `MAMMO_DATA` where it lies in there, so that the folder may move), dataset (name),
        synthetic, and generator: the phantoms' parameters, or None.
    """
    about = _about(catalogue.root)
    known = [dataset.name for dataset in list_datasets() if dataset.path in (catalogue.csv, catalogue.root)]
    data = settings().data.absolute()
    inside = catalogue.csv.is_relative_to(data)
    return {
        "csv": str(catalogue.csv.relative_to(data) if inside else catalogue.csv),
        "dataset": known[0] if known else catalogue.root.name,
        "synthetic": bool(about.get("synthetic")),
        "generator": about.get("generator"),
    }


def _about(folder: Path) -> dict[str, Any]:
    """Return what is noted of a synthetic data set; a file of that name may be another program's, and says nothing."""
    with suppress(DataError):
        if isinstance(about := read_json(folder / ABOUT), dict):
            return about
    return {}
