"""Convert DICOM files into a prepared store in worker processes.

An interrupted import can be continued.
"""

import os
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import pandas as pd
from pydantic import ValidationError

from mammo_core.dataset.acquisitions import complete_acquisitions
from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.catalogue_image import CatalogueImage
from mammo_core.dataset.conversion import (
    ConvertedImage,
    WaitingImage,
    convert_batch,
    encode_batch,
    file_version,
    is_current,
    quarantined_image,
)
from mammo_core.dataset.leave_out import read_leave_out
from mammo_core.dataset.store import QUARANTINE, Store
from mammo_core.dataset.store_png import png_path
from mammo_core.dataset.store_writer import arrange_groups, existing_entries, remove_leftovers, write_index
from mammo_core.dataset.worker_pool import WorkerPool
from mammo_core.dicom.special_images import special_view
from mammo_core.documents.import_report import ImportReport
from mammo_core.documents.manifest import LEFT_OUT, PreparedImage, QuarantinedImage
from mammo_core.documents.progress import Progress, ProgressCallback, ShouldStop, ignore_progress, never_stop
from mammo_core.errors import DataError, JobError
from mammo_core.settings import as_environment
from mammo_core.storage.atomic import write_bytes
from mammo_core.storage.file_errors import storage_errors
from mammo_core.storage.json_files import append_json_line, read_json_lines, write_json_lines
from mammo_core.storage.path_text import as_written, path_text, text_path

CARRIED_OVER = "carried_over.jsonl"  # quarantined so far, one line each: the quarantine of an interrupted import
ON_PURPOSE = " Demo data has a few missing and damaged files on purpose."
WRITERS = 8  # files that are written at the same time: each waits for the disk
REPORT_EVERY = 256  # images between two progress reports while existing ones are checked

EntryByPng = Mapping[str, PreparedImage | None]  # None: a PNG that no import finished


@dataclass
class _Tally:
    """The state of a running import.

    Attributes:
        total: images in the catalogue.
        entries: images that the store holds.
        quarantine: images that could not be prepared, or are left out.
        skipped: how many of `entries` were there before.
        started: `time.monotonic()` when the first image was sent to the workers, in s.
    """

    total: int
    entries: list[PreparedImage]
    quarantine: list[QuarantinedImage]
    skipped: int
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._left_out = sum(image.is_left_out for image in self.quarantine)

    def set_aside(self, image: QuarantinedImage) -> None:
        """Count an image that the store doesn't hold."""
        self.quarantine.append(image)
        self._left_out += image.is_left_out

    def progress(self) -> Progress:
        """Return the progress so far."""
        prepared, done = len(self.entries) - self.skipped, len(self.entries) + len(self.quarantine)
        seconds = _seconds_since(self.started)
        rate = prepared / seconds if seconds else 0.0
        return Progress(
            done=done,
            total=self.total,
            prepared=prepared,
            skipped=self.skipped,
            quarantined=len(self.quarantine) - self._left_out,
            left_out=self._left_out,
            images_per_second=rate,
            seconds_left=(self.total - done) / rate if rate else None,
        )


def import_images(
    catalogue: Catalogue,
    store: Store,
    pool: WorkerPool,
    progress: ProgressCallback = ignore_progress,
    should_stop: ShouldStop = never_stop,
) -> ImportReport:
    """Prepare every image of the catalogue that the store does not hold yet.

    Args:
        catalogue: the images to prepare.
        store: where to write them; it may already hold some.
        pool: the processes that do the work.
        progress: called after each image; less often while images that were there before are checked.
        should_stop: called between batches; if true, the import ends early and leaves a store that can be continued.

    Raises:
        JobError: the workers fail (see `WorkerPool.map_batches`), or they do not see the same folders.
    """
    began = time.monotonic()
    images = catalogue.images()
    remove_leftovers(store)
    existing: dict[str, PreparedImage | None] = {}
    for png, entry in existing_entries(store):
        if should_stop():
            return ImportReport(
                store=store.name,
                total=len(images),
                prepared=0,
                skipped=len(existing),
                quarantined=0,
                seconds=_seconds_since(began),
                stopped=True,
            )
        existing[png] = entry
        if len(existing) % REPORT_EVERY == 0:
            checked = len(existing)
            progress(Progress(done=checked, total=len(images), prepared=0, skipped=checked, images_per_second=0.0))
    listed = read_leave_out(store.data_root, store.source()).reasons
    entries, waiting, quarantine = _sort_out(store, images, existing, listed)
    tally = _Tally(len(images), entries, quarantine, skipped=len(entries))
    progress(tally.progress())
    convert = partial(_convert_confined, existing=existing) if pool.is_confined else _convert
    for outcome in convert(pool, store, waiting, should_stop):
        if isinstance(outcome, QuarantinedImage):
            tally.set_aside(outcome)
            append_json_line(store.folder / CARRIED_OVER, outcome.to_json())
        else:
            tally.entries.append(outcome)
            tally.skipped += existing.get(outcome.png) == outcome.model_copy(update={"kind_checked": False})
        progress(tally.progress())
    prepared = tally.progress()
    complete_acquisitions(store, images, tally.entries, pool, should_stop, progress)
    progress(prepared)  # its counts and rate are the import's, not those of reading headers
    return _complete_store(store, catalogue, tally, existing, began)


def _seconds_since(start: float) -> float:
    return round(time.monotonic() - start, 3)


def quarantined_so_far(store: Store) -> pd.DataFrame:
    """Return the quarantine of a store, even before an import has finished.

    It includes the images quarantined by an import that is running or was interrupted.

    Returns:
        One row per image: reason, detail, image_id and file. The file is relative to the data set if it is inside.
    """
    earlier = store.quarantine().to_dict("records")
    rows = {row["image_id"]: row for row in earlier}
    rows |= {image.image_id: image.row.to_json() for image in _read_carried_over(store)}
    table = pd.DataFrame(list(rows.values()), columns=pd.Index(["reason", "detail", "image_id", "file"]))
    root = f"{path_text(store.read_csv_path().parent)}{os.sep}"
    return table.assign(file=table["file"].astype("str").str.removeprefix(root))


def describe_quarantine(quarantine: pd.DataFrame, *, synthetic: bool = False) -> str:
    """Return a sentence or two that count the images that a store doesn't hold.

    Args:
        quarantine: see `quarantined_so_far`.
        synthetic: whether the data set is of this application, which makes a few unreadable files.
    """
    left_out = int((quarantine["reason"] == LEFT_OUT).sum())
    failed = len(quarantine) - left_out
    parts = []
    if failed:
        parts.append(f"{failed:,} image{'s' if failed != 1 else ''} could not be imported")
    if left_out:
        parts.append(f"{left_out:,} sound one{'s' if left_out != 1 else ''} left out of training and evaluation")
    return f"{', '.join(parts)}; the others are unaffected.{ON_PURPOSE if synthetic and failed else ''}"


def clear_quarantine(store: Store) -> None:
    """Let the next import retry the files that earlier imports could not prepare."""
    for name in (CARRIED_OVER, QUARANTINE):
        (store.folder / name).unlink(missing_ok=True)


def _read_carried_over(store: Store) -> list[QuarantinedImage]:
    images = []
    for number, line in enumerate(read_json_lines(store.folder / CARRIED_OVER), start=1):
        try:
            images.append(QuarantinedImage.model_validate(line))
        except ValidationError:
            raise DataError(
                f"Line {number} of {CARRIED_OVER} in {store.folder} is not one that this version wrote. "
                "Delete the line, or the file."
            ) from None
    return images


def _sort_out(
    store: Store, images: Sequence[CatalogueImage], existing: EntryByPng, listed: Mapping[str, str]
) -> tuple[list[PreparedImage], list[CatalogueImage], list[QuarantinedImage]]:
    """Divide the catalogue's images into finished, waiting and quarantined ones.

    Images without a file are quarantined, those whose view or side in the table doesn't count for a breast, and those that
    an earlier import quarantined if their file is unchanged. Images on the data set's list, whose reasons are given by
    image_id, are left out.
    """
    earlier = {image.image_id: image for image in _read_carried_over(store)}
    entries, waiting, quarantine = [], [], []
    for image in images:
        finished = existing.get(png_path(image))
        before = earlier.get(image.image_id)
        stated = _left_out_by_list(image, listed) or _left_out_by_table(image)
        if finished and not stated and is_current(finished, image) and (finished.kind_checked or image.file is None):
            entries.append(finished)
        elif image.file is None:
            quarantine.append(quarantined_image(image, "missing", "The CSV lists this image, but its file is missing."))
        elif stated:
            quarantine.append(stated)
        elif before and before.file == image.file and before.version == file_version(image.file):
            quarantine.append(before)
        else:
            waiting.append(image)
    return entries, waiting, quarantine


def _complete_store(
    store: Store, catalogue: Catalogue, tally: _Tally, existing: EntryByPng, began: float
) -> ImportReport:
    """Write the manifest and the quarantine, tidy the folder, and return the report.

    Both tables are in the catalogue's order.
    """
    order = {image: index for index, image in enumerate(catalogue.table["image_id"])}
    quarantine = sorted(tally.quarantine, key=lambda image: order[image.image_id])
    rows = [image.row for image in quarantine]
    remove_leftovers(store)
    write_index(store, catalogue.table, tally.entries, rows)
    write_json_lines(store.folder / CARRIED_OVER, [image.to_json() for image in quarantine if image.file])
    _remove_all_but(store, existing, tally.entries)
    arrange_groups(store, catalogue.labelled)
    return ImportReport(
        store=store.name,
        total=tally.total,
        prepared=len(tally.entries) - tally.skipped,
        skipped=tally.skipped,
        quarantined=sum(not row.is_left_out for row in rows),
        left_out=sum(row.is_left_out for row in rows),
        seconds=_seconds_since(began),
        stopped=len(tally.entries) + len(quarantine) < tally.total,
        quarantine=tuple(row for row in rows if not row.is_left_out),
        left_out_images=tuple(row for row in rows if row.is_left_out),
    )


def _remove_all_but(store: Store, existing: EntryByPng, entries: Sequence[PreparedImage]) -> None:
    """Remove the PNGs that the catalogue does not list under their current label.

    This comes after the manifest is written: a kill in between must not leave a manifest that lists missing files.
    """
    for png in existing.keys() - {entry.png for entry in entries}:
        with storage_errors(store.folder):
            (store.folder / png).unlink(missing_ok=True)


def _left_out_by_list(image: CatalogueImage, listed: Mapping[str, str]) -> QuarantinedImage | None:
    """Return the row of an image that the data set's list leaves out, or None.

    It has no version, as by the table.
    """
    if image.image_id not in listed:
        return None
    detail = f"The data set's list leaves this image out: {listed[image.image_id]}"
    return QuarantinedImage(image_id=image.image_id, file=image.file, reason=LEFT_OUT, detail=detail, version=())


def _left_out_by_table(image: CatalogueImage) -> QuarantinedImage | None:
    """Return the row of an image that the table says to leave out, or None.

    The table calls it such as "a magnified view", or states no side. The row has no version, so that the next import looks
    at the table again.
    """
    kind = special_view(image.view)
    if kind is None and image.has_side:
        return None
    stated = f"calls this {kind}" if kind else "states no side, L or R"
    detail = f"The table {stated}: training and evaluation leave it out."
    return QuarantinedImage(image_id=image.image_id, file=image.file, reason=LEFT_OUT, detail=detail, version=())


def _convert_confined(
    pool: WorkerPool,
    store: Store,
    images: Sequence[CatalogueImage],
    should_stop: ShouldStop,
    *,
    existing: EntryByPng,
) -> Iterator[ConvertedImage]:
    """Yield the outcome of each image, in no particular order.

    Workers write nothing: the images that they have prepared are written here.
    """
    rows = []
    for image in images:
        assert image.file is not None, "images without a file are never sent to a worker"
        finished = existing.get(png_path(image))
        current = finished if finished and is_current(finished, image) else None
        rows.append(WaitingImage(image, text_path(image.file), current))
    task = partial(encode_batch, store.preprocessing)
    with ThreadPoolExecutor(WRITERS) as writers:
        writing: deque[tuple[Future[None], PreparedImage]] = deque()
        for batch, outcomes in pool.map_batches(task, rows, should_stop):
            if outcomes is None:
                yield _died(batch[0].image)
            for outcome in outcomes or []:
                if isinstance(outcome, QuarantinedImage):
                    yield outcome
                elif outcome.png is None:
                    yield outcome.entry
                else:
                    path = store.folder / outcome.entry.png
                    writing.append((writers.submit(write_bytes, path, outcome.png), outcome.entry))
            while writing and (writing[0][0].done() or len(writing) > WRITERS):
                yield _written(*writing.popleft())
        while writing:
            yield _written(*writing.popleft())


def _written(writing: "Future[None]", entry: PreparedImage) -> PreparedImage:
    """Return the entry of an image once its file is complete."""
    writing.result()
    return entry


def _died(image: CatalogueImage) -> QuarantinedImage:
    return quarantined_image(image, "decoder_died", "Decoding this file ended the process or took too long.")


def _convert(
    pool: WorkerPool, store: Store, images: Sequence[CatalogueImage], should_stop: ShouldStop
) -> Iterator[ConvertedImage]:
    """Yield the outcome of each image, in no particular order."""
    task = partial(convert_batch, store.folder, store.preprocessing, as_environment())
    for batch, outcomes in pool.map_batches(task, images, should_stop):
        if outcomes is None:
            yield _died(batch[0])
        for outcome in outcomes or []:
            _check_same_folders(store, outcome)
            yield outcome


def _check_same_folders(store: Store, outcome: ConvertedImage) -> None:
    """Raise a JobError if this process and a worker don't see the same files."""
    if isinstance(outcome, PreparedImage):
        folder = None if (store.folder / outcome.png).exists() else store.folder
    else:
        unseen = outcome.reason == "missing" and outcome.file is not None and os.path.exists(as_written(outcome.file))
        folder = text_path(outcome.file).parent if unseen and outcome.file else None
    if folder is not None:
        raise JobError(
            f"The Dask workers don't see the same folder {folder}. Mount it there under the same path, then run the same "
            "command again."
        )
