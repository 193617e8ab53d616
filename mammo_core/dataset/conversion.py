"""Prepare single images of an import; this runs in workers.

Nothing here needs pandas, which would double the time that a confined worker takes to start.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from mammo_core.dataset.catalogue_image import CatalogueImage
from mammo_core.dataset.store_png import encode_image, png_path, read_entry, write_image
from mammo_core.dicom.acquisition import to_acquisition
from mammo_core.dicom.limits import hard_timeout, tune_malloc
from mammo_core.dicom.mammogram import Mammogram
from mammo_core.dicom.read import read_special_kind
from mammo_core.documents.manifest import LEFT_OUT, MeasuredImage, PreparedImage, QuarantinedImage
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import ImageError, Reason
from mammo_core.preprocess.prepare import read_and_prepare
from mammo_core.settings import apply_environment, settings
from mammo_core.storage.path_text import as_written, path_text, text_path

ConvertedImage = PreparedImage | QuarantinedImage


class WaitingImage(NamedTuple):
    """An image that a confined worker is to prepare.

    Attributes:
        image: the image in the catalogue.
        file: its file, which the worker is allowed to read.
        finished: its entry in the store, if only what the file shows is still to be checked.
    """

    image: CatalogueImage
    file: Path
    finished: PreparedImage | None


class EncodedImage(NamedTuple):
    """What a confined worker has made of an image.

    Attributes:
        entry: the image's entry in the store.
        png: the contents of its file there; None if that is there already.
    """

    entry: PreparedImage
    png: bytes | None


def encode_batch(
    preprocessing: PreprocessingConfig, batch: Sequence[WaitingImage]
) -> list[EncodedImage | QuarantinedImage]:
    """Prepare a few images; runs in a confined worker, whose owner limits its time."""
    return [_encode_one(preprocessing, waiting) for waiting in batch]


def _encode_one(preprocessing: PreprocessingConfig, waiting: WaitingImage) -> EncodedImage | QuarantinedImage:
    image, file, finished = waiting
    try:
        if finished:
            _reject_special(read_special_kind(file))
            return EncodedImage(finished.model_copy(update={"kind_checked": True}), None)
        version = _version_text(path_text(file))  # before it is read: a change while it is read counts
        mammogram, prepared = read_and_prepare(file, preprocessing)
        _reject_special(mammogram.special_kind)
        entry, png = encode_image(image, prepared, version)
        return EncodedImage(_measured(entry, mammogram), png)
    except ImageError as error:
        return quarantined_image(image, error.reason, error.message)


def convert_batch(
    folder: Path, preprocessing: PreprocessingConfig, environment: Mapping[str, str], batch: Sequence[CatalogueImage]
) -> list[ConvertedImage]:
    """Prepare and write a few images; runs in a Dask worker.

    A worker that takes longer than `decode_seconds` for an image ends itself; its nanny starts another.

    Args:
        folder: of the store, where to write them.
        preprocessing: how to prepare them.
        environment: the importer's settings.
        batch: images that have a file.
    """
    apply_environment(environment)
    tune_malloc()
    outcomes: list[ConvertedImage] = []
    for image in batch:
        try:
            with hard_timeout(settings().decode_seconds):
                outcomes.append(_convert_one(folder, preprocessing, image))
        except ImageError as error:
            outcomes.append(quarantined_image(image, error.reason, error.message))
    return outcomes


def _convert_one(folder: Path, preprocessing: PreprocessingConfig, image: CatalogueImage) -> PreparedImage:
    """Prepare and write an image, unless that has already been done.

    A worker may have died after writing the image, or an earlier version has written it without asking what it shows.
    """
    assert image.file is not None, "images without a file are never sent to a worker"
    png = folder / png_path(image)
    finished = read_entry(folder, png) if os.path.exists(png) else None
    if finished and is_current(finished, image):
        if not finished.kind_checked:
            _reject_special(read_special_kind(text_path(image.file)))
        return finished.model_copy(update={"kind_checked": True})
    version = _version_text(image.file)  # before it is read: a change while it is read counts
    mammogram, prepared = read_and_prepare(text_path(image.file), preprocessing)
    _reject_special(mammogram.special_kind)
    return _measured(write_image(folder, image, prepared, version), mammogram)


def _measured(entry: PreparedImage, mammogram: Mammogram) -> MeasuredImage:
    acquisition = to_acquisition(mammogram.tags, mammogram.pixel_mm)
    return MeasuredImage(**entry.to_json(), acquisition=acquisition)


def is_current(finished: PreparedImage, image: CatalogueImage) -> bool:
    """Return whether a prepared image was made from the image's file as it is now.

    An image whose file is gone stays; so does one of an earlier version, which did not record the file's state.
    """
    if finished.image_id != image.image_id:
        return False
    version = _version_text(image.file) if image.file else ""
    return not version or finished.source_version in ("", version)


def quarantined_image(image: CatalogueImage, reason: Reason, detail: str) -> QuarantinedImage:
    """Return the row of an image that can't be prepared, or is left out."""
    version = file_version(image.file) if image.file else ()
    return QuarantinedImage(image_id=image.image_id, file=image.file, reason=reason, detail=detail, version=version)


def file_version(file: str) -> tuple[int, ...]:
    """Return a file's size in bytes and modification time in ns.

    They show whether the file has changed. The tuple is empty if the file is missing.
    """
    try:
        status = os.stat(as_written(file))
    except OSError:
        return ()
    return status.st_size, status.st_mtime_ns


def _version_text(file: str) -> str:
    return "-".join(map(str, file_version(file)))


def _reject_special(kind: str | None) -> None:
    """Raise an ImageError for an image that is such as "a magnified view"."""
    if kind:
        raise ImageError(LEFT_OUT, f"This is {kind}: training and evaluation leave it out.")
