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
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import psutil

from benchmarks._report import Report
from benchmarks._server import environment, server
from benchmarks._visitor import Visitor
from mammo_core.dataset.store import open_store
from mammo_core.documents.job import FINAL
from mammo_core.documents.metrics import EpochRecord, read_metrics
from mammo_core.documents.verification import VERIFICATION, Verification
from mammo_core.errors import DataError
from mammo_core.jobs.folder import STARTING_SECONDS, JobFolder
from mammo_core.jobs.runs import run_names
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.settings import PROJECT
from mammo_core.workspace import Workspace

UPLOADS, VIEWERS = 200, 12
FIRST_UPLOADS = UPLOADS // 4  # until memory has settled
UPLOADED_FILES, UPLOAD_BYTES = 16, 10_000_000  # they are uploaded in turns
UPLOAD_SHARE = 0.4  # of the time, at most
GROWTH_MB, REFRESH_S = 50.0, 2.0
VIEW_SECONDS = 30.0
PAGES = ("", "explore", "exams", "data", "train", "models", "predict")
SMALL_DISK_BYTES = 500 * 2**20
ROUND_SECONDS = 120.0  # of imports, trainings and predictions, with kills
KILLS = 2  # of a command, at most
LONGEST_SECONDS = 20.0  # until a command is killed
LEFT_SECONDS = 30.0  # that the processes of a killed command may take to end
PATIENCE_SECONDS = 600.0
LONG_TRAINING = ("--set", "network=original", "--set", "epochs=20", "--set", "patience=20")
MEDIUM_TRAINING = ("--set", "network=compact", "--set", "epochs=20", "--set", "patience=20")
SHORT_TRAINING = ("--set", "network=compact", "--set", "epochs=3")


class Outcome(NamedTuple):
    """How a command ended.

    Attributes:
        status: its exit status; negative for a signal.
        error: what it wrote to standard error.
        is_killed: whether it was killed.
        left: how many of its processes were still there some seconds after the kill.
    """

    status: int
    error: str
    is_killed: bool = False
    left: int = 0


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start a command of the command line in a process of its own."""
    command = [sys.executable, "-m", "mammo_core", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=PROJECT, env=environment(folder), stdout=subprocess.DEVNULL, stderr=pipe, text=True
    )


def run(folder: Path, *arguments: str) -> Outcome:
    """Run a command to its end."""
    process = start(folder, *arguments)
    _, error = process.communicate(timeout=PATIENCE_SECONDS)
    return Outcome(process.returncode, error)


def run_and_kill(folder: Path, generator: random.Random, *arguments: str) -> Outcome:
    """Run a command, and kill it at a random moment unless it ends before."""
    process = start(folder, *arguments)
    with suppress(subprocess.TimeoutExpired):
        _, error = process.communicate(timeout=generator.uniform(0.5, LONGEST_SECONDS))
        return Outcome(process.returncode, error)
    main = psutil.Process(process.pid)
    children = main.children(recursive=True)
    victims = generator.choice([[main], [main, *children], [generator.choice(children or [main])]])
    for victim in victims:
        with suppress(psutil.NoSuchProcess):
            victim.kill()
    left: list[psutil.Process] = []
    if main in victims:
        process.wait()
        _, left = psutil.wait_procs(children, timeout=LEFT_SECONDS)
        for survivor in left:
            with suppress(psutil.NoSuchProcess):
                survivor.kill()
    _, error = process.communicate(timeout=PATIENCE_SECONDS)
    return Outcome(process.returncode, error, True, len(left))


def wait_for_epoch(folder: Path, process: "subprocess.Popen[str]") -> JobFolder:
    """Wait until the only training has finished an epoch, and return its folder."""
    workspace = workspace_of(folder)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        for name in run_names(workspace):
            if any(isinstance(record, EpochRecord) for record in read_metrics(workspace.models / name)):
                return JobFolder(workspace.models / name)
        time.sleep(0.2)
    sys.exit("The training ended before its first epoch.")


def workspace_of(folder: Path) -> Workspace:
    return Workspace(folder / "data", folder / "models")


def memory_mb(process: psutil.Process) -> float:
    """Return the memory of a process and its children, in MB."""
    total = 0
    for member in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += member.memory_info().rss
    return total / 1e6


def dicom_files(folder: Path) -> list[Path]:
    return sorted((folder / "data" / "demo" / "train_images").rglob("*.dcm"))


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


def count_pages_without_error(url: str) -> int:
    """Open every page once; return how many show no error."""
    with Visitor(url) as visitor:
        fine = 0
        for page in PAGES:
            visitor.open(page)
            fine += not visitor.errors()
        return fine


def measure_small_disk(report: Report, folder: Path) -> None:
    """Measure what a full disk does, in a process that sees a small file system."""
    small = folder / "small"
    small.mkdir()
    unshare = ["unshare", "--user", "--map-root-user", "--mount"]
    if (
        sys.platform != "linux"
        or not shutil.which("unshare")
        or subprocess.run([*unshare, "true"], check=False).returncode
    ):
        report.add("full disk", "not tried: no file system can be mounted here")
        return
    mount = f'mount -t tmpfs -o size={SMALL_DISK_BYTES} none "$0" && cp -r "$1" "$0" && shift && exec "$@"'
    command = [*unshare, "sh", "-c", mount, str(small), str(folder / "data"), sys.executable, "-m", "benchmarks.soak"]
    sys.stdout.flush()
    if subprocess.run([*command, "--small-disk", str(small)], cwd=PROJECT, check=False).returncode:
        report.missed.append("full disk")


@contextmanager
def full_disk(folder: Path) -> Iterator[Callable[[], None]]:
    """Fill the disk of a folder to the last byte during the block.

    Yields:
        A function that fills it again, with what was deleted meanwhile.
    """
    path = folder / "ballast"
    with path.open("wb", buffering=0) as ballast:

        def fill() -> None:
            for size in (2**20, 2**12, 1):
                with suppress(OSError):
                    while ballast.write(bytes(size)) == size:
                        pass

        try:
            fill()
            yield fill
        finally:
            path.unlink()


def fill_disk(report: Report, folder: Path) -> None:
    """Fill the disk while a network is trained, and try what a server's people do."""
    (folder / "temporary").mkdir()
    os.environ["TMPDIR"] = str(folder / "temporary")  # of the server and its jobs
    files = dicom_files(folder)[:4]
    with server(folder) as url, Visitor(url) as visitor:
        visitor.open("predict")
        visitor.upload(files)
        before = visitor.scores(), visitor.errors()
        visitor.click("Clear")
        process = start(folder, "train", "demo", *MEDIUM_TRAINING)
        job = wait_for_epoch(folder, process)
        with full_disk(folder) as fill:
            _, error = process.communicate(timeout=PATIENCE_SECONDS)
            report_refusal(report, "full disk: training under way", Outcome(process.returncode, error))
            state, message = job.state(), job.message()
            is_recorded = state == "failed" and "disk is full" in message
            report.add("full disk: its state", state, "failed, with the reason", is_recorded)
            for name, arguments in (
                ("another training", ["train", "demo"]),
                ("an import", ["import", "demo", "--name", "other"]),
            ):
                fill()
                report_refusal(report, f"full disk: {name}", run(folder, *arguments))
            fill()
            visitor.upload(files)
            after = visitor.scores(), visitor.errors()
            same = f"{after[0]} scores, {len(after[1])} errors"
            report.add("full disk: upload of four files", same, "as before", after == before and after[0] > 0)
            fine = count_pages_without_error(url)
            report.add("full disk: pages without an error", f"{fine} of {len(PAGES)}", "all", fine == len(PAGES))
        resumed = run(folder, "resume", job.name)
        verified = resumed.status == 0 and Verification.read(job.path / VERIFICATION).verified
        report.add("full disk: run resumed once there is room", f"{job.state()}", "finished, verified", verified)


def report_refusal(report: Report, name: str, outcome: Outcome) -> None:
    """Report whether a command has ended with one sentence on the full disk."""
    lines = [line for line in outcome.error.splitlines() if line.startswith("Error: ")]
    fine = outcome.status == 1 and len(lines) == 1 and "disk is full" in lines[0] and "Traceback" not in outcome.error
    shown = lines[0].removeprefix("Error: ").partition(".")[0] if lines else f"status {outcome.status}"
    report.add(name, shown[:60], "one sentence", fine)


@dataclass
class Soak:
    """Imports, trainings and predictions, killed at random, and their outcomes.

    Attributes:
        folder: holds data and models.
        url: of the server.
        generator: of the kills.
        counts: what has happened, by its name.
    """

    folder: Path
    url: str
    generator: random.Random
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.workspace = workspace_of(self.folder)
        self.images = self.stored_images("demo")
        assert self.predict().status == 0
        self.predictions = self.csv.read_bytes()

    @property
    def csv(self) -> Path:
        """The file of predictions."""
        return self.folder / "predictions.csv"

    def stored_images(self, store: str) -> dict[str, str]:
        """Return the hash of each image of a store, by image."""
        manifest = open_store(self.workspace, store).manifest()
        return dict(zip(manifest["image_id"].astype(str), manifest["sha256"], strict=True))

    def do_round(self) -> None:
        """Import, train and predict once, with kills."""
        self.counts["rounds"] += 1
        self.do_import()
        self.do_training()
        self.do_prediction()
        self.counts["pages"] += len(PAGES)
        self.counts["pages without an error"] += count_pages_without_error(self.url)

    def attempt(self, *arguments: str) -> Outcome:
        """Run a command that may be killed."""
        outcome = run_and_kill(self.folder, self.generator, *arguments)
        self.counts["commands"] += 1
        self.counts["kills"] += outcome.is_killed
        self.counts["processes left"] += outcome.left
        return outcome

    def do_import(self) -> None:
        """Import, with kills, and compare the images with those of an import without."""
        shutil.rmtree(self.workspace.prepared / "soak", ignore_errors=True)
        for _ in range(KILLS):
            self.attempt("import", "demo", "--name", "soak", "--workers", "2")
            self.state(self.workspace.prepared / "soak")
        ended = run(
            self.folder, "import", "demo", "--name", "soak", "--retry"
        )  # an image whose worker was killed twice
        self.counts["imports"] += 1
        left = list((self.workspace.prepared / "soak").glob("**/.*-????????????????.*"))
        fine = ended.status == 0 and not left and self.stored_images("soak") == self.images
        self.counts["imports as without kills"] += fine

    def do_training(self) -> None:
        """Train, with kills, and resume until the run has ended."""
        before = set(run_names(self.workspace))
        self.attempt("train", "soak", *SHORT_TRAINING)
        for _ in range(KILLS):
            name = next(iter(set(run_names(self.workspace)) - before), None)
            if name is None:  # killed before it was requested
                self.attempt("train", "soak", *SHORT_TRAINING)
            elif self.state(self.workspace.models / name) != "finished":
                self.attempt("resume", name)
        name = next(iter(set(run_names(self.workspace)) - before), None)
        if name is None:
            run(self.folder, "train", "soak", *SHORT_TRAINING)
            name = next(iter(set(run_names(self.workspace)) - before))
        elif self.state(self.workspace.models / name) != "finished":
            run(self.folder, "resume", name)
        self.counts["trainings"] += 1
        self.counts["trainings finished and verified"] += self.is_complete(name)
        shutil.rmtree(self.workspace.models / name)

    def state(self, path: Path) -> str:
        """Return the state of a job whose process has ended; count it if wrong."""
        job = JobFolder(path)
        if not job.exists:  # killed before it was requested
            return "missing"
        deadline = time.monotonic() + STARTING_SECONDS + 1  # until when a process that nobody knows may still start
        while (state := job.state()) not in FINAL and time.monotonic() < deadline:
            time.sleep(0.5)
        self.counts["dead jobs shown as alive"] += state not in FINAL
        return state

    def is_complete(self, name: str) -> bool:
        """Return whether a run has finished, with each epoch once and a verified model."""
        path = self.workspace.models / name
        with suppress(DataError):
            epochs = [record.epoch for record in read_metrics(path) if isinstance(record, EpochRecord)]
            verified = Verification.read(path / VERIFICATION).verified
            return self.state(path) == "finished" and verified and epochs == [*range(1, len(epochs) + 1)]
        return False

    def do_prediction(self) -> None:
        """Predict, with kills, and compare the table with one made without."""
        self.csv.unlink(missing_ok=True)
        for _ in range(KILLS):
            self.attempt(*self.prediction_arguments())
        self.counts["predictions"] += 1
        self.counts["predictions as without kills"] += (
            self.predict().status == 0 and self.csv.read_bytes() == self.predictions
        )

    def prediction_arguments(self) -> list[str]:
        """Return the command that predicts all images."""
        return ["predict", str(self.folder / "data" / "demo" / "train_images"), "--csv", str(self.csv)]

    def predict(self) -> Outcome:
        """Predict all images, without kills."""
        return run(self.folder, *self.prediction_arguments())

    def report(self, report: Report) -> None:
        """Report what has come of it."""
        counts = self.counts
        report.add("kills: rounds", f"{counts['rounds']}")
        report.add("kills: of commands", f"{counts['kills']} of {counts['commands']}")
        for all_of, fine in (
            ("imports", "imports as without kills"),
            ("trainings", "trainings finished and verified"),
            ("predictions", "predictions as without kills"),
            ("pages", "pages without an error"),
        ):
            report.add(f"kills: {fine}", f"{counts[fine]} of {counts[all_of]}", "all", counts[fine] == counts[all_of])
        for name in ("dead jobs shown as alive", "processes left"):
            report.add(f"kills: {name}", f"{counts[name]}", "0", counts[name] == 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=0.25, help="time for everything, about (default: 0.25)")
    parser.add_argument("--seed", type=int, default=0, help="of the kills")
    parser.add_argument("--small-disk", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    report = Report(name_width=46)
    if options.small_disk:
        fill_disk(report, options.small_disk)
        return 1 if report.missed else 0
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
            soak = Soak(folder, url, random.Random(options.seed))
            while not soak.counts["rounds"] or time.monotonic() < deadline - ROUND_SECONDS:
                soak.do_round()
            soak.report(report)
            report.add("kills: the server's memory before and after", f"{before:.0f}, {memory_mb(process):.0f} MB")
    return report.summarise()


if __name__ == "__main__":
    sys.exit(main())
