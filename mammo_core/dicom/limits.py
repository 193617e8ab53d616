"""Limits of worker processes.

They apply to lifetime, wall time, CPU time, memory and network access.

All functions change the process that calls them, so they belong in a worker and not in the app. Decoding workers of the
sandbox use all of them; Dask workers use `hard_timeout` and `tune_malloc`.
"""

import ctypes
import errno
import faulthandler
import logging
import math
import multiprocessing
import os
import platform
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # parameters of mallopt(3)
TRIM_BYTES = 512 * 2**20  # of freed memory that the process keeps
MMAP_BYTES = 32 * 2**20  # larger blocks are mapped afresh each time; the highest value that glibc allows

SECCOMP = {"x86_64": (0xC000003E, 317, 41), "aarch64": (0xC00000B7, 277, 198)}  # architecture, seccomp(2), socket(2)
IO_URING_SETUP = 425  # another way to a socket; the same number on all architectures
FOREIGN_ABI = 0x4000_0000  # first number of the system calls of another binary interface
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # classic BPF: ld abs, jeq, jge, ret
ALLOW, DENY = 0x7FFF_0000, 0x0005_0000 | errno.EACCES
NO_NEW_PRIVILEGES, FILTER_MODE, ALL_THREADS = 38, 1, 1

logger = logging.getLogger(__name__)


def die_with_parent() -> None:
    """End this worker process as soon as its parent has ended.

    It belongs in the initialiser of a pool of spawned processes.

    A parent that is killed can't stop its workers, and they would wait for tasks for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def hard_timeout(seconds: float) -> Iterator[None]:
    """End this process immediately if the block takes longer.

    faulthandler's thread doesn't need the interpreter; a Python thread would wait for a codec that holds it. There is
    one such timer per process: of several blocks that run at the same time, only the last one is limited.
    """
    with open(os.devnull, "w") as no_output:
        faulthandler.dump_traceback_later(seconds, exit=True, file=no_output)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


@cache
def tune_malloc() -> None:
    """Make malloc keep freed memory.

    Each image needs as much again, and fresh memory costs a tenth of the time.

    Dask configures its workers the other way. C libraries other than glibc have no such setting.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", lambda *_: None)
        mallopt(MMAP_THRESHOLD, MMAP_BYTES)
        mallopt(TRIM_THRESHOLD, TRIM_BYTES)


def limit_process(memory: int) -> None:
    """Limit this process irrevocably.

    Its address space is bounded, it writes no core files and, on Linux, opens no new sockets.

    Windows has none of these limits, and macOS can't deny sockets. If the kernel refuses to, a warning is logged.

    Args:
        memory: address space in bytes.
    """
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux" and not _deny_sockets():
        logger.warning("This system can't deny network access to a decoding process; its other limits apply.")


def limit_cpu_time(seconds: float) -> None:
    """Make the kernel end this process (SIGXCPU) after some more CPU time.

    CPU time is counted over all threads.

    Args:
        seconds: CPU time in s, rounded up.
    """
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime + seconds), hard))


def _deny_sockets() -> bool:
    """Make socket(2) fail in all threads by a seccomp filter.

    It returns whether the kernel accepted it.
    """
    if platform.machine() not in SECCOMP:
        return False
    architecture, seccomp, socket = SECCOMP[platform.machine()]
    steps = [  # operation, jumps if true and if false (in steps), operand; offsets are those of seccomp(2)'s data
        (LOAD, 0, 0, 4),  # architecture
        (EQUAL, 0, 5, architecture),
        (LOAD, 0, 0, 0),  # number of the system call
        (AT_LEAST, 3, 0, FOREIGN_ABI),
        (EQUAL, 2, 0, socket),
        (EQUAL, 1, 0, IO_URING_SETUP),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, DENY),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    return libc.syscall(seccomp, FILTER_MODE, ALL_THREADS, program) == 0
