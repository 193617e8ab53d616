"""Own a worker process that decodes foreign files: start it, call it, end it.

What the worker sends is data, see `mammo_core.dicom.plain_data`: one that has been taken over can send a wrong result, but
neither run code here nor see more than the calls that it gets.
"""

import logging
import os
import pickle
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, cast

from mammo_core.dicom.confinement import code_folders
from mammo_core.dicom.plain_data import from_bytes
from mammo_core.dicom.sandbox_worker import CALL, DESCRIPTORS, RESULT, Call, Reply, Start
from mammo_core.errors import DataError, ImageError, JobError
from mammo_core.settings import PROJECT, as_environment, settings
from mammo_core.storage.standard_output import printable

CRASHED = "The decoder crashed on this file; other files are not affected."
TOO_MUCH_MEMORY = "Decoding this file needs more memory than is allowed."
START_SECONDS = 120.0  # wall time that a worker may take to start, on a busy machine too
END_SECONDS = 5.0  # wall time that a killed process may take to disappear
CHUNK = 2**20  # bytes that are read at once
# Nothing else of the owner's environment is known to a worker: it may hold secrets
ENVIRONMENT = ("PATH", "SYSTEMROOT", "WINDIR", "TEMP", "TMP", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "TZ")
ENVIRONMENT_PREFIXES = ("LC_", "PYTHON", "OMP_", "OPENBLAS_", "MKL_")

logger = logging.getLogger(__name__)
_described = threading.Event()  # what this system can't do is logged once


class DecoderProcess:
    """A confined worker process, used by one thread at a time.

    Raises:
        JobError: it can't be started.
    """

    def __init__(self) -> None:
        paths = [str(PROJECT), *(os.path.abspath(entry) for entry in sys.path if entry)]
        code = f"import sys; sys.path[:] = {paths!a}; from mammo_core.dicom.sandbox_worker import main; main()"
        # A socket carries descriptors of files. Elsewhere than on Linux a worker opens files itself, and a pipe will do.
        ours, theirs = socket.socketpair(socket.AF_UNIX) if sys.platform == "linux" else (None, None)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-B", "-c", code],
                stdin=theirs.fileno() if theirs else subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={name: value for name, value in os.environ.items() if _is_known_to_workers(name)},
                cwd=os.path.abspath(os.sep),
                start_new_session=True,  # no terminal to type into, and no Ctrl+C: this process ends it
            )
        except OSError as error:
            raise _not_started(type(error).__name__) from None
        finally:
            if theirs:
                theirs.close()
        self._calls = ours or cast(BinaryIO, self._process.stdin)
        self._results = cast(BinaryIO, self._process.stdout)
        self._is_timed_out = False
        self.is_alive = True
        private = [settings().data, settings().models]
        start = Start(settings().decode_bytes, code_folders(private), as_environment())
        with self._ended_after(START_SECONDS):
            try:
                self._send(pickle.dumps(start), [])
                lacking = from_bytes(self._receive())
            except (OSError, EOFError, DataError) as error:
                self.close()
                raise _not_started(type(error).__name__) from None
        if lacking and not _described.is_set():
            _described.set()
            logger.warning(printable(" ".join(lacking)))

    def call(self, function: Callable[..., Any], arguments: Sequence[Any], seconds: float) -> Any:
        """Call a function in the worker and return its result.

        Paths among the arguments are opened here.

        Args:
            function: defined at the top level of a module.
            arguments: picklable values.
            seconds: limit on wall time and on CPU time, in s.

        Raises:
            ImageError: the function raised it, or the worker died, ran out of memory or took too long.
            RuntimeError: the function raised another exception, which is a defect.
        """
        task, paths = _pickle(function, arguments)
        try:
            with self._ended_after(seconds), _opened(paths if isinstance(self._calls, socket.socket) else []) as files:
                self._send(pickle.dumps(Call(task, seconds, list(files))), list(files.values()))
                outcome, value, is_last = Reply(*from_bytes(self._receive()))
        except (OSError, EOFError, DataError, TypeError):
            raise self._describe_end(seconds) from None
        if is_last:
            self.close()
        if outcome == "result":
            return value
        if outcome == "refused":
            raise ImageError(*value)
        if outcome == "memory":
            raise ImageError("decoder_died", TOO_MUCH_MEMORY)
        raise RuntimeError(f"A defect in a decoding process: {value}.")

    def kill(self) -> None:
        """End the process, from any thread; a call that it is doing raises an ImageError."""
        self.is_alive = False
        self._process.kill()

    def close(self) -> None:
        """End the process, and clear away what is left of it."""
        self.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        self._results.close()
        with suppress(OSError):
            self._calls.close()

    @contextmanager
    def _ended_after(self, seconds: float) -> Iterator[None]:
        """Kill the process if the block takes longer: it would wait for its results."""
        timer = threading.Timer(seconds, self._time_out)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _time_out(self) -> None:
        self._is_timed_out = True
        self._process.kill()

    def _describe_end(self, seconds: float) -> ImageError:
        """Return the error of a call that the worker didn't survive.

        What is left of the worker is cleared away.
        """
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(0.5)  # one that closed its pipe is about to end
        status = self._process.returncode
        self.close()
        by_kernel = status is not None and status in (-getattr(signal, "SIGXCPU", 24), -getattr(signal, "SIGALRM", 14))
        if self._is_timed_out or by_kernel:
            return ImageError("decoder_died", f"Decoding took longer than {seconds:g} s and was ended.")
        return ImageError("decoder_died", CRASHED)

    def _send(self, message: bytes, descriptors: list[int]) -> None:
        header = CALL.pack(len(message), len(descriptors))
        if not isinstance(self._calls, socket.socket):
            self._calls.write(header + message)
            self._calls.flush()
            return
        self._calls.sendall(header + message)
        for start in range(0, len(descriptors), DESCRIPTORS):
            socket.send_fds(self._calls, [b"\0"], descriptors[start : start + DESCRIPTORS])

    def _receive(self) -> bytearray:
        """Return the worker's next message.

        Raises:
            EOFError: the worker ended.
            DataError: it announces more than it could hold.
        """
        (size,) = RESULT.unpack(self._read(RESULT.size))
        if size > settings().decode_bytes:
            raise DataError("A decoding process announced more than it could hold.")
        return self._read(size)

    def _read(self, size: int) -> bytearray:
        content = bytearray()
        while len(content) < size:
            part = self._results.read1(min(size - len(content), CHUNK))  # type: ignore[attr-defined]
            if not part:
                raise EOFError
            content += part
        return content


def _is_known_to_workers(name: str) -> bool:
    return name.upper() in ENVIRONMENT or name.upper().startswith(ENVIRONMENT_PREFIXES)


class _Pickler(pickle.Pickler):
    """A pickler that notes the paths which it meets."""

    def __init__(self, stream: BytesIO) -> None:
        super().__init__(stream, pickle.HIGHEST_PROTOCOL)
        self.paths: dict[str, Path] = {}

    def reducer_override(self, obj: object) -> Any:
        """Note a path; everything is pickled as usual."""
        if isinstance(obj, Path):
            self.paths[os.fspath(obj)] = obj
        return NotImplemented


def _pickle(function: Callable[..., Any], arguments: Sequence[Any]) -> tuple[bytes, list[Path]]:
    """Return a task as bytes, and the paths among its arguments."""
    stream = BytesIO()
    pickler = _Pickler(stream)
    pickler.dump((function, tuple(arguments)))
    return stream.getvalue(), list(pickler.paths.values())


@contextmanager
def _opened(paths: Sequence[Path]) -> Iterator[dict[str, int]]:
    """Open the regular files among some paths for reading; yield their descriptors.

    What can't be opened here can't be opened by the worker, which says so.
    """
    descriptors: dict[str, int] = {}
    try:
        for path in paths:
            with suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                if stat.S_ISREG(os.fstat(descriptor).st_mode):
                    descriptors[os.fspath(path)] = descriptor
                else:
                    os.close(descriptor)
        yield descriptors
    finally:
        for descriptor in descriptors.values():
            os.close(descriptor)


def _not_started(why: str) -> JobError:
    return JobError(
        f"A decoding process can't be started ({why}). The messages above may say why; try again when the machine is less busy."
    )
