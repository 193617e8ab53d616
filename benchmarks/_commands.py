"""Start commands of the command line on a folder's data and models, and kill them."""

import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks._server import environment
from mammo_core.documents.metrics import EpochRecord, read_metrics
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.runs import run_names
from mammo_core.settings import PROJECT
from mammo_core.workspace import Workspace

LONGEST_SECONDS = 20.0  # until a command is killed
LEFT_SECONDS = 30.0  # that the processes of a killed command may take to end
PATIENCE_SECONDS = 600.0


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


def dicom_files(folder: Path) -> list[Path]:
    return sorted((folder / "data" / "demo" / "train_images").rglob("*.dcm"))
