"""Try a full disk while a network is trained, and what a server's people do then.

    python -m benchmarks._full_disk FOLDER

This is to run in a small file system, which `measure_small_disk` makes.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks._commands import PATIENCE_SECONDS, Outcome, dicom_files, run, start, wait_for_epoch
from benchmarks._report import Report
from benchmarks._server import server
from benchmarks._visitor import PAGES, Visitor, count_pages_without_error
from mammo_core.documents.verification import VERIFICATION, Verification
from mammo_core.settings import PROJECT

SMALL_DISK_BYTES = 500 * 2**20
MEDIUM_TRAINING = ("--set", "network=compact", "--set", "epochs=20", "--set", "patience=20")


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
    command = [
        *unshare,
        "sh",
        "-c",
        mount,
        str(small),
        str(folder / "data"),
        sys.executable,
        "-m",
        "benchmarks._full_disk",
    ]
    sys.stdout.flush()
    if subprocess.run([*command, str(small)], cwd=PROJECT, check=False).returncode:
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


def main() -> int:
    report = Report()
    fill_disk(report, Path(sys.argv[1]))
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
