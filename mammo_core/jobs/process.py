"""Run a job in a detached process or in this one, and stop it."""

import errno
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

import psutil
from filelock import Timeout

from mammo_core.documents.base import Document
from mammo_core.documents.job import FINAL, StoppedJob
from mammo_core.documents.progress import Progress, ProgressCallback, ignore_progress
from mammo_core.errors import DataError, JobError, MammoError
from mammo_core.jobs.file_errors import file_errors_as_job_error
from mammo_core.jobs.folder import LOCK, JobFolder, living_process
from mammo_core.jobs.leftovers import clear_leftovers
from mammo_core.jobs.queue import wait_for_turn
from mammo_core.jobs.spec import JobContext, JobOutcome, JobSpec
from mammo_core.jobs.termination import stop_at_termination
from mammo_core.settings import PROJECT, as_environment
from mammo_core.storage.disk_space import chain, is_disk_full
from mammo_core.storage.file_errors import SENTENCES, storage_error, storage_errors
from mammo_core.storage.locks import SOFT_LOCK_NOTE, file_lock, is_soft
from mammo_core.workspace import Workspace

LOCK_SECONDS = 5.0  # a process that just ended may hold its job's lock for so long
PROGRESS_SECONDS = 0.25  # progress.json is written no more often
KILL_SECONDS = 10.0  # the system may take so long to end a killed process
UNCLEAR = {errno.ENOENT, errno.EINVAL}  # may as well be a defect: work.log has the details
KILLED = "Ended at once by a second stop."

Result = TypeVar("Result", bound=Document)


def launch(spec: JobSpec, workspace: Workspace) -> JobFolder:
    """Start a job in a process that outlives this one.

    Raises:
        JobError: a process is at work in the job's folder already, or the disk is full.
        MammoError: the job can't run.
    """
    folder = _request(spec, workspace)
    roots = {"MAMMO_DATA": str(workspace.data.absolute()), "MAMMO_MODELS": str(workspace.models.absolute())}
    with file_errors_as_job_error(folder.name), (folder.path / "work.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mammo_core", "job", str(folder.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=PROJECT,
            start_new_session=True,  # a closed terminal or a stopped server does not end it
            env={**os.environ, **as_environment(), **roots},
        )
        folder.write_process(process.pid)
    threading.Thread(target=process.wait, daemon=True).start()  # it would stay as a zombie after its end
    return folder


def run_in_process(spec: JobSpec, workspace: Workspace, on_progress: ProgressCallback = ignore_progress) -> JobOutcome:
    """Run a job in this process; others follow it through the same files.

    Raises:
        MammoError: the job's own, after its state was written.
    """
    return run_requested(_request(spec, workspace), spec, workspace, on_progress)


def run_for_result(
    spec: JobSpec,
    workspace: Workspace,
    result_class: type[Result],
    on_progress: ProgressCallback = ignore_progress,
) -> Result:
    """Run a job in this process and return its result.

    Args:
        spec: what to do.
        workspace: the folders to work in.
        result_class: class of the job's result.
        on_progress: called with each progress.

    Raises:
        JobError: the job was stopped before its turn came, so it has no result.
        MammoError: the job's own, after its state was written.
    """
    outcome = run_in_process(spec, workspace, on_progress)
    if not isinstance(outcome.document, result_class):
        raise JobError(outcome.message)
    return outcome.document


def _request(spec: JobSpec, workspace: Workspace) -> JobFolder:
    spec.prepare(workspace)
    folder = JobFolder(spec.folder(workspace).absolute())
    folder.write_request(spec)
    return folder


def run_requested(
    folder: JobFolder,
    spec: JobSpec,
    workspace: Workspace,
    on_progress: ProgressCallback = ignore_progress,
    *,
    in_turn: bool = True,
) -> JobOutcome:
    """Run a folder's job while holding its lock.

    Every exit except a kill records a final state.

    Args:
        folder: the job's folder, in which it has been requested.
        spec: what the job is to do.
        workspace: the folders to work in.
        on_progress: called with each progress, in this process.
        in_turn: whether to wait until no other job of this kind runs in the workspace.
    """
    context = JobContext(workspace, folder.path, _ProgressWriter(folder, on_progress), folder.stop_requested)
    lock = folder.lock()
    clear_leftovers(workspace)
    try:
        with lock.acquire(timeout=LOCK_SECONDS), stop_at_termination(folder):
            try:
                folder.write_process()
                context = replace(context, note=SOFT_LOCK_NOTE if is_soft(lock) else "")
                return _run_in_turn(folder, spec, context) if in_turn else _run(folder, spec, context)
            except MammoError as error:
                folder.write_state("failed", str(error))
                raise
            except KeyboardInterrupt:
                folder.write_state("stopped", "Interrupted from the keyboard.")
                raise
            except BaseException as error:
                folder.write_state("failed", _describe_cause(error))
                raise
    except Timeout:
        raise JobError(f"A job is already running in {folder.name}.") from None


def record_failure(folder: JobFolder, error: MammoError) -> None:
    """Record that a folder's job failed before it could be run.

    Raises:
        JobError: a process is at work in this folder.
    """
    try:
        with folder.lock().acquire(timeout=LOCK_SECONDS):
            folder.write_state("failed", str(error))
    except Timeout:
        raise JobError(f"A job is already running in {folder.name}.") from None


def _run_in_turn(folder: JobFolder, spec: JobSpec, context: JobContext) -> JobOutcome:
    with storage_errors(context.workspace.data):
        context.workspace.data.mkdir(parents=True, exist_ok=True)
    turn_lock = file_lock(context.workspace.data / f".{spec.kind}.turn")
    if not wait_for_turn(turn_lock, folder):
        message = "Stopped while it was waiting for its turn."
        folder.write_state("stopped", message)
        return JobOutcome("stopped", message, StoppedJob(message=message))
    try:
        return _run(folder, spec, context)
    finally:
        turn_lock.release()


def _run(folder: JobFolder, spec: JobSpec, context: JobContext) -> JobOutcome:
    folder.write_state("running", context.note)
    outcome = spec.run(context)
    folder.write_state(outcome.state, outcome.message)
    return outcome


class _ProgressWriter:
    """Write progress at most every `PROGRESS_SECONDS`, and always at the end."""

    def __init__(self, folder: JobFolder, on_progress: ProgressCallback) -> None:
        self.folder = folder
        self.on_progress = on_progress
        self.written_at = 0.0

    def __call__(self, progress: Progress) -> None:
        self.on_progress(progress)
        now = time.monotonic()
        if now - self.written_at >= PROGRESS_SECONDS or progress.done == progress.total:
            self.written_at = now
            self.folder.write_progress(progress)


def _describe_cause(error: BaseException) -> str:
    """Return the cause of an unexpected error in one sentence.

    The text of the error is left out: it may hold identifiers.
    """
    if is_disk_full(error):
        return "The disk is full. Make room and resume."
    if any(
        isinstance(cause, MemoryError) or type(cause).__name__ == "ResourceExhaustedError" for cause in chain(error)
    ):
        return "Out of memory. Choose a smaller batch or fewer workers."
    for cause in chain(error):
        if isinstance(cause, OSError) and cause.errno in SENTENCES and cause.errno not in UNCLEAR:
            return str(storage_error(cause))
    return f"It ended with an unexpected {type(error).__name__}; work.log in its folder has the details."


def stop_job(folder: JobFolder) -> None:
    """Ask a job to end at the next safe moment; on a second call, end it at once.

    Raises:
        JobError: it can't be ended at once (it runs on another machine, or its process is not known), or the file
            system refuses the request.
    """
    with file_errors_as_job_error(folder.name):
        if folder.stop_requested() and folder.is_alive():
            _kill(folder)
        else:
            folder.request_stop()


def _kill(folder: JobFolder) -> None:
    document = folder.process()
    if document is None:
        raise _not_ended(folder, "its process is not known yet. Try again in a few seconds.")
    if document.host != socket.gethostname():
        raise JobError(f"{folder.name} runs on {document.host} and can only be ended at once from there.")
    process = living_process(document) or _lock_holder(folder, document.pid)
    if process is None:
        if folder.is_alive():
            raise _not_ended(
                folder, f"its process {document.pid} is not the one that was recorded. Wait for it, or end it by hand."
            )
        return  # it has just ended
    try:
        with suppress(psutil.NoSuchProcess):
            _kill_family(process)
    except psutil.AccessDenied:
        raise _not_ended(folder, f"its process {document.pid} belongs to another user.") from None
    if not _has_final_state(folder):
        folder.write_state("stopped", KILLED)


def _lock_holder(folder: JobFolder, pid: int) -> psutil.Process | None:
    """Return the process of this number if it has the job's lock file open.

    It doesn't matter when it started.

    Where start times follow the system clock, an adjusted clock makes it look like another process.
    """
    with suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        if any(os.path.samefile(file.path, folder.path / LOCK) for file in process.open_files()):
            return process
    return None


def _kill_family(process: psutil.Process) -> None:
    family = [process, *process.children(recursive=True)]
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(family, timeout=KILL_SECONDS)


def _not_ended(folder: JobFolder, reason: str) -> JobError:
    return JobError(f"{folder.name} can't be ended at once: {reason}")


def _has_final_state(folder: JobFolder) -> bool:
    """Return whether a final state was written; an unreadable one is none."""
    with suppress(DataError):
        return folder.written_state().state in FINAL
    return False
