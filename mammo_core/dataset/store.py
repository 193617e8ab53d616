"""Create, find and read prepared stores; `store_writer` fills them.

A store holds model inputs as PNG files by label, their index, and the configuration that prepared them.

    <data>/prepared/<name>/
        negative/  positive/  unlabelled/      <patient_id>_<image_id>.png, 8-bit greyscale
        contract.json                          the preprocessing configuration
        source.json                            where the images come from
        manifest.parquet                       one row per image in the store
        quarantine.parquet                     one row per image that could not be prepared, with the reason
        acquisition.parquet                    one row per image in the store, with technical values of its header; older
                                               stores lack it

Each PNG carries its image_id and geometry in a text chunk. So an image and its entry appear together or not at all, and
the manifest can be rebuilt from the PNG files after a crash.

`keras.utils.image_dataset_from_directory` reads a finished store directly: it takes each folder for a class, so a folder
exists only if it holds images or is a class of a labelled data set. If some images have no label, pass it
`class_names=["negative", "positive"]`, or `unlabelled` counts as a third class.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from pydantic import ValidationError

from mammo_core.dataset.store_png import CLASSES, UNLABELLED
from mammo_core.documents.acquisition import ImageAcquisition
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.geometry import Geometry
from mammo_core.documents.manifest import QuarantineRow
from mammo_core.documents.preprocessing_config import PreprocessingConfig, describe_size
from mammo_core.errors import ConfigError, DataError, StoreUnfinished
from mammo_core.storage.disk_space import format_bytes
from mammo_core.storage.folders import files_of_subfolders
from mammo_core.storage.hashing import file_states
from mammo_core.storage.json_files import read_json
from mammo_core.storage.parquet_files import read_parquet
from mammo_core.storage.path_text import as_written, path_text, text_path
from mammo_core.workspace import Workspace

READERS = min(8, os.cpu_count() or 1)  # threads that decode PNG files
MIN_PARALLEL = 8  # images; fewer are read sooner than threads start
CONFIG_FILE = PreprocessingConfig.file_name
MANIFEST = "manifest.parquet"
QUARANTINE = "quarantine.parquet"
ACQUISITION = "acquisition.parquet"
QUARANTINE_COLUMNS = tuple(QuarantineRow.model_fields)
ACQUISITION_COLUMNS = tuple(ImageAcquisition.model_fields)
MANIFEST_COLUMNS = ("image_id", "geometry", "png", "sha256")  # of every version


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
        """Name of the store, which is its folder's; see `path_text`."""
        return path_text(self.folder.name)

    def read_csv_path(self) -> Path:
        """Read from source.json where the CSV of the data set is that it was made from.

        Raises:
            DataError: source.json is missing or not readable.
        """
        return self.data_root.absolute() / text_path(self.source().csv)

    def manifest(self) -> pd.DataFrame:
        """Return the table of prepared images.

        Returns:
            One row per image: the catalogue's columns, label, png, sha256 and geometry (see `parse_geometry`).

        Raises:
            StoreUnfinished: the store has no manifest yet.
            DataError: the manifest is damaged.
        """
        path = self.folder / MANIFEST
        if not os.path.exists(path):
            raise StoreUnfinished(
                f"The prepared store {self.name} isn't finished. Wait for its import, or run it again; it continues where "
                "it stopped."
            )
        return read_parquet(path, MANIFEST_COLUMNS)

    def png_paths(self) -> dict[str, Path]:
        """Return the PNG file of each image, by image_id.

        Raises:
            StoreUnfinished: the store has no manifest yet.
            DataError: the manifest is damaged.
        """
        manifest = self.manifest()
        pngs = (self.folder / png for png in manifest["png"])
        return dict(zip(manifest["image_id"].astype(str), pngs, strict=True))

    def quarantine(self) -> pd.DataFrame:
        """Return the images that could not be prepared.

        Returns:
            One row per image: image_id, file, reason, detail.

        Raises:
            DataError: the file is damaged.
        """
        path = self.folder / QUARANTINE
        if not os.path.exists(path):
            return pd.DataFrame(columns=pd.Index(QUARANTINE_COLUMNS))
        return read_parquet(path, QUARANTINE_COLUMNS)

    def acquisitions(self) -> pd.DataFrame | None:
        """Return how the images were acquired.

        Returns:
            One row per image, with the fields of `ImageAcquisition`; None if the store was imported by an earlier version.

        Raises:
            DataError: the file is damaged.
        """
        path = self.folder / ACQUISITION
        return read_parquet(path, ACQUISITION_COLUMNS) if os.path.exists(path) else None

    def source(self) -> StoreSource:
        """Return where the images come from.

        Raises:
            DataError: source.json is missing or not readable.
        """
        return StoreSource.read(self.folder / StoreSource.file_name)

    def images(self, pngs: list[str]) -> np.ndarray:
        """Read PNG files, given as in the manifest.

        Returns:
            uint8 (n, rows, columns).

        Raises:
            DataError: a file is missing, unreadable or of another size.
        """
        images = np.empty((len(pngs), *self.preprocessing.shape), np.uint8)

        def read(index: int) -> None:
            images[index] = self._image(pngs[index])

        if len(pngs) < MIN_PARALLEL:
            for index in range(len(pngs)):
                read(index)
            return images
        with ThreadPoolExecutor(READERS) as readers:  # Pillow decodes without Python's lock
            list(readers.map(read, range(len(pngs))))
        return images

    def _image(self, png: str) -> np.ndarray:
        """Read one PNG, uint8 (rows, columns)."""
        try:
            with Image.open(self.folder / png, formats=["PNG"]) as picture:
                pixels = np.asarray(picture)
            if pixels.shape == self.preprocessing.shape:
                return pixels
        except (OSError, ValueError, SyntaxError):  # Pillow raises SyntaxError for a broken PNG
            pass
        raise DataError(
            f"The PNG of {self._describe_image(png)} of the store {self.name} is missing, or isn't readable as one of "
            f"{describe_size(self.preprocessing.size)}. Delete it and run the import again."
        )

    def _describe_image(self, png: str) -> str:
        """Name the image of a PNG, whose own name states the patient, too."""
        with suppress(DataError):  # no manifest yet
            manifest = self.manifest()
            images = manifest.loc[manifest["png"] == png, "image_id"]
            return f"image {images.iloc[0]}" if len(images) else "an image"
        return "an image"


@dataclass(frozen=True)
class StoreContents:
    """How much a store holds.

    Attributes:
        negative, positive, unlabelled: number of images.
        bytes: size of all images.
        unchecked: images of a finished import by an earlier version, which didn't check whether they count for a breast.
    """

    negative: int
    positive: int
    unlabelled: int
    bytes: int
    unchecked: int = 0

    def describe(self) -> str:
        """Return the contents in one line."""
        labels = [f"{number:,} {name}" for name in (*CLASSES, UNLABELLED) if (number := getattr(self, name))]
        return f"{', '.join(labels) or 'no images yet'} · {format_bytes(self.bytes)}"


def store_contents(store: Store) -> StoreContents:
    """Count the images on disk by label, and their bytes."""
    sizes = {group: [state[1] for state in file_states(png_files(store, group))] for group in (*CLASSES, UNLABELLED)}
    numbers = {group: len(of_group) for group, of_group in sizes.items()}
    return StoreContents(**numbers, bytes=sum(map(sum, sizes.values())), unchecked=_count_unchecked(store))


def _count_unchecked(store: Store) -> int:
    """Count the images in the manifest whose `kind_checked` isn't set."""
    if not os.path.exists(store.folder / MANIFEST):
        return 0
    manifest = store.manifest()
    return len(manifest) - int(manifest["kind_checked"].sum()) if "kind_checked" in manifest else len(manifest)


def png_files(store: Store, group: str) -> list[Path]:
    """Return the PNG files of a group; folders and broken links are passed over."""
    return [png for png in (store.folder / group).glob("[!.]*.png") if png.is_file()]


def parse_geometry(text: str) -> Geometry:
    """Return the geometry that is stored as JSON text in a manifest.

    The text is that of the column `geometry`.

    Raises:
        DataError: the text is not a geometry.
    """
    try:
        return Geometry.model_validate_json(text)
    except ValidationError:
        raise DataError(
            "The manifest of this prepared store holds a damaged geometry. Delete the store and run its import again."
        ) from None


def open_store(workspace: Workspace, name: str) -> Store:
    """Open a prepared store by name.

    Raises:
        DataError: there is no such store.
    """
    name = as_written(name)
    if Path(name).name != name or not os.path.exists(workspace.prepared / name / CONFIG_FILE):
        names = ", ".join(store.name for store in list_stores(workspace)) or "none yet"
        raise DataError(f"There is no prepared store {name!r} (stores: {names}). Run an import first.")
    return read_store(workspace.prepared / name, workspace.data)


def read_store(folder: Path, data_root: Path) -> Store:
    """Return the store in a folder; see `Store` for the data root.

    Raises:
        DataError: the folder holds no store.
        ConfigError: another version prepared it.
    """
    return Store(folder, PreprocessingConfig.read(folder / CONFIG_FILE), data_root)


def resolve_store(workspace: Workspace, name: str, preprocessing: PreprocessingConfig, source: StoreSource) -> Store:
    """Return the store that an import of this source would use.

    Nothing is written. A store of that name with another preprocessing configuration is left alone: the start of the
    new configuration's identity is then added to the name, so that no store ever holds a mixture.

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
    """Create an empty store, or open the existing one.

    See `resolve_store` for its name.

    Raises:
        DataError: that store holds images of another source.
    """
    store = resolve_store(workspace, name, preprocessing, source)
    path = store.folder / StoreSource.file_name
    if not path.exists() or StoreSource.read(path) != source:
        source.write(path)
    if not (store.folder / CONFIG_FILE).exists():
        preprocessing.write(store.folder / CONFIG_FILE)
    return store


def list_stores(workspace: Workspace) -> list[Store]:
    """Return the prepared stores that this version can use, sorted by name."""
    return [
        Store(folder, preprocessing, workspace.data)
        for folder, preprocessing in _stores(workspace)
        if isinstance(preprocessing, PreprocessingConfig)
    ]


def stores_of(dataset: Path, stores: Iterable[Store]) -> list[Store]:
    """Return the stores made from a data set, given by its folder or its CSV."""
    return [store for store in stores if _is_made_from(store, dataset)]


def _is_made_from(store: Store, dataset: Path) -> bool:
    with suppress(DataError):  # deleted meanwhile
        return dataset in ((csv := store.read_csv_path()), csv.parent)
    return False


def outdated_stores(workspace: Workspace) -> list[str]:
    """Return the names of stores that another version prepared.

    Their data sets must be imported again.
    """
    return [path_text(folder.name) for folder, error in _stores(workspace) if isinstance(error, ConfigError)]


def unreadable_stores(workspace: Workspace) -> dict[str, DataError]:
    """Return the error of each store that is damaged, by its name."""
    return {path_text(folder.name): error for folder, error in _stores(workspace) if isinstance(error, DataError)}


def _stores(workspace: Workspace) -> Iterator[tuple[Path, PreprocessingConfig | ConfigError | DataError]]:
    """Yield each store's folder with its preprocessing configuration.

    If another version wrote it, or it or source.json is damaged, the error takes its place.
    """
    for path in files_of_subfolders(workspace.prepared, CONFIG_FILE):
        try:
            preprocessing = PreprocessingConfig.read(path)
            StoreSource.read(path.with_name(StoreSource.file_name))
            yield path.parent, preprocessing
        except (ConfigError, DataError) as error:
            yield path.parent, error
