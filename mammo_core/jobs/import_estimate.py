"""Estimate the time and the disk space of an import or of a demo data set."""

import math
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from statistics import median

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.library import Dataset, list_datasets
from mammo_core.dataset.store import Store, list_stores, stores_of
from mammo_core.dataset.store_png import CLASSES, UNLABELLED
from mammo_core.documents.preprocessing_config import Size, rows_and_columns
from mammo_core.documents.time_estimate import TimeEstimate
from mammo_core.errors import DataError, MammoError
from mammo_core.jobs.cluster import default_workers
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.importing import ImportJob
from mammo_core.storage.disk_space import approximate_bytes, free_bytes
from mammo_core.storage.hashing import file_states
from mammo_core.workspace import Workspace

SAMPLE = 100  # files of each label whose size is looked at
START_SECONDS = 5.0  # until the first image
BYTES_PER_PIXEL = 0.37  # of a PNG, until an import has been measured
DEMO_BYTES_PER_PATIENT = 1.76e6  # of files of 1024 × 768 pixels
DEMO_SECONDS_PER_PATIENT = 1.0  # a guess, until a demo data set has been made


@dataclass(frozen=True)
class WorkEstimate:
    """What something will take.

    Attributes:
        time: how long.
        bytes: of new files.
        free: bytes on the disk where they go.
    """

    time: TimeEstimate
    bytes: float
    free: int

    @property
    def fits(self) -> bool:
        """Whether there is enough room."""
        return self.bytes < self.free

    def describe(self) -> str:
        """Return the estimate as text for display."""
        return f"{self.time.describe()} · ≈ {approximate_bytes(self.bytes)} on disk"


def estimate_import(workspace: Workspace, catalogue: Catalogue, size: Size, workers: int | None) -> WorkEstimate:
    """Estimate what importing all images of a data set takes.

    Imports that this machine has done are the measure: of this data set, else of any other.

    Args:
        workspace: the folders to work in.
        catalogue: of the data set.
        size: of the images in pixels.
        workers: processes; None for one for each core.
    """
    images = len(catalogue.table) - catalogue.missing_files
    stores = list_stores(workspace)
    rate = _median(_rates(stores_of(catalogue.csv, stores))) or _median(_rates(stores))
    seconds = None if rate is None else START_SECONDS + images / (rate * _busy(workers))
    density = _median(map(_bytes_per_pixel, stores)) or BYTES_PER_PIXEL
    needed = images * math.prod(rows_and_columns(size)) * density
    return WorkEstimate(TimeEstimate(seconds=seconds, measured=rate is not None), needed, free_bytes(workspace.data))


def estimate_demo(workspace: Workspace, patients: int) -> WorkEstimate:
    """Estimate what creating a synthetic data set takes."""
    measured = _median(_seconds_per_patient(workspace, dataset) for dataset in list_datasets(workspace))
    seconds = patients * (measured or DEMO_SECONDS_PER_PATIENT)
    time = TimeEstimate(seconds=seconds, measured=measured is not None)
    return WorkEstimate(time, patients * DEMO_BYTES_PER_PATIENT, free_bytes(workspace.data))


def _busy(workers: int | None) -> int:
    """Return how many workers have a core of their own."""
    return min(workers or default_workers(), default_workers())


def _rates(stores: list[Store]) -> Iterator[float]:
    """Yield images per second and worker, of imports that this machine has done."""
    for store in stores:
        job = JobFolder(store.folder)
        with suppress(MammoError):  # a damaged store tells nothing
            progress, process = job.progress(), job.process()
            spec = job.spec(ImportJob)
            if progress and process and process.host == socket.gethostname() and spec.scheduler is None:
                yield (progress.images_per_second or 0.0) / _busy(spec.workers)


def _bytes_per_pixel(store: Store) -> float:
    """Return the size of a store's PNG files, from a sample; 0 without any."""
    pngs = [png for group in (*CLASSES, UNLABELLED) for png in islice((store.folder / group).glob("[!.]*.png"), SAMPLE)]
    sizes = [size for _, size, _, _ in file_states(pngs)]
    return sum(sizes) / len(sizes) / math.prod(store.preprocessing.shape) if sizes else 0.0


def _seconds_per_patient(workspace: Workspace, dataset: Dataset) -> float:
    """Return how long creating a synthetic data set took here; 0 if that isn't known."""
    from mammo_core.jobs.demo import DemoJob

    job = JobFolder(workspace.data / dataset.name)
    with suppress(DataError):
        process = job.process()
        if job.state() == "finished" and process and process.host == socket.gethostname():
            return (job.written_state().time - os.stat(job.path / "process.json").st_mtime) / job.spec(DemoJob).patients
    return 0.0


def _median(values: "Iterator[float] | map[float]") -> float | None:
    """Return the median of the values above 0; None without any."""
    known = [value for value in values if value > 0]
    return median(known) if known else None
