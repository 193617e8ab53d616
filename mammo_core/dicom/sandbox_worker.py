"""The process that decodes foreign files, from its start to its end.

It restricts itself before it loads any other library. Calls come through standard input, results leave by standard output; its
messages and warnings go nowhere, because their text may quote a file.
"""

import math
import os
import pickle
import signal
import socket
import struct
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from typing import Any, BinaryIO, NamedTuple

CALL = struct.Struct("<QI")  # bytes of a call, and number of descriptors that follow it
RESULT = struct.Struct("<Q")  # bytes of a result
DESCRIPTORS = 100  # in one message; Linux takes 253
LIFETIME_SECONDS = 3600  # of CPU time after which the kernel kills a worker
RETIRE_SECONDS = 1800  # of CPU time after which a worker is replaced
GRACE_SECONDS = 5  # wall time after a call's limit: the caller ends it first


class Start(NamedTuple):
    """What a worker receives first.

    Attributes:
        memory: address space in bytes.
        readable: files and folders that it may read.
        environment: the settings of the process that owns it.
    """

    memory: int
    readable: list[str]
    environment: dict[str, str]


class Call(NamedTuple):
    """What a worker is to do next.

    Attributes:
        task: pickled function and arguments.
        seconds: limit on wall time and on CPU time, in s.
        files: paths of the descriptors that come with the call.
    """

    task: bytes
    seconds: float
    files: list[str]


class Reply(NamedTuple):
    """What became of a call.

    Attributes:
        outcome: "result", "refused" (an ImageError), "memory" or "defect".
        value: the result; reason and message; or type and place of an exception, whose own text may quote a file.
        is_last: whether the worker ends now.
    """

    outcome: str
    value: Any
    is_last: bool


def main() -> None:
    """Restrict this process and answer calls until there are no more."""
    calls, results = os.dup(0), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    start: Start = pickle.loads(_receive(calls)[0])
    from mammo_core.dicom.confinement import restrict_process

    os.environ.update(start.environment)
    lacking = restrict_process(start.memory, LIFETIME_SECONDS, start.readable)
    from mammo_core.dicom.limits import tune_malloc

    tune_malloc()
    from mammo_core.dicom.plain_data import to_bytes

    _answer(results, to_bytes(lacking))
    os.dup2(nowhere, 2)
    with suppress(EOFError):
        while True:
            reply, is_last = _serve(*_receive(calls))
            _answer(results, reply)
            if is_last:
                return


def load_module(name: str) -> None:
    """Import a module, so that the first call which needs it doesn't wait for that."""
    import_module(name)


def _receive(calls: int) -> tuple[bytes, list[int]]:
    """Return the next message and the descriptors that come with it.

    Raises:
        EOFError: there is none.
    """
    size, count = CALL.unpack(_read(calls, CALL.size))
    message = _read(calls, size)
    descriptors: list[int] = []
    while len(descriptors) < count:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=os.dup(calls)) as channel:
            _, received, _, _ = socket.recv_fds(channel, 1, DESCRIPTORS)
        if not received:
            raise EOFError
        descriptors += received
    return message, descriptors


def _read(stream: int, size: int) -> bytes:
    content = bytearray()
    while len(content) < size:
        part = os.read(stream, min(size - len(content), 2**20))
        if not part:
            raise EOFError
        content += part
    return bytes(content)


def _answer(results: BinaryIO, data: bytes) -> None:
    results.write(RESULT.pack(len(data)))
    results.write(data)
    results.flush()


def _serve(message: bytes, descriptors: list[int]) -> tuple[bytes, bool]:
    """Return a call's `Reply` as bytes, and whether it is the last one."""
    from mammo_core.dicom.confinement import limit_cpu_time, used_cpu_time
    from mammo_core.dicom.opened_files import take_over
    from mammo_core.dicom.plain_data import to_bytes

    call: Call = pickle.loads(message)
    take_over(dict(zip(call.files, descriptors, strict=True)))
    limit_cpu_time(call.seconds)
    _set_alarm(math.ceil(call.seconds) + GRACE_SECONDS)  # should the owner be gone
    try:
        outcome, value = _run(call.task)
        is_last = used_cpu_time() > RETIRE_SECONDS
        try:
            return to_bytes(tuple(Reply(outcome, value, is_last))), is_last
        except TypeError as error:
            return to_bytes(tuple(Reply("defect", _describe_origin(error), is_last))), is_last
    finally:
        _set_alarm(0)
        take_over({})


def _run(task: bytes) -> tuple[str, Any]:
    from mammo_core.errors import ImageError

    try:
        function, arguments = pickle.loads(task)
        return "result", function(*arguments)
    except ImageError as error:
        return "refused", (error.reason, error.message)
    except MemoryError:
        return "memory", None
    except Exception as error:  # noqa: BLE001 - the owner raises it, without its text
        return "defect", _describe_origin(error)


def _set_alarm(seconds: int) -> None:
    """Have the kernel end this process after some wall time; 0 cancels that."""
    if sys.platform != "win32":
        signal.alarm(seconds)


def _describe_origin(error: Exception) -> str:
    """Return an exception's type, and the line that raised it."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {os.path.basename(last.filename)}, line {last.lineno}"
