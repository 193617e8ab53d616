"""One piece of long work on disk, as its process writes it and as everyone else reads it."""

import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil
from filelock import FileLock

from mammo_core.errors import JobError
from mammo_core.storage.atomic import write_bytes
from mammo_core.storage.disk_space import full_disk_named
from mammo_core.storage.json_files import read_json, write_json
from mammo_core.storage.locks import is_locked

State = Literal["queued", "running", "stopping", "finished", "stopped", "failed", "diverged", "crashed"]
FINAL: tuple[State, ...] = ("finished", "stopped", "failed", "diverged", "crashed")
STARTING: Literal["starting"] = (
    "starting"  # written with the request; "queued", for everyone, until the process has had time to come up
)
STARTING_SECONDS = 30.0  # until then work that no process is known of yet counts as queued, not as crashed
RESERVE_BYTES = 16_384  # kept on the disk, so that there is room to say that the disk is full
CLOCK_SECONDS = 60.0  # by which a clock that is set changes when a process seems to have begun
KILL_SECONDS = 10.0  # that the system may take to end a killed process
KILLED = "Ended at once by a second stop."


@dataclass(frozen=True)
class JobFolder:
    """The files by which long work is asked for, followed and stopped.

    work.json       what was asked for: kind and arguments
    state.json      the last state its process wrote, with the time and a sentence
    progress.json   how far it is; its keys depend on the kind
    stop            is there once someone asked it to stop
    work.lock       locked by the process while it lives
    process.json    which process that is, or will be: host, pid and the time of its start
    reserve         some bytes that are given back when a failure has to be written
    work.log        its output
    """

    path: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def exists(self) -> bool:
        """Whether any work was ever asked for in this folder."""
        return (self.path / "work.json").exists()

    def lock(self) -> FileLock:
        """Return the lock that marks the living process."""
        return FileLock(self.path / "work.lock")

    def request(self) -> dict[str, Any]:
        """Return what was asked for: {"kind": …, "arguments": {…}}."""
        return read_json(self.path / "work.json")

    def requested_at(self) -> float:
        """Return when it was asked for, in seconds since 1970."""
        return (self.path / "work.json").stat().st_mtime

    def is_alive(self) -> bool:
        """Return whether a process holds the lock. A zombie or a reused process number doesn't."""
        return is_locked(self.path / "work.lock")

    def state(self) -> State:
        """Return the true state: what the process last wrote, unless it has died since."""
        written = self.written_state()
        if written["state"] in FINAL:
            return written["state"]
        if self.is_alive():
            if self.stop_requested():
                return "stopping"
            return "queued" if written["state"] == STARTING else written["state"]
        written = self.written_state()  # it may have ended between the two looks
        if written["state"] in FINAL:
            return written["state"]
        return "queued" if written["state"] == STARTING and self._may_still_start(written["time"]) else "crashed"

    def written_state(self) -> dict[str, Any]:
        """Return the last state that was written: {"state", "message", "time" (seconds since 1970)}."""
        return read_json(self.path / "state.json")

    def message(self) -> str:
        """Return one sentence about how the work ended, or nothing."""
        if self.state() == "crashed":
            return "The process ended without a word: it was killed, ran out of memory, or the machine restarted."
        return self.written_state()["message"]

    def progress(self) -> dict[str, Any]:
        """Return the last progress, or {} before the first."""
        path = self.path / "progress.json"
        return read_json(path) if path.exists() else {}

    def fraction(self) -> float:
        """Return how much is done, in [0, 1]."""
        progress = self.progress()
        return min(1.0, progress["done"] / progress["total"]) if progress.get("total") else 0.0

    def progress_text(self) -> str:
        """Return how far the work is, in words: done, rate and time left."""
        progress = self.progress()
        if not progress:
            return "Waiting for its turn …" if self.state() == "queued" else "Getting ready …"
        words = [f"{progress['done']:,} of {progress['total']:,} {progress.get('unit', 'images')}"]
        if "phase" in progress:
            return " · ".join([progress["phase"], *(words if progress["done"] < progress["total"] else ())]) + " …"
        if "epoch" in progress:
            words.insert(0, f"epoch {progress['epoch']} of {progress['epochs']}")
        if progress.get("quarantined"):
            words.append(f"{progress['quarantined']} quarantined")
        if progress.get("learning_rate"):
            words.append(f"learning rate {progress['learning_rate']:.1e}")
        if progress.get("images_per_second"):
            words.append(f"{progress['images_per_second']:.1f} images/s")
        if progress.get("seconds_left") and self.state() not in (*FINAL, "stopping"):
            words.append(f"{duration(progress['seconds_left'])} left")
        return " · ".join(words)

    def age_text(self) -> str:
        """Return when the last progress was written, in words."""
        path = self.path / "progress.json"
        return f"written {duration(max(0.0, time.time() - path.stat().st_mtime))} ago" if path.exists() else ""

    def request_stop(self) -> None:
        """Ask the process to end at the next safe moment."""
        write_bytes(self.path / "stop", b"")

    def stop_requested(self) -> bool:
        """Return whether someone asked the process to end."""
        return (self.path / "stop").exists()

    def stop(self) -> None:
        """Ask the process to end; asked a second time, end it at once.

        Raises:
            JobError: it is to be ended at once, and runs on another machine; or the disk has no room for the request.
        """
        with full_disk_named(self.name):
            if self.stop_requested() and self.is_alive():
                self._kill()
            else:
                self.request_stop()

    def write_request(self, kind: str, arguments: dict[str, Any]) -> None:
        """Write what is asked for and set the state to queued.

        Raises:
            JobError: a process is at work in this folder, or the disk has no room for the request.
        """
        with full_disk_named(self.name):
            self.path.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path / "request.lock"):  # of two requests at the same time one finds the other's state
                if self.exists and self.state() not in FINAL:
                    raise JobError(f"{self.name} is already being worked on. Wait for it to end, or stop it.")
                for name in ("stop", "progress.json", "process.json"):
                    (self.path / name).unlink(missing_ok=True)
                self.write_state(STARTING)
                write_json(self.path / "work.json", {"kind": kind, "arguments": arguments})

    def write_process(self, pid: int | None = None) -> None:
        """Write which process is at work here, or is about to be.

        Args:
            pid: of a process on this machine; this one without.
        """
        process = psutil.Process(pid)
        about = {"host": socket.gethostname(), "pid": process.pid, "created": process.create_time()}
        write_json(self.path / "process.json", about)

    def reserve(self) -> None:
        """Keep some bytes on the disk that are given back when a failure has to be written."""
        write_bytes(self.path / "reserve", os.urandom(RESERVE_BYTES))

    def write_state(self, state: State | Literal["starting"], message: str = "") -> None:
        """Write the state, with the time."""
        if state == "failed":
            (self.path / "reserve").unlink(missing_ok=True)
        write_json(self.path / "state.json", {"state": state, "message": message, "time": time.time()})

    def write_progress(self, progress: dict[str, Any]) -> None:
        """Write how far the work is."""
        write_json(self.path / "progress.json", progress)

    def _may_still_start(self, requested_at: float) -> bool:
        """Return whether a process that holds no lock yet may still take it."""
        path = self.path / "process.json"
        about = read_json(path) if path.exists() else {"host": None}
        if about["host"] != socket.gethostname():
            return time.time() - requested_at < STARTING_SECONDS
        return _process(about) is not None

    def _kill(self) -> None:
        about = read_json(self.path / "process.json")
        if about["host"] != socket.gethostname():
            raise JobError(f"{self.name} runs on {about['host']} and can only be ended at once from there.")
        process = _process(about)
        if process is None:
            return  # it has just ended
        with suppress(psutil.NoSuchProcess):
            family = [process, *process.children(recursive=True)]
            for member in family:
                with suppress(psutil.NoSuchProcess):
                    member.kill()
            psutil.wait_procs(family, timeout=KILL_SECONDS)
        if self.written_state()["state"] not in FINAL:
            self.write_state("stopped", KILLED)


def _process(about: dict[str, Any]) -> psutil.Process | None:
    """Return the living process of a process.json of this machine; None for a zombie or a number's next owner."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(about["pid"])
        if abs(process.create_time() - about["created"]) < CLOCK_SECONDS and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def duration(seconds: float) -> str:
    """Return a length of time in words: "45 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
