"""What a decoding worker denies itself before it touches a stranger's file: memory, time, core files, the network."""

import ctypes
import errno
import logging
import math
import platform
import struct
import sys

SECCOMP = {"x86_64": (0xC000003E, 317, 41), "aarch64": (0xC00000B7, 277, 198)}  # architecture, seccomp(2), socket(2)
IO_URING_SETUP = 425  # the other way to a socket; the same number everywhere
FOREIGN = 0x4000_0000  # system calls from here on are those of another binary interface
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # classic BPF: ld abs, jeq, jge, ret
ALLOW, DENY = 0x7FFF_0000, 0x0005_0000 | errno.EACCES
NO_NEW_PRIVILEGES, FILTER_MODE, ALL_THREADS = 38, 1, 1

logger = logging.getLogger(__name__)


def confine(memory: int) -> None:
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


def confine_time(seconds: float) -> None:
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
