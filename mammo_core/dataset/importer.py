"""DICOM → prepared store, on Dask. What was finished is kept, what was interrupted goes on, nothing is silently missing."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.store import (
    QUARANTINE,
    QUARANTINE_COLUMNS,
    Store,
    arrange_groups,
    existing_entries,
    read_entry,
    remove_leftovers,
    write_image,
    write_index,
)
from mammo_core.dataset.worker_pool import RUN_AGAIN, WorkerPool
from mammo_core.dicom.limits import hard_timeout, tune_malloc
from mammo_core.documents.base import Document
from mammo_core.documents.progress import Progress, ProgressCallback, ignore_progress
from mammo_core.errors import ImageError, JobError
from mammo_core.preprocess import prepare_source
from mammo_core.settings import apply_environment, as_environment, settings
from mammo_core.storage.json_files import append_json_line, read_json_lines, write_json_lines

CARRIED_OVER = "carried_over.jsonl"  # quarantined so far, one line each; the quarantine of an interrupted import
TOLD = 256  # finished images between two words of progress while they are looked through

Outcome = dict[str, Any]


class ImportReport(Document):
    """What an import did. `prepared` + `skipped` + `quarantined` = `total`, unless it was stopped."""

    store: str
    total: int
    prepared: int
    skipped: int
    quarantined: int
    seconds: float
    stopped: bool = False
    quarantine: tuple[dict[str, Any], ...] = ()


def import_images(
    catalogue: Catalogue,
    store: Store,
    pool: WorkerPool,
    progress: ProgressCallback = ignore_progress,
    should_stop: Callable[[], bool] = lambda: False,
) -> ImportReport:
    """Prepare every image of the catalogue that the store doesn't hold yet.

    Args:
        catalogue: what to prepare.
        store: where to; it may hold a part already.
        pool: the processes that do the work.
        progress: called after each image; less often while images that were there before are listed.
        should_stop: asked between batches; the import then ends early and leaves a store that can be continued.

    Raises:
        JobError: the workers can't do it, see `WorkerPool.map_batches`, or don't see the same folders.
    """
    began = time.monotonic()
    rows = catalogue.table.to_dict("records")
    remove_leftovers(store)
    found: dict[str, Outcome | None] = {}
    for name, entry in existing_entries(store):
        if should_stop():
            return ImportReport(
                store=store.name,
                total=len(rows),
                prepared=0,
                skipped=len(found),
                quarantined=0,
                seconds=_since(began),
                stopped=True,
            )
        found[name] = entry
        if len(found) % TOLD == 0:
            progress(_progress(len(rows), len(found), len(found), 0, 0.0))
    entries, waiting, quarantine = _sort_out(store, rows, found)
    skipped, converting = len(entries), time.monotonic()

    def tell() -> None:
        progress(_progress(len(rows), skipped, len(entries), len(quarantine), _since(converting)))

    tell()
    for outcome in _convert(pool, store, waiting, should_stop):
        if "reason" in outcome:
            quarantine.append(outcome)
            append_json_line(store.folder / CARRIED_OVER, outcome)
        else:
            entries.append(outcome)
        tell()
    listed = _finish(store, catalogue, entries, quarantine)
    _remove_all_but(store, found, entries)
    arrange_groups(store, catalogue.labelled)
    stopped = len(entries) + len(quarantine) < len(rows)
    prepared = len(entries) - skipped
    return ImportReport(
        store=store.name,
        total=len(rows),
        prepared=prepared,
        skipped=skipped,
        quarantined=len(quarantine),
        seconds=_since(began),
        stopped=stopped,
        quarantine=tuple(listed),
    )


def _since(start: float) -> float:
    return round(time.monotonic() - start, 3)


def _progress(total: int, skipped: int, there: int, quarantined: int, seconds: float) -> Progress:
    prepared = there - skipped
    rate = prepared / seconds if seconds else 0.0
    return Progress(
        done=there + quarantined,
        total=total,
        prepared=prepared,
        skipped=skipped,
        quarantined=quarantined,
        images_per_second=rate,
        seconds_left=(total - there - quarantined) / rate if rate else None,
    )


def quarantined_so_far(store: Store) -> pd.DataFrame:
    """Return what is in quarantine, also of an import that is under way or was interrupted.

    Returns:
        One row an image: reason, detail, image_id, and file, relative to the data set where it lies in there.
    """
    ended = store.quarantine().to_dict("records")
    items = {item["image_id"]: item for item in [*ended, *read_json_lines(store.folder / CARRIED_OVER)]}
    table = pd.DataFrame(list(items.values()), columns=pd.Index(["reason", "detail", "image_id", "file"]))
    root = f"{store.csv.parent}{os.sep}"
    return table.assign(file=table["file"].astype("str").str.removeprefix(root))


def forget_quarantine(store: Store) -> None:
    """Let the next import try the files again that earlier ones could not prepare."""
    for name in (CARRIED_OVER, QUARANTINE):
        (store.folder / name).unlink(missing_ok=True)


def _sort_out(
    store: Store, rows: list[dict], found: Mapping[str, Outcome | None]
) -> tuple[list[Outcome], list[dict], list[Outcome]]:
    """Divide the catalogue's rows: finished, waiting, and in quarantine (without a file, or earlier with an unchanged one)."""
    earlier = {item["image_id"]: item for item in read_json_lines(store.folder / CARRIED_OVER)}
    entries, waiting, quarantine = [], [], []
    for row in rows:
        finished = found.get(str(store.png(row).relative_to(store.folder)))
        before = earlier.get(row["image_id"])
        if finished and finished["image_id"] == row["image_id"]:
            entries.append(finished)
        elif pd.isna(row["file"]):
            quarantine.append(_quarantined(row, "missing", "The CSV lists this image, but its file isn't there."))
        elif before and before["file"] == row["file"] and before["version"] == _version(row["file"]):
            quarantine.append(before)
        else:
            waiting.append(row)
    return entries, waiting, quarantine


def _finish(store: Store, catalogue: Catalogue, entries: list[Outcome], quarantine: list[Outcome]) -> list[Outcome]:
    """Write what the store holds and what it lacks, in the catalogue's order; return the latter as the report has it."""
    place = {image: index for index, image in enumerate(catalogue.table["image_id"])}
    quarantine.sort(key=lambda item: place[item["image_id"]])
    listed = [{key: item[key] for key in QUARANTINE_COLUMNS} for item in quarantine]
    remove_leftovers(store)
    write_index(store, catalogue.table, entries, listed)
    write_json_lines(store.folder / CARRIED_OVER, [item for item in quarantine if item["file"]])
    return listed


def _remove_all_but(store: Store, found: Mapping[str, Outcome | None], entries: list[Outcome]) -> None:
    """Remove the PNGs that the catalogue doesn't know (any more) under that label.

    Only the manifest that was just written leaves them out; a kill before it must not leave one that lists missing files.
    """
    for name in found.keys() - {entry["png"] for entry in entries}:
        (store.folder / name).unlink()


def _version(file: str) -> list[int]:
    """Return what changes when a file does: its size in bytes and its modification time in ns."""
    try:
        status = os.stat(file)
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns]


def _quarantined(row: dict[str, Any], reason: str, detail: str) -> Outcome:
    file = None if pd.isna(row["file"]) else row["file"]
    version = _version(file) if file else []
    return {"image_id": row["image_id"], "file": file, "reason": reason, "detail": detail, "version": version}


def _convert(pool: WorkerPool, store: Store, rows: list[dict], should_stop: Callable[[], bool]) -> Iterator[Outcome]:
    """Yield one outcome an image, in no particular order."""
    task = partial(convert_batch, store, as_environment())
    for batch, outcomes in pool.map_batches(task, rows, should_stop):
        if outcomes is None:
            yield _quarantined(batch[0], "decoder_died", "Decoding this file ended the process or took too long.")
        for outcome in outcomes or []:
            _check_same_folders(store, outcome)
            yield outcome


def _check_same_folders(store: Store, outcome: Outcome) -> None:
    """Raise a JobError if a worker doesn't see the files that this process sees, or the other way round."""
    reason = outcome.get("reason")
    unseen = reason == "missing" and os.path.exists(outcome["file"])
    unwritten = reason is None and not (store.folder / outcome["png"]).exists()
    if unseen or unwritten:
        where = Path(outcome["file"]).parent if unseen else store.folder
        raise JobError(
            f"The Dask workers don't see the same folder {where}. Mount it there under the same path. {RUN_AGAIN}"
        )


def convert_batch(store: Store, environment: Mapping[str, str], batch: list[dict[str, Any]]) -> list[Outcome]:
    """Prepare and write a few images; runs in a Dask worker.

    A worker that takes longer than `decode_seconds` for an image ends itself; the nanny starts another.

    Args:
        store: where to.
        environment: the importer's settings.
        batch: catalogue rows with a file.
    """
    apply_environment(environment)
    tune_malloc()
    outcomes = []
    for row in batch:
        try:
            with hard_timeout(settings().decode_seconds):
                outcomes.append(_convert_one(store, row))
        except ImageError as error:
            outcomes.append(_quarantined(row, error.reason, error.message))
    return outcomes


def _convert_one(store: Store, row: dict[str, Any]) -> Outcome:
    """Prepare and write an image, unless a worker that died afterwards has done so."""
    png = store.png(row)
    finished = read_entry(store, png) if png.exists() else None
    if finished and finished["image_id"] == row["image_id"]:
        return finished
    return write_image(store, row, prepare_source(Path(row["file"]), store.preprocessing))
