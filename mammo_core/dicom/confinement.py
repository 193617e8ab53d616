"""Restrict a process to what decoding foreign files needs.

A decoder that has been taken over shall reach nothing: no network, no file, no other process. On Linux the kernel sees to
that, by a seccomp filter and by Landlock; docs/confinement.md says what holds on other systems.

All functions change the process that calls them, irrevocably. `restrict_process` belongs in a worker, before it starts a thread:
Landlock covers the calling thread and those that it starts later.
"""

import ctypes
import errno
import math
import os
import platform
import signal
import struct
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

# (x86_64, aarch64) numbers of system calls; None where there is no such call
_DENIED = {
    # the network, and channels between processes
    "socket": (41, 198), "socketpair": (53, 199), "io_uring_setup": (425, 425), "shmget": (29, 194), "shmat": (30, 196),
    "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "setpriority": (141, 140), "ioprio_set": (251, 30), "migrate_pages": (256, 238),
    "move_pages": (279, 239), "sched_setscheduler": (144, 119), "sched_setattr": (314, 274),
    # new processes and programs
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, None), "vfork": (58, None), "memfd_create": (319, 279),
    # changes of files and their attributes
    "creat": (85, None), "truncate": (76, 45), "rename": (82, None), "renameat": (264, 38), "renameat2": (316, 276),
    "mkdir": (83, None), "mkdirat": (258, 34), "rmdir": (84, None), "link": (86, None), "linkat": (265, 37),
    "symlink": (88, None), "symlinkat": (266, 36), "unlink": (87, None), "unlinkat": (263, 35), "mknod": (133, None),
    "mknodat": (259, 33), "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "utime": (132, None),
    "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    # the kernel, for workers of root
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "sethostname": (170, 161), "acct": (163, 89), "quotactl": (179, 60), "iopl": (172, None),
    "ioperm": (173, None), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
}  # fmt: skip
_UNKNOWN = {
    "clone3": (435, 435),
    "openat2": (437, 437),
}  # their arguments lie in memory: the C library then uses others
_KILL, _TGKILL, _PRLIMIT = (62, 129), (234, 131), (302, 261)  # allowed with this process as first argument
_CLONE, _OPEN, _OPENAT, _IOCTL = (56, 220), (2, None), (257, 56), (16, 29)
_SECCOMP, _CAPSET = (317, 277), (126, 91)

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column of the tables, architecture (AUDIT_ARCH_…)
_FOREIGN_ABI = 0x4000_0000  # first number of the system calls of another binary interface
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # classic BPF: ld abs, jeq, jge, jset, ret
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in seccomp(2)'s data, which is little-endian
_ALLOW, _DENY, _NO_SUCH_CALL = 0x7FFF_0000, 0x0005_0000 | errno.EACCES, 0x0005_0000 | errno.ENOSYS
_CLONE_THREAD = 0x10000
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI and TIOCLINUX type into the terminal of whoever started the server

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_SECCOMP_FILTER, _ALL_THREADS = 1, 1

_CAPABILITY_VERSION, _CAPABILITY_BYTES = 0x2008_0522, 24  # three sets of 64 bits

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446  # the same numbers on all architectures
_LANDLOCK_VERSION, _PATH_BENEATH = 1, 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # number of rights on files by version of Landlock; 16 in later ones
_RIGHTS_SIZE = {1: 8, 2: 8, 3: 8, 4: 16, 5: 16}  # bytes of the structure that names all rights; 24 in later versions
_TCP, _SCOPES = 0b11, 0b11  # bind and connect; abstract Unix sockets and signals

_SYSTEM_FILES = (  # what libraries read when they are loaded, or to count processors
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/etc/localtime",
    "/usr/share/zoneinfo", "/sys/devices/system/cpu", "/proc/cpuinfo", "/proc/meminfo", "/dev/null", "/dev/urandom",
)  # fmt: skip


def restrict_process(memory: int, cpu_seconds: int, readable: Sequence[str]) -> list[str]:
    """Restrict this process irrevocably.

    Args:
        memory: address space in bytes.
        cpu_seconds: CPU time in s after which the kernel kills the process, all calls together.
        readable: files and folders that it may read, with what is in them; see `code_folders`.

    Returns:
        What this system can't do, one sentence each; empty on Linux with seccomp and Landlock.
    """
    if sys.platform == "win32":
        return ["Windows bounds neither memory nor CPU time of decoding processes, and denies them nothing."]
    _set_limits(memory, cpu_seconds)
    if sys.platform != "linux":
        return ["This system denies decoding processes neither network nor files; their other limits apply."]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _drop_capabilities(libc)
    lacking = []
    if not _apply_landlock(libc, readable):
        lacking.append("This kernel has no Landlock: decoding processes can read what the server can read.")
    if not _apply_seccomp(libc):
        lacking.append("This system can't deny decoding processes network and programs; their other limits apply.")
    return lacking


def make_undumpable() -> None:
    """Keep others of the same user from tracing this process.

    On Linux they can't read its memory either; elsewhere this does nothing.

    It belongs in a process that holds users' files: the server, and whatever decodes for the command line.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def code_folders(private: Iterable[Path]) -> list[str]:
    """Return the files and folders that hold code.

    They are those of the interpreter, its libraries and this package. The folder of a script is not
    among them: it may hold anything.

    Args:
        private: folders of data; a folder of modules (PYTHONPATH) that contains one is left out.
    """
    package = Path(__file__).resolve().parents[1]
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    libraries = [entry for entry in sys.path if {"site-packages", "dist-packages"} & set(Path(entry).parts)]
    installed = [folder for name, folder in sysconfig.get_paths().items() if name not in ("scripts", "data")]
    held = [folder.resolve() for folder in (*private, Path.home(), Path.cwd())]
    modules = [Path(entry).resolve() for entry in (*named, *libraries, *installed) if entry]
    kept = [folder for folder in modules if not any(folder in (other, *other.parents) for other in held)]
    roots = [Path(sys.base_prefix) / "lib", Path(sys.prefix) / "lib", *map(Path, _SYSTEM_FILES)]
    return [os.fspath(folder) for folder in dict.fromkeys([package, *kept, *roots])]


def limit_cpu_time(seconds: float) -> None:
    """Make the kernel end this process (SIGXCPU) after some more CPU time.

    CPU time is counted over all threads.

    Args:
        seconds: CPU time in s, rounded up.
    """
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(used_cpu_time() + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def used_cpu_time() -> float:
    """Return the CPU time of this process so far, over all threads, in s."""
    times = os.times()
    return times.user + times.system


def _set_limits(memory: int, cpu_seconds: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    with suppress(ValueError, OSError):  # macOS knows the limit, and doesn't always take one
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Give up the capabilities of root, such as raising limits again."""
    if platform.machine() in _MACHINES:
        column, _ = _MACHINES[platform.machine()]
        libc.syscall(_CAPSET[column], struct.pack("=Ii", _CAPABILITY_VERSION, 0), bytes(_CAPABILITY_BYTES))


def _apply_landlock(libc: ctypes.CDLL, readable: Sequence[str]) -> bool:
    """Deny this thread and its children files, TCP and signals.

    Some files may be read. It returns whether the kernel has Landlock.
    """
    version = libc.syscall(_LANDLOCK_CREATE, None, 0, _LANDLOCK_VERSION)
    if version < 1:
        return False
    rights = (1 << _FILE_RIGHTS.get(version, 16)) - 1
    handled = struct.pack("QQQ", rights, _TCP, _SCOPES)[: _RIGHTS_SIZE.get(version, 24)]
    ruleset = libc.syscall(_LANDLOCK_CREATE, handled, len(handled), 0)
    if ruleset < 0:
        return False
    try:
        for name in readable:
            _allow_reading(libc, ruleset, name)
        return bool(libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow_reading(libc: ctypes.CDLL, ruleset: int, name: str) -> None:
    try:
        descriptor = os.open(name, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not every system has it
    rights = _READ_FILE | (_READ_DIR if os.path.isdir(name) else 0)
    libc.syscall(_LANDLOCK_ADD, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    os.close(descriptor)


def _apply_seccomp(libc: ctypes.CDLL) -> bool:
    """Deny system calls in all threads.

    It returns whether the kernel accepted the filter.
    """
    if platform.machine() not in _MACHINES:
        return False
    column, architecture = _MACHINES[platform.machine()]
    steps = _filter_steps(column, architecture, os.getpid())
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    return bool(libc.syscall(_SECCOMP[column], _SECCOMP_FILTER, _ALL_THREADS, program) == 0)


def _filter_steps(column: int, architecture: int, process: int) -> list[tuple[int, int, int, int]]:
    """Return the filter: operation, jumps if true and if false (in steps), operand."""
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _DENY),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _FOREIGN_ABI),
        (_RETURN, 0, 0, _DENY),
    ]
    plain = [(numbers, _DENY) for numbers in _DENIED.values()] + [
        (numbers, _NO_SUCH_CALL) for numbers in _UNKNOWN.values()
    ]
    for numbers, verdict in plain:
        if (number := numbers[column]) is not None:
            steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, verdict)]
    for numbers in (_KILL, _TGKILL):
        steps += _unless(numbers[column], 0, _EQUAL, [process])
    steps += _unless(_PRLIMIT[column], 0, _EQUAL, [process, 0])
    steps += _unless(_CLONE[column], 0, _ANY_BIT, [_CLONE_THREAD])
    steps += _unless(_OPEN[column], 1, _ANY_BIT, [_WRITING], deny=True)
    steps += _unless(_OPENAT[column], 2, _ANY_BIT, [_WRITING], deny=True)
    steps += _unless(_IOCTL[column], 1, _EQUAL, _TERMINAL_INPUT, deny=True)
    return [*steps, (_RETURN, 0, 0, _ALLOW)]


def _unless(
    number: int | None, argument: int, test: int, operands: Sequence[int], *, deny: bool = False
) -> list[tuple[int, int, int, int]]:
    """Return the steps that deny a system call unless an argument fits.

    It fits if it passes a test with one of the operands. With `deny`, they deny it if the argument does.
    """
    if number is None:
        return []
    passed, failed = (_DENY, _ALLOW) if deny else (_ALLOW, _DENY)
    body = [(_LOAD, 0, 0, _FIRST_ARGUMENT + 8 * argument)]
    for operand in operands:
        body += [(test, 0, 1, operand), (_RETURN, 0, 0, passed)]
    body.append((_RETURN, 0, 0, failed))
    return [(_EQUAL, 0, len(body), number), *body]
