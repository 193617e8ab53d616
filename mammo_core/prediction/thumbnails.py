"""Make small pictures of a data set's images.

They are made of the prepared store's PNG if there is one, else of the file.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from mammo_core.dicom.sandbox import Sandbox
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import ImageError
from mammo_core.prediction.rendering import hang, to_png
from mammo_core.preprocess.prepare import prepare_source
from mammo_core.storage.hashing import file_version
from mammo_core.storage.path_text import text_path

SIDE = 160  # pixels of the picture, a square
LIST_SIDE = 64  # pixels of a picture in a list, likewise
STRIPE = 6  # pixels at the lower edge, in the colour of the label
LABEL_COLOURS = {1: (213, 94, 0), 0: (0, 114, 178)}  # RGB, as in every figure
UNLABELLED = (110, 118, 125)
PREPROCESSING = PreprocessingConfig(size=SIDE)  # as an import prepares an image, only smaller


class ThumbnailCache:
    """Thumbnails by the version of their file, the latest ones.

    Args:
        capacity: how many are kept.
    """

    def __init__(self, capacity: int = 2000) -> None:
        self.capacity = capacity
        self.pictures: dict[str, np.ndarray | str] = {}  # or why there is none

    def add(self, key: str, picture: np.ndarray | str) -> None:
        """Keep a picture, and forget the oldest one if there are too many."""
        self.pictures[key] = picture
        while len(self.pictures) > self.capacity:
            self.pictures.pop(next(iter(self.pictures)), None)


def make_thumbnails(
    images: pd.DataFrame, prepared: Mapping[str, Path], sandbox: Sandbox, cache: ThumbnailCache
) -> Iterator[bytes | str]:
    """Yield a thumbnail of each image as PNG, or in one sentence why there is none.

    Files that no store holds are decoded side by side.

    Args:
        images: rows of a catalogue.
        prepared: PNG files of prepared stores, by image_id.
        sandbox: decodes the files.
        cache: holds what was made before.
    """
    rows = list(images.to_dict("records"))
    sources = [
        prepared.get(str(row["image_id"])) or (None if pd.isna(row["file"]) else text_path(row["file"])) for row in rows
    ]
    keys = [None if source is None else f"{source} {file_version(source)}" for source in sources]
    waiting = {
        key: sandbox.start(read_input, source)
        for row, key, source in zip(rows, keys, sources, strict=True)
        if source is not None and key is not None and key not in cache.pictures and str(row["image_id"]) not in prepared
    }
    for row, key, source in zip(rows, keys, sources, strict=True):
        if key is None or source is None:
            yield "File missing."
            continue
        if key not in cache.pictures:
            cache.add(key, _wait_for(waiting[key]) if key in waiting else _read_png(source))
        picture = cache.pictures.get(key, "")
        yield picture if isinstance(picture, str) else draw_thumbnail(picture, row.get("laterality"), row.get("cancer"))


def list_pictures(images: pd.DataFrame, prepared: Mapping[str, Path], cache: ThumbnailCache) -> dict[str, str]:
    """Return a small picture of each patient as a data URL, for a list.

    It is the patient's first image that an import has prepared; patients without one have no picture.

    Args:
        images: rows of a catalogue.
        prepared: PNG files of prepared stores, by image_id.
        cache: holds what was made before.
    """
    rows = images[images["image_id"].isin(list(prepared))].drop_duplicates("patient_id")
    pictures = {}
    for row in rows.to_dict("records"):
        png = prepared[str(row["image_id"])]
        key = f"{png} {file_version(png)}"
        if key not in cache.pictures:
            cache.add(key, _read_png(png))
        picture = cache.pictures.get(key, "")
        if not isinstance(picture, str):
            pictures[str(row["patient_id"])] = _data_url(picture, row.get("laterality"))
    return pictures


def _data_url(picture: np.ndarray, laterality: object) -> str:
    """Return a picture as it hangs for a reader, as the address of a small PNG."""
    side = laterality if isinstance(laterality, str) else None
    hung = np.ascontiguousarray(hang(picture, side, chest_left=True))
    png = to_png(np.asarray(_square(hung, at_right=side == "R", side=LIST_SIDE)))
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def read_input(file: Path) -> np.ndarray:
    """Return a small model input of a file, uint8 (SIDE, SIDE).

    This runs in a sandboxed worker.

    Raises:
        ImageError: the file can't become a mammogram.
    """
    return prepare_source(file, PREPROCESSING).image


def draw_thumbnail(picture: np.ndarray, laterality: object, cancer: Any) -> bytes:
    """Return a thumbnail as PNG.

    It hangs as for a reader, with a stripe in the colour of its label.

    Args:
        picture: uint8 (rows, columns), the chest wall at the left.
        laterality: "R", "L" or missing.
        cancer: 0, 1 or missing.
    """
    drawn = Image.new("RGB", (SIDE, SIDE + STRIPE), UNLABELLED if pd.isna(cancer) else LABEL_COLOURS[int(cancer)])
    hung = hang(picture, laterality if isinstance(laterality, str) else None, chest_left=True)
    drawn.paste(_square(np.ascontiguousarray(hung), at_right=laterality == "R"))
    return to_png(np.asarray(drawn))


def _square(picture: np.ndarray, at_right: bool, side: int = SIDE) -> Image.Image:
    """Fit a picture into a black square, its chest wall at the edge."""
    image = Image.fromarray(picture)
    scale = side / max(image.size)
    image = image.resize(
        (max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.LANCZOS
    )
    square = Image.new("L", (side, side))
    square.paste(image, (side - image.width if at_right else 0, (side - image.height) // 2))
    return square


def _read_png(png: Path) -> np.ndarray | str:
    """Return the pixels of a prepared image, which this application wrote."""
    try:
        with Image.open(png, formats=["PNG"]) as picture:
            return np.asarray(picture.convert("L"))
    except (OSError, ValueError, SyntaxError):  # Pillow raises SyntaxError for a broken PNG
        return "The prepared image can't be read. Import the data set again."


def _wait_for(result: Callable[[], np.ndarray]) -> np.ndarray | str:
    try:
        return result()
    except ImageError as error:
        return str(error)
