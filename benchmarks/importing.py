"""Compare an import, end to end, with the loop of the published notebook.

The notebook converts one file after the other.

    python -m benchmarks.importing [--rows 1600] [--rounds 3] [--skip-memory | --headers]

Full-size phantoms, half JPEG 2000 Lossless and half JPEG Lossless, are linked into a data set in the RSNA layout. Rounds
are interleaved: the notebook's loop (see benchmarks/convert.py), preparing alone in this process and in two bare processes
that nobody coordinates, and imports with one and with two workers, with enough rows that it matters little which worker
finishes first. Times are wall clock and medians.
Starting and stopping workers, which happens once for each import, is not part of the comparisons; the rate including it is
printed separately. Memory is the peak of the coordinator and of any worker over 1,000 and 20,000 rows of small files. The
exit status is 1 if a target is missed.

With --headers, only what it costs to keep how images were acquired: preparing files with and without it in one process, and
importing a store once more that has the values, and one of an earlier version that hasn't and whose headers are read.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import psutil

from benchmarks._report import Report
from benchmarks.convert import convert_theirs, write_phantoms
from mammo_core.dataset.catalogue import Catalogue, read_catalogue
from mammo_core.dataset.conversion import WaitingImage, encode_batch
from mammo_core.dataset.importer import import_images
from mammo_core.dataset.library import describe_source
from mammo_core.dataset.store import ACQUISITION, Store, create_store
from mammo_core.dataset.worker_pool import WorkerPool
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.jobs.cluster import open_pool
from mammo_core.jobs.importing import TASKS
from mammo_core.preprocess.prepare import prepare_source
from mammo_core.settings import settings
from mammo_core.workspace import Workspace

RSNA = 54_706  # images
FASTER, OF_BARE, OVERHEAD, MEMORY = 10.0, 0.92, 0.15, 1024.0  # times, share, share, MiB
FULL, SMALL = (2776, 2082), (512, 384)


def link_dataset(folder: Path, files: list[Path], rows: int) -> Catalogue:
    """Return a data set with this many rows, whose files are links.

    They link to the given files, four for each patient.
    """
    table = pd.DataFrame({"image_id": range(rows)})
    table["patient_id"] = table["image_id"] // 4
    table["laterality"], table["view"], table["cancer"] = "L", "CC", table["patient_id"] % 4 == 0
    for row in table.itertuples():
        target = folder / "train_images" / str(row.patient_id) / f"{row.image_id}.dcm"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.hardlink_to(files[row.image_id % len(files)])
    table.astype({"cancer": int}).to_csv(folder / "train.csv", index=False)
    return read_catalogue(folder)


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def prepare_bare(folder: Path, rows: int, processes: int) -> float:
    """Prepare files in bare processes; return the images per second of all.

    They begin together once each has prepared one file.
    """
    code = (
        "import sys, time; from pathlib import Path; from mammo_core.dicom.limits import tune_malloc\n"
        "from mammo_core.documents.preprocessing_config import PreprocessingConfig\n"
        "from mammo_core.preprocess.prepare import prepare_source\n"
        "tune_malloc(); files = sorted(Path(sys.argv[1]).glob('*.dcm'))\n"
        "prepare_source(files[0], PreprocessingConfig()); print(flush=True); input()\n"
        "for number in range(int(sys.argv[2])): prepare_source(files[number % len(files)], PreprocessingConfig())\n"
    )
    command = [sys.executable, "-c", code, str(folder), str(rows // processes)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    started = [subprocess.Popen(command, **pipes) for _ in range(processes)]
    for process in started:
        process.stdout.readline()
    start = time.perf_counter()
    for process in started:
        process.stdin.write(b"\n")
        process.stdin.close()
    for process in started:
        process.wait()
    return rows / (time.perf_counter() - start)


def prepare_first(catalogue: Catalogue, pool: WorkerPool, workers: int) -> None:
    """Have each worker prepare a file first, as bare processes do."""
    first = next(image for image in catalogue.images() if image.file is not None)
    rows = [WaitingImage(first, Path(first.file), None)] * 8 * workers
    list(pool.map_batches(partial(encode_batch, PreprocessingConfig()), rows, lambda: False))


def describe_and_create(catalogue: Catalogue, name: str) -> Store:
    workspace = Workspace.from_environment()
    return create_store(workspace, name, PreprocessingConfig(), describe_source(workspace, catalogue))


def import_once(catalogue: Catalogue, name: str, workers: int) -> tuple[float, float]:
    """Import into a new store and measure the time.

    Returns:
        The seconds of the import alone, and including the start and stop of workers.
    """
    store = describe_and_create(catalogue, name)
    start = time.perf_counter()
    with open_pool(workers, module=TASKS) as pool:
        prepare_first(catalogue, pool, workers)
        done = seconds(lambda: import_images(catalogue, store, pool))
    all_rows = time.perf_counter() - start
    assert len(store.manifest()) == len(catalogue.table)
    return done, all_rows


def measure_speed(folder: Path, rows: int, rounds: int, report: Report) -> None:
    files = [path for syntax in ("jpeg2000", "jpeg_lossless") for path in write_phantoms(folder, FULL, syntax, 8)]
    files = [file for pair in zip(files[:8], files[8:], strict=True) for file in pair]
    catalogue = link_dataset(folder / "large", files, rows)
    rates: dict[str, list[float]] = {"theirs": [], "bare": [], "bare_two": [], "one": [], "two": [], "all_rows": []}
    for number in range(rounds):
        rates["theirs"].append(len(files) / seconds(lambda: [convert_theirs(file, folder / "x.png") for file in files]))
        rates["bare"].append(
            len(files) / seconds(lambda: [prepare_source(file, PreprocessingConfig()) for file in files])
        )
        rates["bare_two"].append(prepare_bare(files[0].parent, rows, 2))
        for name, workers in (("one", 1), ("two", 2)):
            took, all_rows = import_once(catalogue, f"{name}-{number}", workers)
            rates[name].append(rows / took)
        rates["all_rows"].append(rows / all_rows)
    theirs, bare, bare_two, one, two, end_to_end = (statistics.median(rates[name]) for name in rates)
    report.add("notebook's loop, one process", f"{theirs:.2f} images/s")
    report.add("preparing alone, one process", f"{bare:.2f} images/s")
    report.add("preparing alone, two processes", f"{bare_two:.2f} images/s")
    report.add("import, one worker", f"{one:.2f} images/s")
    report.add("import, two workers", f"{two:.2f} images/s")
    share = f"{end_to_end:.2f} images/s of {rows:,}, {end_to_end / theirs:.1f} × the notebook's loop"
    report.add("the same including the start and stop of workers", share)
    report.add(
        "two workers against the notebook's loop", f"{two / theirs:.1f} ×", f"{FASTER:g} ×", two / theirs >= FASTER
    )
    report.add("two workers against one", f"{two / one:.2f} ×")
    report.add(
        "two workers against two bare processes", f"{two / bare_two:.1%}", f"{OF_BARE:.0%}", two / bare_two >= OF_BARE
    )
    overhead = 1 - one / bare
    report.add("import's overhead over preparing", f"{overhead:.1%}", f"at most {OVERHEAD:.0%}", overhead <= OVERHEAD)
    report.add(
        f"{RSNA:,} images would take",
        f"{RSNA / two / 3600:.1f} h here, {RSNA / theirs / 3600:.1f} h with the notebook's loop",
    )


def measure_headers(folder: Path, rows: int, rounds: int, report: Report) -> None:
    """Time what reading and keeping header values adds to an import."""
    files = [
        path
        for syntax in ("jpeg2000", "jpeg_lossless")
        for path in write_phantoms(folder, FULL, syntax, 8, full_headers=True)
    ]
    catalogue = link_dataset(folder / "large", files, rows)
    store = describe_and_create(catalogue, "headers")
    batch = [WaitingImage(image, Path(str(image.file)), None) for image in catalogue.images()[: len(files)]]
    times: dict[str, list[float]] = {"with": [], "without": [], "again": [], "old": []}
    with open_pool(2, module=TASKS) as pool:
        import_images(catalogue, store, pool)
        for _ in range(rounds):
            times["with"].append(seconds(lambda: encode_batch(store.preprocessing, batch)))
            with patch("mammo_core.dataset.conversion._measured", lambda entry, _: entry):
                times["without"].append(seconds(lambda: encode_batch(store.preprocessing, batch)))
            times["again"].append(seconds(lambda: import_images(catalogue, store, pool)))
            (store.folder / ACQUISITION).unlink()
            times["old"].append(seconds(lambda: import_images(catalogue, store, pool)))
            assert store.acquisitions()["manufacturer"].notna().all()
    with_values, without, again, old = (statistics.median(times[name]) for name in times)
    spread = max(times["without"]) / min(times["without"]) - 1
    report.add("preparing with header values, an image", f"{1000 * with_values / len(batch):.2f} ms")
    report.add("preparing without", f"{1000 * without / len(batch):.2f} ms (rounds differ by {spread:.1%})")
    report.add("header values add", f"{with_values / without - 1:+.1%}")
    report.add(f"importing {rows:,} images once more, two workers", f"{again:.2f} s")
    report.add("the same where all headers must be read", f"{old:.2f} s")
    report.add("reading a header, two workers", f"{1000 * (old - again) / rows:.2f} ms")
    report.add(f"headers of {RSNA:,} images would take", f"{(old - again) / rows * RSNA:.0f} s")


def measure_memory(folder: Path, rows: int, report: Report) -> None:
    files = write_phantoms(folder, SMALL, "jpeg2000", 8)
    catalogue = link_dataset(folder / f"many-{rows}", files, rows)
    peaks: dict[int, float] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
                try:
                    peaks[process.pid] = max(peaks.get(process.pid, 0.0), process.memory_info().rss / 2**20)
                except psutil.NoSuchProcess:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    took, _ = import_once(catalogue, f"many-{rows}", 2)
    over.set()
    watcher.join()
    own = peaks.pop(os.getpid())
    report.add(
        f"memory, {rows:,} rows in {took:.0f} s",
        f"coordinator {own:.0f} MiB, worker {max(peaks.values()):.0f} MiB",
        f"below {MEMORY:.0f} MiB",
        max(own, *peaks.values()) < MEMORY,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--skip-memory", action="store_true")
    parser.add_argument("--headers", action="store_true", help="only the cost of keeping how images were acquired")
    options = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {"MAMMO_DATA": name, "MAMMO_MODELS": f"{name}/models"}
        settings.cache_clear()
        if options.headers:
            measure_headers(folder, options.rows, options.rounds, report)
            return report.summarise()
        for rows in () if options.skip_memory else (1_000, 20_000):
            measure_memory(folder, rows, report)
        measure_speed(folder, options.rows, options.rounds, report)
    return report.summarise()


if __name__ == "__main__":
    sys.exit(main())
