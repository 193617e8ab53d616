"""Worker processes: they end with the process that started them or after too long a time, and keep their memory."""

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
KEPT, LARGEST = 1 << 29, 1 << 25  # bytes that stay with the process; bytes of a block, the most that glibc allows


def die_with_parent() -> None:
    """End this worker process as soon as its parent is gone; the initializer of a pool of spawned processes.

    A killed parent can't tell its workers; they would wait for work for ever.
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
    """End this process at once, whatever it is doing, if the block takes longer.

    faulthandler's thread needs no Python to do so; a Python thread would wait for a codec that holds the interpreter. There
    is one such clock a process: in a process that does several things at a time the last block counts.
    """
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


@cache
def tune_malloc() -> None:
    """Let this process keep what it frees: each image needs its megabytes again, and fresh ones cost a tenth of its time.

    Dask tells its workers the opposite. Other C libraries than glibc have nothing to tell.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", lambda *_: None)
        mallopt(MMAP_THRESHOLD, LARGEST)
        mallopt(TRIM_THRESHOLD, KEPT)


SECCOMP = {"x86_64": (0xC000003E, 317, 41), "aarch64": (0xC00000B7, 277, 198)}  # architecture, seccomp(2), socket(2)
IO_URING_SETUP = 425  # the other way to a socket; the same number everywhere
FOREIGN = 0x4000_0000  # system calls from here on are those of another binary interface
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # classic BPF: ld abs, jeq, jge, ret
ALLOW, DENY = 0x7FFF_0000, 0x0005_0000 | errno.EACCES
NO_NEW_PRIVILEGES, FILTER_MODE, ALL_THREADS = 38, 1, 1

logger = logging.getLogger(__name__)


def limit_process(memory: int) -> None:
    """Limit this process for good: its address space, no core files, no new sockets (Linux).

    Windows has none of these limits; macOS has no such filter. A kernel that refuses the filter is told to the log.

    Args:
        memory: address space in bytes.
    """
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux" and not _deny_sockets():
        logger.warning("This system can't keep a decoding process off the network; its other limits hold.")


def limit_cpu_time(seconds: float) -> None:
    """Let this process end itself (SIGXCPU) after so much more CPU time, counted over all its threads.

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
    """Make socket(2) fail in all threads of this process with a seccomp filter; return whether the kernel took it."""
    if platform.machine() not in SECCOMP:
        return False
    architecture, seccomp, socket = SECCOMP[platform.machine()]
    steps = [  # operation, jumps if true and if false (in steps), operand; the data are those of seccomp(2)
        (LOAD, 0, 0, 4),  # architecture
        (EQUAL, 0, 5, architecture),
        (LOAD, 0, 0, 0),  # number of the system call
        (AT_LEAST, 3, 0, FOREIGN),
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
