"""Starting long work: in a detached process of its own, or here in this process with the same files."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from mammo_core.errors import DataError, MammoError, WorkError
from mammo_core.settings import PROJECT, as_environment, settings
from mammo_core.work.disk import chain, full_disk_named, is_disk_full
from mammo_core.work.folder import WorkFolder
from mammo_core.work.jobs import JOBS, Outcome

PROGRESS_SECONDS = 0.25  # progress.json is written no more often than this
TURN_SECONDS = 0.5  # between two looks whether the turn has come

Progress = Callable[[dict[str, Any]], None]


def launch(path: Path, kind: str, arguments: dict[str, Any]) -> WorkFolder:
    """Start work in a process that outlives this one.

    Args:
        path: the folder of the work.
        kind: "demo", "import" or "train".
        arguments: of the job, JSON.

    Raises:
        WorkError: a process is at work in this folder already, or the disk is full.
    """
    folder = WorkFolder(path.absolute())
    folder.write_request(kind, arguments)
    with full_disk_named(folder.name), (folder.path / "work.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mammo_core", "work", str(folder.path)],
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


def run_here(path: Path, kind: str, arguments: dict[str, Any], on_progress: Progress | None = None) -> Outcome:
    """Do work in this process, visible to everyone through the same files.

    Returns:
        What the job returns.

    Raises:
        MammoError: the job's own, after its state was written.
    """
    folder = WorkFolder(path)
    folder.write_request(kind, arguments)
    return run_requested(folder, on_progress)


def run_requested(folder: WorkFolder, on_progress: Progress | None = None, *, in_turn: bool = True) -> Outcome:
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
        raise WorkError(f"{folder.name} is already being worked on.") from None


def _run_in_turn(folder: WorkFolder, on_progress: Progress | None) -> Outcome:
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


def _run(folder: WorkFolder, on_progress: Progress | None) -> Outcome:
    request = folder.request()
    folder.write_state("running")
    outcome = JOBS[request["kind"]](request["arguments"], _Reporter(folder, on_progress), folder.stop_requested)
    folder.write_state(outcome.state, outcome.message)
    return outcome


def _wait_for(turn: FileLock, folder: WorkFolder) -> bool:
    """Wait until no other work of this kind runs: two trainings on one machine would only slow each other down.

    Those that wait take their turns in the order in which they were asked for.
    """
    folder.write_state("queued")
    told = False
    while not folder.stop_requested():
        try:
            if not _earlier(folder):
                turn.acquire(timeout=TURN_SECONDS)
                return True
            time.sleep(TURN_SECONDS)
        except Timeout:
            pass
        if not told:
            told = True
            folder.write_state("queued", "It begins when the work of its kind before it has ended.")
    return False


def _earlier(folder: WorkFolder) -> bool:
    """Return whether other work of this kind beside it has waited for longer."""
    asked, kind = folder.asked(), folder.request()["kind"]
    for path in folder.path.parent.glob("*/work.json"):
        other = WorkFolder(path.parent)
        with suppress(FileNotFoundError, DataError):  # deleted or renamed meanwhile
            if other.asked() < asked and other.state() == "queued" and other.request()["kind"] == kind:
                return True
    return False


class _Reporter:
    """Writes progress at most every `PROGRESS_SECONDS`; the last one always, since it is the one with done = total."""

    def __init__(self, folder: WorkFolder, on_progress: Progress | None) -> None:
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
