"""Try to wear out a server and its jobs.

It has many uploads, many viewers, a full disk, and random kills.

    python -m benchmarks.soak [--hours 0.25] [--seed 0]

A server of its own works on a demo data set. Its visitors speak Streamlit's protocol without a browser, which would be on
another machine. The exit status is 1 if a target is missed.

- uploads: 200 in a row by one visitor, cleared after each: zip files of 10 MB with one image. Memory is that of the server and
  its decoding workers; what the last three quarters of the uploads add to it has a target.
- viewers: 12 follow a live run, which takes the same processors. Refresh is the time between two updates of the page; it is
  due every second.
- full disk: in a small file system of its own, which `unshare` and a mount in memory make (Linux). It fills up while a network
  is trained; then files are uploaded, pages are opened, and another training and an import are started.
- kills: import, train and predict follow each other for the rest of the time. Each command is killed at a random moment, alone,
  with its workers, or only one of these; then it is repeated until it ends. What comes out is compared with what it is
  without kills, and pages are visited meanwhile.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from zipfile import ZipFile

import psutil

from benchmarks._commands import dicom_files, run, start, wait_for_epoch
from benchmarks._full_disk import measure_small_disk
from benchmarks._kills import Kills
from benchmarks._report import Report
from benchmarks._server import server
from benchmarks._visitor import Visitor
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec

UPLOADS, VIEWERS = 200, 12
FIRST_UPLOADS = UPLOADS // 4  # until memory has settled
UPLOADED_FILES, UPLOAD_BYTES = 16, 10_000_000  # they are uploaded in turns
UPLOAD_SHARE = 0.4  # of the time, at most
GROWTH_MB, REFRESH_S = 50.0, 2.0
VIEW_SECONDS = 30.0
ROUND_SECONDS = 120.0  # of imports, trainings and predictions, with kills
LONG_TRAINING = ("--set", "network=original", "--set", "epochs=20", "--set", "patience=20")


def memory_mb(process: psutil.Process) -> float:
    """Return the memory of a process and its children, in MB."""
    total = 0
    for member in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += member.memory_info().rss
    return total / 1e6


def write_uploads(folder: Path) -> list[Path]:
    """Write zip files with one image each, which are as large as full-size images are."""
    paths = []
    for file in dicom_files(folder)[:UPLOADED_FILES]:
        paths.append(folder / f"{file.stem}.zip")
        with ZipFile(paths[-1], "w") as archive:
            archive.write(file, file.name)
            archive.writestr("notes.txt", bytes(UPLOAD_BYTES))
    return paths


def measure_uploads(report: Report, folder: Path, url: str, process: psutil.Process, seconds: float) -> None:
    """Upload one file after the other, and clear each."""
    files = write_uploads(folder)
    memory: list[float] = []
    times: list[float] = []
    failed = explained = bytes_sent = 0
    end = time.monotonic() + seconds
    with Visitor(url) as visitor:
        visitor.open("predict")
        while len(times) < UPLOADS and time.monotonic() < end:
            file = files[len(times) % len(files)]
            began = time.perf_counter()
            visitor.upload([file])
            times.append(time.perf_counter() - began)
            explained += bool(visitor.errors())  # a few files of demo data are damaged
            failed += not visitor.errors() and not visitor.scores()
            bytes_sent += file.stat().st_size
            visitor.click("Clear")
            memory.append(memory_mb(process))
    done = len(times)
    report.add(
        "uploads: done in a row", f"{done}, median {statistics.median(times):.2f} s", f"{UPLOADS}", done == UPLOADS
    )
    report.add("uploads: neither predicted nor explained", str(failed), "0", failed == 0)
    report.add("uploads: damaged files, explained", str(explained))
    settled = memory[min(FIRST_UPLOADS, done) - 1]
    report.add("uploads: sent", f"{bytes_sent / 1e6:.0f} MB")
    report.add("uploads: memory at first, settled, at last", f"{memory[0]:.0f}, {settled:.0f}, {memory[-1]:.0f} MB")
    growth = memory[-1] - settled
    report.add("uploads: growth once settled", f"{growth:.0f} MB", f"<= {GROWTH_MB:g} MB", growth <= GROWTH_MB)


def measure_viewers(report: Report, folder: Path, url: str) -> None:
    """Have visitors follow a run, and measure how often their pages change."""
    process = start(folder, "train", "demo", *LONG_TRAINING)
    name = wait_for_epoch(folder, process).name

    def view(_: int) -> tuple[list[float], list[str]]:
        with Visitor(url) as visitor:
            visitor.open("train", f"store=demo&run={name}")
            refreshed = visitor.follow(VIEW_SECONDS)
            return [later - earlier for earlier, later in pairwise(refreshed)], visitor.errors()

    try:
        with ThreadPoolExecutor(VIEWERS) as executor:
            viewed = list(executor.map(view, range(VIEWERS)))
        is_live = process.poll() is None
    finally:
        process.kill()
        process.communicate()
    every = [gap for gaps, _ in viewed for gap in gaps] or [VIEW_SECONDS]
    median, longest = statistics.median(every), max(every)
    report.add(
        f"{VIEWERS} viewers: median refresh",
        f"{median:.2f} s, longest {longest:.1f} s, {len(every)} in all",
        f"<= {REFRESH_S:g} s",
        median <= REFRESH_S and is_live,
    )
    slowest = max(statistics.median(gaps or [VIEW_SECONDS]) for gaps, _ in viewed)
    report.add(f"{VIEWERS} viewers: the slowest one's median", f"{slowest:.2f} s")
    errors = sum(len(errors) for _, errors in viewed)
    report.add(f"{VIEWERS} viewers: errors shown", str(errors), "0", errors == 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=0.25, help="time for everything, about (default: 0.25)")
    parser.add_argument("--seed", type=int, default=0, help="of the kills")
    options = parser.parse_args()
    report = Report()
    seconds = 3600 * options.hours
    deadline = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="mammo-soak-") as name:
        folder = Path(name)
        generate(folder / "data" / "demo", DemoSpec(patients=24, seed=8, prevalence=0.4))
        if (imported := run(folder, "import", "demo")).status:
            sys.exit(imported.error)
        others = set(psutil.Process().children())
        with server(folder) as url:
            (process,) = set(psutil.Process().children()) - others
            measure_uploads(report, folder, url, process, UPLOAD_SHARE * seconds)
            measure_viewers(report, folder, url)
            measure_small_disk(report, folder)
            before = memory_mb(process)
            kills = Kills(folder, url, random.Random(options.seed))
            while not kills.counts["rounds"] or time.monotonic() < deadline - ROUND_SECONDS:
                kills.do_round()
            kills.report(report)
            report.add("kills: the server's memory before and after", f"{before:.0f}, {memory_mb(process):.0f} MB")
    return report.summarise()


if __name__ == "__main__":
    sys.exit(main())
