"""The prepared store: model-input PNG files by label, an index of them, and the contract that made them.

    <data>/prepared/<name>/
        negative/  positive/  unlabelled/      <patient_id>_<image_id>.png, 8-bit greyscale
        contract.json                          the preprocessing parameters and their identity
        source.json                            where the images came from
        manifest.parquet                       one row an image that is there
        quarantine.parquet                     one row an image that could not be prepared, and why

Each PNG carries its image_id and geometry in a text chunk. So an image and what the manifest says of it appear together
or not at all, and the manifest can be made again from the PNG files after a crash.

`keras.utils.image_dataset_from_directory` reads a finished store as it stands: it takes each folder for a class, and only
those that hold something (or are classes of a labelled data set) are there. Where a part of the images has no label, tell it
`class_names=["negative", "positive"]`, or `unlabelled` counts as a third class.
"""

import hashlib
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, PngImagePlugin

from mammo_core.documents.dataset import StoreSource
from mammo_core.errors import ConfigError, DataError
from mammo_core.preprocess import ModelInput, PreprocessingConfig
from mammo_core.storage.atomic import atomic_path, write_bytes
from mammo_core.storage.json_files import read_json, write_json
from mammo_core.workspace import Workspace

CLASSES = ("negative", "positive")
UNLABELLED = "unlabelled"
CONFIG_FILE = "contract.json"
MANIFEST = "manifest.parquet"
QUARANTINE = "quarantine.parquet"
QUARANTINE_COLUMNS = ("image_id", "file", "reason", "detail")

PNG_OPTIONS = {
    "compress_level": 1,
    "compress_type": zlib.Z_RLE,
}  # for these images faster and smaller than zlib's default

_ROW_KEY = "mammo-row"


@dataclass(frozen=True)
class Store:
    """One prepared store on disk.

    Attributes:
        folder: its folder; the folder's name is the store's.
        preprocessing: the parameters by which every image in it was prepared.
        data_root: the data folder, to which the path of the CSV in source.json is relative.
    """

    folder: Path
    preprocessing: PreprocessingConfig
    data_root: Path

    @property
    def name(self) -> str:
        """The store's name."""
        return self.folder.name

    @property
    def csv(self) -> Path:
        """Path of the CSV of the data set that it was made from, read from source.json."""
        return self.data_root.absolute() / self.source().csv

    def png(self, row: dict[str, Any]) -> Path:
        """Return where the PNG of a catalogue row belongs."""
        label = row["cancer"]
        group = UNLABELLED if pd.isna(label) else CLASSES[int(label)]
        return self.folder / group / f"{row['patient_id']}_{row['image_id']}.png"

    def manifest(self) -> pd.DataFrame:
        """Return one row an image: the catalogue's columns, label, png, sha256 and geometry (JSON text).

        Raises:
            DataError: the store has no manifest yet.
        """
        path = self.folder / MANIFEST
        if not path.exists():
            raise DataError(
                f"The prepared store {self.name} isn't finished. Wait for its import, or run it again; it goes on where it "
                "stopped."
            )
        return pd.read_parquet(path)

    def quarantine(self) -> pd.DataFrame:
        """Return one row an image that could not be prepared: image_id, file, reason, detail."""
        path = self.folder / QUARANTINE
        return pd.read_parquet(path) if path.exists() else pd.DataFrame(columns=pd.Index(QUARANTINE_COLUMNS))

    def source(self) -> StoreSource:
        """Return where the images come from.

        Raises:
            DataError: source.json is missing or not readable.
        """
        return StoreSource.read(self.folder / StoreSource.file_name)

    def images(self, pngs: list[str]) -> np.ndarray:
        """Read PNG files, given as in the manifest.

        Returns:
            uint8 (n, size, size).

        Raises:
            DataError: a file is missing, unreadable or of another size.
        """
        size = self.preprocessing.size
        images = np.empty((len(pngs), size, size), np.uint8)
        for index, name in enumerate(pngs):
            try:
                with Image.open(self.folder / name) as picture:
                    images[index] = np.asarray(picture)
            except (OSError, ValueError) as error:
                raise DataError(
                    f"{name} of the store {self.name} isn't readable as a {size} × {size} PNG ({error}). "
                    "Delete it and run the import again."
                ) from None
        return images


def store_contents(store: Store) -> dict[str, int]:
    """Return the number of images on disk by label, and the bytes of them all as `bytes`."""
    found, size = {}, 0
    for group in (*CLASSES, UNLABELLED):
        sizes = [png.stat().st_size for png in (store.folder / group).glob("[!.]*.png")]
        found[group] = len(sizes)
        size += sum(sizes)
    return found | {"bytes": size}


def open_store(workspace: Workspace, name: str) -> Store:
    """Open a prepared store by name (or by absolute path).

    Raises:
        DataError: there is no such store.
    """
    folder = workspace.prepared / name  # an absolute path replaces the folder in front of it
    if not (folder / CONFIG_FILE).exists():
        names = ", ".join(store.name for store in list_stores(workspace)) or "none yet"
        raise DataError(f"There is no prepared store {folder.name!r} (stores: {names}). Run an import first.")
    return Store(folder, PreprocessingConfig.from_json(read_json(folder / CONFIG_FILE)), workspace.data)


def resolve_store(workspace: Workspace, name: str, preprocessing: PreprocessingConfig, source: StoreSource) -> Store:
    """Return the store that an import of this source would use, without writing anything.

    A store of that name with another preprocessing configuration is left alone: the start of the new configuration's
    identity is then added to the name, so that no store ever holds a mixture.

    Raises:
        DataError: that store holds images of another source.
    """
    folder = workspace.prepared / name
    if (folder / CONFIG_FILE).exists() and read_json(folder / CONFIG_FILE) != preprocessing.to_json():
        folder = workspace.prepared / f"{name}-{preprocessing.identity[:8]}"
    if (folder / StoreSource.file_name).exists() and StoreSource.read(folder / StoreSource.file_name).csv != source.csv:
        raise DataError(f"The store {folder.name} was made from another data set. Choose another name for this one.")
    return Store(folder, preprocessing, workspace.data)


def create_store(workspace: Workspace, name: str, preprocessing: PreprocessingConfig, source: StoreSource) -> Store:
    """Create an empty store, or open the one that exists; see `resolve_store` for its name.

    Raises:
        DataError: that store holds images of another source.
    """
    store = resolve_store(workspace, name, preprocessing, source)
    path = store.folder / StoreSource.file_name
    if not path.exists() or StoreSource.read(path) != source:
        source.write(path)
    if not (store.folder / CONFIG_FILE).exists():
        write_json(store.folder / CONFIG_FILE, preprocessing.to_json())
    return store


def list_stores(workspace: Workspace) -> list[Store]:
    """Return the prepared stores that this version can use, sorted by name."""
    return [
        Store(folder, preprocessing, workspace.data) for folder, preprocessing in _stores(workspace) if preprocessing
    ]


def outdated_stores(workspace: Workspace) -> list[str]:
    """Return the names of stores that another version prepared; their data sets must be imported again."""
    return [folder.name for folder, preprocessing in _stores(workspace) if preprocessing is None]


def _stores(workspace: Workspace) -> Iterator[tuple[Path, PreprocessingConfig | None]]:
    """Yield each store's folder, with its preprocessing configuration, or None if another version wrote it."""
    for path in sorted(workspace.prepared.glob(f"*/{CONFIG_FILE}")):
        try:
            yield path.parent, PreprocessingConfig.from_json(read_json(path))
        except ConfigError:
            yield path.parent, None


def write_image(store: Store, row: dict[str, Any], prepared: ModelInput) -> dict[str, Any]:
    """Write one image and, inside its PNG, what the manifest needs to know of it.

    Args:
        store: where to.
        row: the image's catalogue row.
        prepared: its model input and geometry.

    Returns:
        image_id, png (relative to the store), geometry (JSON text) and sha256 of the file.
    """
    path = store.png(row)
    entry = {"image_id": row["image_id"], "geometry": json.dumps(prepared.geometry.to_json())}
    text = PngImagePlugin.PngInfo()
    text.add_text(_ROW_KEY, json.dumps(entry))
    stream = io.BytesIO()
    Image.fromarray(prepared.image).save(stream, format="PNG", **PNG_OPTIONS, pnginfo=text)
    write_bytes(path, stream.getvalue())
    digest = hashlib.sha256(stream.getvalue()).hexdigest()
    return entry | {"png": str(path.relative_to(store.folder)), "sha256": digest}


def read_entry(store: Store, png: Path) -> dict[str, Any] | None:
    """Return what `write_image` returned for this PNG, or None if it isn't one that an import finished.

    The file's own checksums tell whether it is whole; its pixels needn't be decoded for that.
    """
    try:
        data = png.read_bytes()
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            entry = json.loads(picture.info[_ROW_KEY])
            picture.verify()
    except (OSError, KeyError, ValueError, SyntaxError):  # the last is Pillow's word for a broken PNG
        return None
    return entry | {"png": str(png.relative_to(store.folder)), "sha256": hashlib.sha256(data).hexdigest()}


def remove_leftovers(store: Store) -> None:
    """Remove the half-written files of an import, or of one of its workers, that was killed."""
    for pattern in ("*/.*.png", ".*.parquet", ".*.json", ".*.jsonl"):
        for leftover in store.folder.glob(pattern):
            leftover.unlink(missing_ok=True)


def existing_entries(store: Store) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Yield each PNG's path relative to the store, with its entry, or None if no import finished it.

    The manifest is taken at its word for the files that it lists and that are there; others are read one by one.
    """
    listed: dict[str, dict[str, Any]] = {}
    if (store.folder / MANIFEST).exists():
        known = store.manifest()[["image_id", "geometry", "png", "sha256"]]
        listed = {entry["png"]: entry for entry in known.to_dict("records")}
    for group in (*CLASSES, UNLABELLED):
        for png in (store.folder / group).glob("[!.]*.png"):
            name = f"{group}/{png.name}"
            yield name, listed.get(name) or read_entry(store, png)


def arrange_groups(store: Store, labelled: bool) -> None:
    """Keep the folders that hold images, and of a labelled data set those of both classes: Keras takes each for a class."""
    for group in (*CLASSES, UNLABELLED):
        folder = store.folder / group
        if labelled and group in CLASSES:
            folder.mkdir(exist_ok=True)
        elif folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def write_index(
    store: Store, catalogue: pd.DataFrame, entries: list[dict[str, Any]], quarantine: list[dict[str, Any]]
) -> None:
    """Write the manifest (in the catalogue's order) and the quarantine, whole."""
    known = pd.DataFrame(entries, columns=pd.Index(["image_id", "geometry", "png", "sha256"]))
    manifest = catalogue.merge(known, on="image_id", how="inner", validate="one_to_one")
    manifest["label"] = manifest["cancer"]
    with atomic_path(store.folder / MANIFEST) as path:
        manifest.to_parquet(path, index=False)
    with atomic_path(store.folder / QUARANTINE) as path:
        pd.DataFrame(quarantine, columns=pd.Index(QUARANTINE_COLUMNS)).to_parquet(path, index=False)
