"""Measure the check of a large store: its time by phase, and its memory."""

import os
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks._large_store import enlarge
from benchmarks._report import Report
from mammo_core.dataset.store import Store
from mammo_core.doctor.image_features import PHASE, ImageFeatures
from mammo_core.documents.doctor_report import DoctorReport
from mammo_core.documents.image_map import ImageMap
from mammo_core.documents.progress import Progress
from mammo_core.jobs.doctor import DoctorJob
from mammo_core.jobs.process import run_for_result
from mammo_core.workspace import Workspace

LARGE = "large"  # name of the store
FRESH = 1024  # images whose features the check computes; those of the others are kept, and their time is extrapolated
SECONDS, MEBIBYTES = 600.0, 2048.0
CORES = 2
SAMPLE = 0.1  # seconds between two looks at the memory
READING = "Reading the features of all images"
MAP = "Map: share of nearest images that are near"


class Clock(NamedTuple):
    """A point in time, in seconds.

    Attributes:
        wall: as on a clock.
        processor: used by all threads of the processes.
    """

    wall: float
    processor: float


@dataclass(frozen=True)
class Measured:
    """What a check took.

    Attributes:
        phases: when each phase began, and the end as "".
        peak_mib: memory of the process and those that it started together, at most, libraries included.
    """

    phases: dict[str, Clock]
    peak_mib: float


class MemoryWatch(threading.Thread):
    """Watch the memory of this process and those that it has started.

    Attributes:
        peak_mib: the highest sum of their resident memory.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_mib = 0.0
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look every `SAMPLE` seconds."""
        while not self._stopped.wait(SAMPLE):
            members = [psutil.Process(), *psutil.Process().children(recursive=True)]
            self.peak_mib = max(self.peak_mib, sum(_resident(member) for member in members) / 2**20)

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self.join()


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return int(process.memory_info().rss)
    return 0


def now() -> Clock:
    """Return the time, and the processor time of this process and its children."""
    used = sum(os.times()[:4])  # of its own, and of children that have ended
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            used += sum(child.cpu_times()[:2])
    return Clock(time.monotonic(), used)


def measure_large_check(
    workspace: Workspace, store: Store, features: ImageFeatures, images: int, report: Report
) -> None:
    """Report time and memory of the check of many images.

    A process of its own checks them.

    Args:
        workspace: the folders of the store.
        store: a small one, whose images are repeated.
        features: of its images.
        images: of the large store.
        report: receives the figures.
    """
    large = enlarge(workspace, store, features, LARGE, images, FRESH)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        measured = pool.submit(check_and_measure, workspace.data, workspace.models).result()
    total = Clock(0.0, 0.0)
    for (name, began), (_, ended) in pairwise(measured.phases.items()):
        times = images / FRESH if name == PHASE else 1.0
        took = Clock((ended.wall - began.wall) * times, (ended.processor - began.processor) * times)
        total = Clock(total.wall + took.wall, total.processor + took.processor)
        extrapolated = f", extrapolated from {FRESH:,} images" if name == PHASE else ""
        report.add(name, f"{describe(took)}{extrapolated}")
    report.add(f"All checks of {images:,} images", describe(total), f"{SECONDS:.0f} s", reached=total.wall <= SECONDS)
    busy = total.processor / CORES
    report.add(f"The same if {CORES} cores did nothing else, at least", f"{busy:.0f} s")
    report.add(MAP, f"{ImageMap.read(large.folder / ImageMap.file_name).kept:.2f}")
    peak = measured.peak_mib
    report.add("Memory at most", f"{peak:,.0f} MiB", f"below {MEBIBYTES:,.0f} MiB", reached=peak < MEBIBYTES)


def describe(took: Clock) -> str:
    """Return a time in words."""
    return f"{took.wall:.0f} s, of {took.processor:.0f} s processor time"


def check_and_measure(data: Path, models: Path) -> Measured:
    """Check the large store in this process, which has done nothing else."""
    phases: dict[str, Clock] = {}

    def on_progress(progress: Progress) -> None:
        name = progress.phase or ""
        if name not in phases:
            phases[name] = now()
        elif name == PHASE:  # what follows the last batch is done once, whatever the number of new images
            phases[READING] = now()

    memory = MemoryWatch()
    memory.start()
    run_for_result(DoctorJob(store=LARGE), Workspace(data, models), DoctorReport, on_progress)
    memory.stop()
    return Measured(phases | {"": now()}, memory.peak_mib)
