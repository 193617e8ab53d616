"""The folder of a job: its protocol on disk and its state."""

import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
from filelock import BaseFileLock

from mammo_core.documents.job import FINAL, JobProcess, JobState, State, WrittenState
from mammo_core.documents.progress import Progress, duration
from mammo_core.errors import DataError, JobError, StorageError
from mammo_core.jobs.file_errors import file_errors_as_job_error
from mammo_core.jobs.spec import JobSpec
from mammo_core.storage.atomic import write_bytes
from mammo_core.storage.hashing import modified_time
from mammo_core.storage.json_files import read_json
from mammo_core.storage.locks import file_lock, is_locked
from mammo_core.storage.path_text import message_text, path_text

SPEC = "work.json"
STOP = "stop"
LOCK = "work.lock"
RESERVE = "reserve"
STARTING_SECONDS = 30.0  # a job whose process is not known yet counts as queued for so long, then as crashed
RESERVE_BYTES = 16_384  # kept on the disk, so that a job's end can be recorded when the disk is full
CLOCK_SECONDS = 60.0  # where start times follow the system clock, it is adjusted by at most this
CRASHED = "The process ended unexpectedly: it was killed, ran out of memory, or the machine restarted."

SpecType = TypeVar("SpecType", bound=JobSpec)


@dataclass(frozen=True)
class JobFolder:
    """The files by which a job is requested, followed and stopped.

    work.json       its specification, see `JobSpec`
    state.json      the last state that was written, with the time and a sentence, see `JobState`
    progress.json   how much is done, see `Progress`
    stop            exists once someone has requested a stop
    work.lock       locked by the process while it lives
    process.json    the process that runs it, or is about to, see `JobProcess`
    reserve         some bytes that are freed when the job's end has to be written
    work.log        its output
    """

    path: Path

    @property
    def name(self) -> str:
        """The folder's name, see `path_text`."""
        return path_text(self.path.name)

    @property
    def exists(self) -> bool:
        """Whether a job was ever requested in this folder."""
        return os.path.isfile(self.path / SPEC)

    def lock(self) -> BaseFileLock:
        """Return the lock that marks the living process.

        Raises:
            StorageError: the file system refuses.
        """
        return file_lock(self.path / LOCK)

    def spec(self, spec_class: type[SpecType]) -> SpecType:
        """Return what the job is to do.

        Raises:
            DataError: the file is missing or not readable, or the job is of another kind.
        """
        return spec_class.read(self.path / SPEC)

    def kind(self) -> str:
        """Return the kind of job.

        Raises:
            DataError: the file is missing or not readable.
        """
        document = read_json(self.path / SPEC)
        if not isinstance(document, dict) or not isinstance(kind := document.get("kind"), str):
            raise DataError(f"{SPEC} in {self.path} does not state the kind of job. Start the job again.")
        return kind

    def requested_at(self) -> float:
        """Return when the job was requested, in seconds since 1970; 0 if unreadable."""
        return modified_time(self.path / SPEC)

    def changed_at(self) -> float:
        """Return when the state was last written, in seconds since 1970; 0 if never."""
        return modified_time(self.path / JobState.file_name)

    def is_alive(self) -> bool:
        """Return whether a process holds the lock.

        A zombie does not, nor does a process that reuses its number.

        Raises:
            StorageError: the file system refuses to tell.
        """
        return is_locked(self.path / LOCK)

    def state(self) -> State:
        """Return the true state: what was last written, unless the process has died since.

        If the state can't be read, `message` gives the reason. The job is then running or stopping while its process
        lives, so that it can be stopped and isn't started twice; otherwise it is "unreadable".
        """
        try:
            return self._readable_state()
        except DataError:
            with suppress(StorageError):  # as unreadable as the state
                if self.is_alive():
                    return "stopping" if self.stop_requested() else "running"
            return "unreadable"

    def _readable_state(self) -> State:
        written = self.written_state()
        if written.state in FINAL:
            return written.state
        if self.is_alive():
            if self.stop_requested():
                return "stopping"
            return "queued" if written.state == "starting" else written.state
        written = self.written_state()  # it may have ended between the two checks
        if written.state in FINAL:
            return written.state
        return "queued" if written.state == "starting" and self._may_still_start(written.time) else "crashed"

    def written_state(self) -> JobState:
        """Return the last state that was written, true or not.

        Raises:
            DataError: the file is missing or not readable.
        """
        return JobState.read(self.path / JobState.file_name)

    def message(self) -> str:
        """Return one sentence about how the job ended or why it waits, or nothing."""
        try:
            return CRASHED if self._readable_state() == "crashed" else self.written_state().message
        except DataError as error:
            return message_text(str(error))

    def progress(self) -> Progress | None:
        """Return the last progress; None before the first, or if its file can't be read."""
        path = self.path / Progress.file_name
        with suppress(DataError):  # it is for display only, and the next one replaces it
            return Progress.read(path) if os.path.exists(path) else None
        return None

    def fraction(self) -> float:
        """Return how much is done, in [0, 1]."""
        progress = self.progress()
        return progress.fraction if progress else 0.0

    def progress_text(self) -> str:
        """Return the progress as text: counts, rate and time left."""
        progress, state = self.progress(), self.state()
        if progress is None:
            return {"queued": self._queued_text(), "stopping": "Stopping …"}.get(state, "Starting …")
        text = progress.text(time_left=state not in (*FINAL, "stopping"))
        return f"Finishing what has begun · {text}" if state == "stopping" else text

    def _queued_text(self) -> str:
        try:
            starting = self.written_state().state == "starting"
        except DataError:
            starting = False
        return "Starting a process …" if starting else "Waiting for its turn …"

    def age_text(self) -> str:
        """Return how long ago the last progress was written, as text."""
        written = modified_time(self.path / Progress.file_name)
        return f"updated {duration(max(0.0, time.time() - written))} ago" if written else ""

    def request_stop(self) -> None:
        """Ask the process to end at the next safe moment.

        Raises:
            StorageError: the file system refuses.
        """
        write_bytes(self.path / STOP, b"")

    def stop_requested(self) -> bool:
        """Return whether someone has asked the process to end."""
        return os.path.exists(self.path / STOP)

    def write_request(self, spec: JobSpec) -> None:
        """Write the specification and set the state to starting.

        Raises:
            JobError: a process is at work in this folder, or the file system refuses the request.
        """
        with file_errors_as_job_error(self.name):
            self.path.mkdir(parents=True, exist_ok=True)
            with file_lock(
                self.path / "request.lock"
            ):  # the second of two simultaneous requests sees the first's state
                if self.exists and self.state() not in FINAL:
                    raise JobError(f"A job is already running in {self.name}. Wait for it to end, or stop it.")
                self._reserve()  # before a process starts that could not even record its failure
                for name in (STOP, Progress.file_name, JobProcess.file_name):
                    (self.path / name).unlink(missing_ok=True)
                self.write_state("starting")
                spec.write(self.path / SPEC)

    def process(self) -> JobProcess | None:
        """Return the process that runs the job, or last did; None if it is not known yet.

        Raises:
            DataError: the file is not readable.
        """
        path = self.path / JobProcess.file_name
        return JobProcess.read(path) if os.path.exists(path) else None

    def write_process(self, pid: int | None = None) -> None:
        """Write which process runs the job, or is about to.

        Args:
            pid: of a process on this machine; None for this one.
        """
        process = psutil.Process(pid)
        document = JobProcess(
            host=socket.gethostname(),
            pid=process.pid,
            created=process.create_time(),
            started=started_after_boot(process.pid),
        )
        document.write(self.path / JobProcess.file_name)

    def _reserve(self) -> None:
        """Keep some bytes on the disk that are freed when the job's end has to be written."""
        write_bytes(self.path / RESERVE, os.urandom(RESERVE_BYTES))

    def write_state(self, state: WrittenState, message: str = "") -> None:
        """Write the state, with the time."""
        if state in FINAL:
            with suppress(OSError):  # the state itself will say what the file system refuses
                (self.path / RESERVE).unlink(missing_ok=True)
        JobState(state=state, message=message_text(message), time=time.time()).write(self.path / JobState.file_name)

    def write_progress(self, progress: Progress) -> None:
        """Write how much is done."""
        progress.write(self.path / Progress.file_name)

    def _may_still_start(self, requested_at: float) -> bool:
        """Return whether a process that holds no lock yet may still acquire it."""
        process = self.process()
        if process is None or process.host != socket.gethostname():
            return time.time() - requested_at < STARTING_SECONDS
        return living_process(process) is not None


def living_process(document: JobProcess) -> psutil.Process | None:
    """Return a living process of this machine.

    None if it has ended, is a zombie, or its number now belongs to another process. The system clock may have been
    adjusted since it started.
    """
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(document.pid)
        if _is_same(process, document) and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def _is_same(process: psutil.Process, document: JobProcess) -> bool:
    started = started_after_boot(process.pid)
    if started is not None and document.started is not None:
        return started == document.started
    return bool(abs(process.create_time() - document.created) < CLOCK_SECONDS)


def started_after_boot(pid: int) -> int | None:
    """Return when a process started, in ticks since the machine was started.

    Unlike `psutil.Process.create_time`, it does not change with the system clock (proc(5): field 22 of stat).

    Returns:
        None if there is no such process, or not on Linux; other systems record the start time once.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return int(fields[19])
    except (OSError, IndexError, ValueError):
        return None
