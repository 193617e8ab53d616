"""Write the images and the index of a prepared store.

See `mammo_core.dataset.store` for its layout.
"""

import hashlib
import io
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
from PIL import Image, PngImagePlugin

from mammo_core.dataset.catalogue import CatalogueImage
from mammo_core.dataset.store import CLASSES, MANIFEST, QUARANTINE, QUARANTINE_COLUMNS, UNLABELLED, Store, png_files
from mammo_core.documents.manifest import PngEntry, PreparedImage, QuarantineRow
from mammo_core.preprocess.prepare import ModelInput
from mammo_core.storage.atomic import atomic_path, write_bytes

ENTRY_COLUMNS = tuple(PreparedImage.model_fields)

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
    entry = PngEntry(image_id=image.image_id, geometry=geometry, source_version=source_version, kind_checked=True)
    text = PngImagePlugin.PngInfo()
    text.add_text(_TEXT_KEY, json.dumps(entry.to_json()))
    stream = io.BytesIO()
    Image.fromarray(prepared.image).save(stream, format="PNG", **PNG_OPTIONS, pnginfo=text)
    return _with_digest(entry, png_path(image), stream.getvalue()), stream.getvalue()


def write_image(store: Store, image: CatalogueImage, prepared: ModelInput, source_version: str = "") -> PreparedImage:
    """Write one model input into a store, see `encode_image`."""
    entry, png = encode_image(image, prepared, source_version)
    write_bytes(store.folder / entry.png, png)
    return entry


def read_entry(store: Store, png: Path) -> PreparedImage | None:
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
    return _with_digest(entry, png.relative_to(store.folder).as_posix(), data)


def _with_digest(entry: PngEntry, png: str, data: bytes) -> PreparedImage:
    digest = hashlib.sha256(data).hexdigest()
    return PreparedImage(**entry.to_json(), png=png, sha256=digest)


def remove_leftovers(store: Store) -> None:
    """Remove the half-written files of an import that was killed.

    This includes imports of which only a worker was killed.
    """
    for pattern in ("*/.*.png", ".*.parquet", ".*.json", ".*.jsonl"):
        for leftover in store.folder.glob(pattern):
            if not leftover.is_dir():
                leftover.unlink(missing_ok=True)


def existing_entries(store: Store) -> Iterator[tuple[str, PreparedImage | None]]:
    """Yield the relative path of each PNG in the store, with its entry.

    The entry is None if no import finished the PNG. Entries in the manifest are trusted for the files that exist; other
    files are read one by one.
    """
    listed: dict[str, PreparedImage] = {}
    if os.path.exists(store.folder / MANIFEST):
        manifest = store.manifest()
        rows = manifest[[name for name in ENTRY_COLUMNS if name in manifest]].to_dict("records")
        entries = (PreparedImage.model_validate(row) for row in rows)
        listed = {entry.png: entry for entry in entries}
    for group in (*CLASSES, UNLABELLED):
        for png in png_files(store, group):
            name = f"{group}/{png.name}"
            yield name, listed.get(name) or read_entry(store, png)


def arrange_groups(store: Store, labelled: bool) -> None:
    """Remove empty label folders, except the two classes of a labelled data set.

    Keras takes each folder for a class.
    """
    for group in (*CLASSES, UNLABELLED):
        folder = store.folder / group
        if labelled and group in CLASSES:
            folder.mkdir(exist_ok=True)
        elif folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def write_index(
    store: Store, catalogue: pd.DataFrame, entries: Sequence[PreparedImage], quarantine: Sequence[QuarantineRow]
) -> None:
    """Write the manifest and the quarantine, each atomically.

    The manifest is in the catalogue's order.
    """
    prepared = pd.DataFrame([entry.to_json() for entry in entries], columns=pd.Index(ENTRY_COLUMNS))
    manifest = catalogue.merge(prepared, on="image_id", how="inner", validate="one_to_one")
    manifest["label"] = manifest["cancer"]
    with atomic_path(store.folder / MANIFEST) as path:
        manifest.to_parquet(path, index=False)
    rows = pd.DataFrame([row.to_json() for row in quarantine], columns=pd.Index(QUARANTINE_COLUMNS))
    with atomic_path(store.folder / QUARANTINE) as path:
        rows.to_parquet(path, index=False)
