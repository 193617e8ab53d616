"""Keep beside a prepared store how its images were acquired.

The import hands on what it reads. Of images that it doesn't read, such as those of an earlier import, it reads the headers
alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from mammo_core.dataset.catalogue_image import CatalogueImage
from mammo_core.dataset.store import ACQUISITION, Store
from mammo_core.dataset.worker_pool import WorkerPool
from mammo_core.dicom.read import read_acquisition
from mammo_core.documents.acquisition import Acquisition, ImageAcquisition
from mammo_core.documents.manifest import MeasuredImage, PreparedImage
from mammo_core.documents.progress import Progress, ProgressCallback, ShouldStop, ignore_progress
from mammo_core.errors import ImageError
from mammo_core.settings import apply_environment, as_environment
from mammo_core.storage.atomic import atomic_path
from mammo_core.storage.path_text import text_path

READING = "Reading headers of images that were prepared before"  # as displayed
COLUMNS = tuple(ImageAcquisition.model_fields)


class UnreadHeader(NamedTuple):
    """An image whose header is still to be read.

    Attributes:
        image_id: its identifier in the catalogue.
        source_version: of the file, see `PngEntry`.
        file: its file, which a confined worker is allowed to read.
    """

    image_id: str
    source_version: str
    file: Path


def complete_acquisitions(
    store: Store,
    images: Sequence[CatalogueImage],
    entries: Iterable[PreparedImage],
    pool: WorkerPool,
    should_stop: ShouldStop,
    progress: ProgressCallback = ignore_progress,
) -> None:
    """Write how the images of a store were acquired.

    Headers that were not read yet are read. An import that is stopped leaves the other headers for the next one.

    Args:
        store: the store.
        images: the catalogue's.
        entries: the images that the store holds.
        pool: the processes that read headers.
        should_stop: called between batches.
        progress: called after each batch of headers that are read.
    """
    held = {entry.image_id: entry for entry in entries}
    rows = {row.image_id: row for row in _known(store, held)}
    rows |= {name: _row(entry) for name, entry in held.items() if isinstance(entry, MeasuredImage)}
    unread = [
        UnreadHeader(image.image_id, held[image.image_id].source_version, text_path(image.file))
        for image in images
        if image.image_id in held and image.image_id not in rows and image.file is not None
    ]
    task = partial(read_headers, as_environment() if not pool.is_confined else {})
    done = 0
    for batch, outcome in pool.map_batches(task, unread, should_stop) if unread else ():
        done += len(batch)
        progress(Progress(done=done, total=len(unread), phase=READING))
        for row in outcome or [_unknown(image) for image in batch]:
            rows[row.image_id] = row
    ordered = [rows[image.image_id] for image in images if image.image_id in rows]
    table = pd.DataFrame([row.to_json() for row in ordered], columns=pd.Index(COLUMNS))
    with atomic_path(store.folder / ACQUISITION) as path:
        table.to_parquet(path, index=False)


def read_headers(environment: Mapping[str, str], batch: Sequence[UnreadHeader]) -> list[ImageAcquisition]:
    """Read how images were acquired; runs in a worker.

    Args:
        environment: the importer's settings; empty in a confined worker, which has them.
        batch: the images.
    """
    if environment:
        apply_environment(environment)
    return [_read(image) for image in batch]


def _read(image: UnreadHeader) -> ImageAcquisition:
    try:
        values = read_acquisition(image.file)
    except ImageError:  # the file has changed; what was made of it stays
        return _unknown(image)
    return ImageAcquisition(**values.to_json(), image_id=image.image_id, source_version=image.source_version)


def _unknown(image: UnreadHeader) -> ImageAcquisition:
    return ImageAcquisition(image_id=image.image_id, source_version=image.source_version)


def _row(entry: MeasuredImage) -> ImageAcquisition:
    return ImageAcquisition(**entry.acquisition.to_json(), image_id=entry.image_id, source_version=entry.source_version)


def _known(store: Store, held: Mapping[str, PreparedImage]) -> Iterator[ImageAcquisition]:
    """Yield the rows of the store's table that are of the files as they were prepared."""
    table = store.acquisitions()
    if table is None:
        return
    table = table.astype("object").where(table.notna(), None)
    for row in table[list(COLUMNS)].to_dict("records"):
        entry = held.get(row["image_id"])
        if entry is not None and entry.source_version == row["source_version"]:
            yield ImageAcquisition.model_validate(row)


def acquisition_columns() -> tuple[str, ...]:
    """Return the columns of the table that are about how images were acquired."""
    return tuple(Acquisition.model_fields)
