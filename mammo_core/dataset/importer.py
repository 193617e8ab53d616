"""DICOM → prepared store, on Dask: the machine's own cores, or a cluster that sees the same file system.

Work is streamed: a bounded number of small batches is under way at any time. A batch whose worker dies again and again
is split into single images, so that one poisonous file costs itself only.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.store import Store, existing_entries, read_entry, remove_leftovers, write_image, write_index
from mammo_core.errors import ImageError, WorkError
from mammo_core.files import append_json_line, read_json_lines
from mammo_core.preprocess import prepare_source
from mammo_core.processes import keep_memory
from mammo_core.settings import settings

if TYPE_CHECKING:
    from distributed import Client

BATCH = 16  # images a task: Dask's own milliseconds a task stay small beside sixteen decodings
BATCHES_A_WORKER = 4  # under way at any time
DASK = {
    "distributed.scheduler.allowed-failures": 1,
    "distributed.comm.timeouts.connect": "10s",
    "distributed.worker.profile.enabled": False,  # looks at every worker a hundred times a second
}
CARRIED_OVER = "carried_over.jsonl"  # quarantined so far, one line each; the quarantine of an interrupted import

Progress = Callable[[dict[str, Any]], None]
Outcome = dict[str, Any]


@dataclass(frozen=True)
class ImportReport:
    """What an import did. `prepared` + `skipped` + `quarantined` = `total`, unless it was stopped."""

    store: str
    total: int
    prepared: int
    skipped: int
    quarantined: int
    seconds: float
    stopped: bool = False
    quarantine: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON document."""
        return asdict(self)


@contextmanager
def open_client(workers: int | None = None, scheduler: str | None = None) -> Iterator["Client"]:
    """Open a Dask client on this machine's cores, or on a running scheduler.

    Args:
        workers: processes to start, by default one a core; ignored with a scheduler.
        scheduler: address such as tcp://host:8786.

    Raises:
        WorkError: no scheduler answers at that address.
    """
    import dask
    from distributed import Client, LocalCluster

    dask.config.set(DASK)
    if scheduler:
        try:
            with Client(scheduler, timeout="10s") as client:
                yield client
        except (OSError, ValueError) as error:
            raise WorkError(
                f"No Dask scheduler answers at {scheduler} ({error}). Start one, or leave the address out."
            ) from None
        return
    with (
        LocalCluster(
            n_workers=workers or os.cpu_count() or 1,
            threads_per_worker=1,
            memory_limit="2GiB",
            dashboard_address="127.0.0.1:0",
            silence_logs=50,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def import_images(
    catalogue: Catalogue,
    store: Store,
    client: "Client",
    progress: Progress = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> ImportReport:
    """Prepare every image of the catalogue that the store doesn't hold yet.

    Args:
        catalogue: what to prepare.
        store: where to; it may hold a part already.
        client: the Dask client that does the work.
        progress: called with total, done, prepared, skipped, quarantined and images_per_second.
        should_stop: asked between batches; the import then ends early and leaves a store that can be continued.
    """
    started = time.monotonic()
    rows = catalogue.table.to_dict("records")
    remove_leftovers(store)
    entries, missing, waiting, quarantined = _sort_out(store, rows)
    skipped, total = len(entries), len(rows)
    quarantine = [*missing, *quarantined]

    def tell() -> None:
        progress(_progress(total, skipped, len(entries), len(quarantine), time.monotonic() - started))

    tell()
    for outcome in _convert(client, store, waiting, should_stop):
        if "reason" in outcome:
            quarantine.append(outcome)
            append_json_line(store.folder / CARRIED_OVER, outcome)
        else:
            entries.append(outcome)
        tell()
    stopped = len(entries) + len(quarantine) < total
    place = {row["image_id"]: index for index, row in enumerate(rows)}
    quarantine.sort(key=lambda item: place[item["image_id"]])
    listed = [{key: item[key] for key in ("image_id", "file", "reason", "detail")} for item in quarantine]
    write_index(store, catalogue.table, entries, listed)
    return ImportReport(
        store.name,
        total,
        len(entries) - skipped,
        skipped,
        len(quarantine),
        round(time.monotonic() - started, 3),
        stopped,
        listed,
    )


def _progress(total: int, skipped: int, there: int, quarantined: int, seconds: float) -> dict[str, Any]:
    prepared = there - skipped
    rate = prepared / seconds if seconds else 0.0
    return {
        "total": total,
        "done": there + quarantined,
        "prepared": prepared,
        "skipped": skipped,
        "quarantined": quarantined,
        "images_per_second": rate,
        "seconds_left": (total - there - quarantined) / rate if rate else None,
    }


def forget_quarantine(store: Store) -> None:
    """Let the next import try the files again that earlier ones could not prepare."""
    (store.folder / CARRIED_OVER).unlink(missing_ok=True)


def _sort_out(store: Store, rows: list[dict]) -> tuple[list[Outcome], list[Outcome], list[dict], list[Outcome]]:
    """Divide the catalogue's rows: finished, without a file, waiting, and quarantined earlier with an unchanged file.

    A PNG in the store that the catalogue doesn't know (any more) under that label is removed.
    """
    finished = existing_entries(store)
    earlier = {item["image_id"]: item for item in read_json_lines(store.folder / CARRIED_OVER)}
    entries, missing, waiting, quarantined = [], [], [], []
    for row in rows:
        name = str(store.png(row).relative_to(store.folder))
        before = earlier.get(row["image_id"])
        if name in finished:
            entries.append(finished.pop(name))
        elif pd.isna(row["file"]):
            missing.append(_quarantined(row, "missing", "The CSV lists this image, but its file isn't there."))
        elif before and before["file"] == row["file"] and before["version"] == _version(row["file"]):
            quarantined.append(before)
        else:
            waiting.append(row)
    for name in finished:
        (store.folder / name).unlink()
    return entries, missing, waiting, quarantined


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


def _convert(client: "Client", store: Store, rows: list[dict], should_stop: Callable[[], bool]) -> Iterator[Outcome]:
    """Yield one outcome an image, in no particular order."""
    from distributed import KilledWorker, as_completed

    batches = iter([rows[start : start + BATCH] for start in range(0, len(rows), BATCH)])
    under_way: dict[str, list[dict]] = {}

    def submit(batch: list[dict]) -> Any:
        future = client.submit(convert_batch, store, batch, settings().decode_seconds, pure=False, retries=0)
        under_way[future.key] = batch
        return future

    limit = BATCHES_A_WORKER * max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
    queue = as_completed([submit(batch) for batch in islice(batches, limit)])
    for future in queue:
        batch = under_way.pop(future.key)
        try:
            yield from future.result()
        except KilledWorker:
            if len(batch) == 1:
                yield _quarantined(batch[0], "decoder_died", "Decoding this file ended the process or took too long.")
            for row in batch if len(batch) > 1 else []:
                queue.add(submit([row]))
        future.release()
        following = None if should_stop() else next(batches, None)
        if following:
            queue.add(submit(following))


def convert_batch(store: Store, batch: list[dict[str, Any]], seconds: float) -> list[Outcome]:
    """Prepare and write a few images; runs in a Dask worker.

    Args:
        store: where to.
        batch: catalogue rows with a file.
        seconds: after this long with one image the worker ends itself; the nanny starts another.
    """
    keep_memory()
    outcomes = []
    for row in batch:
        watchdog = threading.Timer(seconds, os._exit, [1])
        watchdog.daemon = True
        watchdog.start()
        try:
            finished = read_entry(store, store.png(row)) if store.png(row).exists() else None
            outcomes.append(finished or write_image(store, row, prepare_source(Path(row["file"]), store.contract)))
        except ImageError as error:
            outcomes.append(_quarantined(row, error.reason, error.message))
        finally:
            watchdog.cancel()
    return outcomes
