"""Run a job: in a detached process of its own, or in this process with the same files."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from mammo_core.errors import JobError, MammoError
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.kinds import JOBS, Outcome
from mammo_core.jobs.queue import _wait_for
from mammo_core.settings import PROJECT, as_environment, settings
from mammo_core.storage.disk_space import chain, full_disk_named, is_disk_full

PROGRESS_SECONDS = 0.25  # progress.json is written no more often than this

Progress = Callable[[dict[str, Any]], None]


def launch(path: Path, kind: str, arguments: dict[str, Any]) -> JobFolder:
    """Start work in a process that outlives this one.

    Args:
        path: the folder of the work.
        kind: "demo", "import" or "train".
        arguments: of the job, JSON.

    Raises:
        JobError: a process is at work in this folder already, or the disk is full.
    """
    folder = JobFolder(path.absolute())
    folder.write_request(kind, arguments)
    with full_disk_named(folder.name), (folder.path / "work.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mammo_core", "job", str(folder.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=PROJECT,
            start_new_session=True,  # a closed terminal or a stopped server doesn't reach it
            env={**os.environ, **as_environment()},
        )
        folder.write_process(process.pid)
    threading.Thread(target=process.wait, daemon=True).start()  # once ended, it shall not stay as a zombie
    return folder


def run_in_process(path: Path, kind: str, arguments: dict[str, Any], on_progress: Progress | None = None) -> Outcome:
    """Do work in this process, visible to everyone through the same files.

    Returns:
        What the job returns.

    Raises:
        MammoError: the job's own, after its state was written.
    """
    folder = JobFolder(path)
    folder.write_request(kind, arguments)
    return run_requested(folder, on_progress)


def run_requested(folder: JobFolder, on_progress: Progress | None = None, *, in_turn: bool = True) -> Outcome:
    """Do what the folder asks for, holding its lock; every way out writes a final state, but for a killed process.

    Args:
        folder: of the work.
        on_progress: called with each progress, in this process.
        in_turn: whether to wait until no other work of this kind runs on these data.
    """
    try:
        with folder.lock().acquire(timeout=5):
            try:
                folder.write_process()
                folder.reserve()
                return _run_in_turn(folder, on_progress) if in_turn else _run(folder, on_progress)
            except MammoError as error:
                folder.write_state("failed", str(error))
                raise
            except KeyboardInterrupt:
                folder.write_state("stopped", "Interrupted from the keyboard.")
                raise
            except BaseException as error:
                folder.write_state("failed", _cause(error))
                raise
    except Timeout:
        raise JobError(f"{folder.name} is already being worked on.") from None


def _run_in_turn(folder: JobFolder, on_progress: Progress | None) -> Outcome:
    settings().data.mkdir(parents=True, exist_ok=True)
    turn = FileLock(settings().data / f".{folder.request()['kind']}.turn")
    if not _wait_for(turn, folder):
        message = "Stopped while it was waiting for its turn."
        outcome = Outcome("stopped", message, {"status": "stopped", "message": message})
        folder.write_state(outcome.state, outcome.message)
        return outcome
    try:
        return _run(folder, on_progress)
    finally:
        turn.release()


def _run(folder: JobFolder, on_progress: Progress | None) -> Outcome:
    request = folder.request()
    folder.write_state("running")
    outcome = JOBS[request["kind"]](request["arguments"], _Reporter(folder, on_progress), folder.stop_requested)
    folder.write_state(outcome.state, outcome.message)
    return outcome


class _Reporter:
    """Writes progress at most every `PROGRESS_SECONDS`; the last one always, since it is the one with done = total."""

    def __init__(self, folder: JobFolder, on_progress: Progress | None) -> None:
        self.folder = folder
        self.on_progress = on_progress
        self.last = 0.0

    def __call__(self, progress: dict[str, Any]) -> None:
        if self.on_progress:
            self.on_progress(progress)
        now = time.monotonic()
        if now - self.last >= PROGRESS_SECONDS or progress.get("done") == progress.get("total"):
            self.last = now
            self.folder.write_progress(progress)


def _cause(error: BaseException) -> str:
    """Name the cause of an unexpected end in one sentence, without the message, which could hold anything."""
    if is_disk_full(error):
        return "The disk is full. Make room and resume."
    if any(
        isinstance(cause, MemoryError) or type(cause).__name__ == "ResourceExhaustedError" for cause in chain(error)
    ):
        return "Out of memory. Choose a smaller batch or fewer workers."
    return f"It ended with an unexpected {type(error).__name__}; work.log in its folder has the details."
