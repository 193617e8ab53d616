"""The PNG of a prepared image: its path, its pixels and its entry.

See `mammo_core.dataset.store` for the layout of a store.
"""

import hashlib
import io
import json
import zlib
from pathlib import Path

from PIL import Image, PngImagePlugin

from mammo_core.dataset.catalogue_image import CatalogueImage
from mammo_core.documents.manifest import PngEntry, PreparedImage
from mammo_core.preprocess.prepare import ModelInput
from mammo_core.storage.atomic import write_bytes

CLASSES = ("negative", "positive")
UNLABELLED = "unlabelled"
PNG_OPTIONS = {"compress_level": 1, "compress_type": zlib.Z_RLE}  # for these images faster and smaller than the default

_TEXT_KEY = "mammo-row"  # of the PNG text chunk


def png_path(image: CatalogueImage) -> str:
    """Return the path of an image's PNG, relative to its store."""
    group = UNLABELLED if image.cancer is None else CLASSES[image.cancer]
    return f"{group}/{image.patient_id}_{image.image_id}.png"


def encode_image(image: CatalogueImage, prepared: ModelInput, source_version: str = "") -> tuple[PreparedImage, bytes]:
    """Return a model input as the contents of a PNG.

    The PNG also carries the image's entry. The image must count for a breast.

    Args:
        image: the image in the catalogue.
        prepared: its model input and geometry.
        source_version: of the file that it was made from, see `PngEntry`.
    """
    geometry = json.dumps(prepared.geometry.to_json())
    entry = PngEntry(
        image_id=image.image_id,
        geometry=geometry,
        source_version=source_version,
        kind_checked=True,
        side_marker=prepared.side_marker,
    )
    text = PngImagePlugin.PngInfo()
    text.add_text(_TEXT_KEY, json.dumps(entry.to_json()))
    stream = io.BytesIO()
    Image.fromarray(prepared.image).save(stream, format="PNG", **PNG_OPTIONS, pnginfo=text)
    return _with_digest(entry, png_path(image), stream.getvalue()), stream.getvalue()


def write_image(folder: Path, image: CatalogueImage, prepared: ModelInput, source_version: str = "") -> PreparedImage:
    """Write one model input into the folder of a store, see `encode_image`."""
    entry, png = encode_image(image, prepared, source_version)
    write_bytes(folder / entry.png, png)
    return entry


def read_entry(folder: Path, png: Path) -> PreparedImage | None:
    """Return the manifest entry of a PNG, as `encode_image` returned it.

    The result is None if no import finished the PNG. The checksums inside the file show whether it is complete, so its
    pixels need not be decoded.
    """
    try:
        data = png.read_bytes()
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            entry = PngEntry.model_validate_json(picture.info[_TEXT_KEY])
            picture.verify()
    except (OSError, KeyError, ValueError, SyntaxError):  # Pillow raises SyntaxError for a broken PNG
        return None
    return _with_digest(entry, png.relative_to(folder).as_posix(), data)


def _with_digest(entry: PngEntry, png: str, data: bytes) -> PreparedImage:
    digest = hashlib.sha256(data).hexdigest()
    return PreparedImage(**entry.to_json(), png=png, sha256=digest)
