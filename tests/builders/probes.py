"""What a decoder that has been taken over would try. Each is run in a confined worker."""

import ctypes
import os
import pickle
import resource
import signal
import socket
import struct
import sys
import threading
from pathlib import Path

import numpy as np

LIBC = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH = 16


def _call(function, *arguments):
    ctypes.set_errno(0)
    if function(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "denied")


def _read_memory_of(process):
    buffer = ctypes.create_string_buffer(8)
    parts = [struct.pack("PN", address, 8) for address in (ctypes.addressof(buffer), 0x1000)]
    _call(LIBC.process_vm_readv, process, parts[0], 1, parts[1], 1, 0)


def _write(path):
    Path(path).write_bytes(b"x")


def _raise_limit(limit):
    resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


PROBES = {
    "open a socket": lambda server, folder: socket.socket(),
    "make a pair of sockets": lambda server, folder: socket.socketpair(),
    "trace the server": lambda server, folder: _call(LIBC.ptrace, PTRACE_ATTACH, server, None, None),
    "read the server's memory": lambda server, folder: _read_memory_of(server),
    "open the server's memory": lambda server, folder: os.open(f"/proc/{server}/mem", os.O_RDONLY),
    "read the server's environment": lambda server, folder: Path(f"/proc/{server}/environ").read_bytes(),
    "signal the server": lambda server, folder: os.kill(server, 0),
    "signal its process group": lambda server, folder: os.kill(0, 0),
    "signal everybody": lambda server, folder: os.kill(-1, 0),
    "queue a signal": lambda server, folder: _call(LIBC.sigqueue, server, 0, None),
    "open a process": lambda server, folder: os.pidfd_open(server),
    "limit the server": lambda server, folder: resource.prlimit(server, resource.RLIMIT_CORE),
    "slow the server down": lambda server, folder: os.setpriority(os.PRIO_PROCESS, server, 19),
    "fork": lambda server, folder: os._exit(0) if os.fork() == 0 else None,
    "run a program": lambda server, folder: os.execv("/bin/true", ["true"]),
    "spawn a program": lambda server, folder: os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0),
    "make a file": lambda server, folder: _write(f"{folder}/new"),
    "overwrite a file": lambda server, folder: _write(f"{folder}/file"),
    "lengthen a file": lambda server, folder: os.open(f"{folder}/file", os.O_APPEND | os.O_WRONLY),
    "make a file in memory": lambda server, folder: os.memfd_create("x"),
    "delete a file": lambda server, folder: os.unlink(f"{folder}/file"),
    "rename a file": lambda server, folder: os.rename(f"{folder}/file", f"{folder}/other"),
    "link a file": lambda server, folder: os.symlink("/etc/passwd", f"{folder}/link"),
    "make a folder": lambda server, folder: os.mkdir(f"{folder}/new folder"),
    "change a file's mode": lambda server, folder: os.chmod(f"{folder}/file", 0o777),
    "change a file's times": lambda server, folder: os.utime(f"{folder}/file"),
    "read a file": lambda server, folder: Path(f"{folder}/file").read_bytes(),
    "list a folder": lambda server, folder: os.listdir(folder),
    "read the users": lambda server, folder: Path("/etc/passwd").read_bytes(),
    "raise the limit on memory": lambda server, folder: _raise_limit(resource.RLIMIT_AS),
    "raise the limit on CPU time": lambda server, folder: _raise_limit(resource.RLIMIT_CPU),
    "raise the limit on files": lambda server, folder: _raise_limit(resource.RLIMIT_FSIZE),
    "type into the terminal": lambda server, folder: _call(LIBC.ioctl, 0, 0x5412, b"x"),
}


def succeeded(server, folder):
    """Return the names of the probes that were not denied."""
    names = []
    for name, probe in PROBES.items():
        try:
            probe(server, folder)
        except (OSError, ValueError):
            continue
        names.append(name)
    return names


def succeeded_in(server, folders):
    """Return what `succeeded` does for one folder, as a task of a pool."""
    (folder,) = folders
    return succeeded(server, folder)


def works():
    """Return what a decoder needs: threads, arrays, and its own signals."""
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(float((np.ones((200, 200)) @ np.ones((200, 200)))[0, 0])))
    ]
    for thread in threads:
        thread.start()
        thread.join()
    os.kill(os.getpid(), 0)
    return results


def limits():
    return {
        "files": resource.getrlimit(resource.RLIMIT_FSIZE),
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "CPU": resource.getrlimit(resource.RLIMIT_CPU)[1],
    }


def environment():
    return dict(os.environ)


class Exploit:
    """Unpickled, it makes a file."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.mkdir, (self.file,)


def return_exploit(file):
    return Exploit(file)


def send(message):
    """Write a message into every channel of this process, as code would that has taken it over."""
    for descriptor in range(3, 32):
        try:
            os.write(descriptor, struct.pack("<Q", len(message)) + message)
        except OSError:
            continue
    signal.pause()


def exploit(file):
    return pickle.dumps(Exploit(file))


def quote(text):
    """Say a text everywhere: print, warn, log, and raise it."""
    import logging
    import sys
    import warnings

    print(text)
    print(text, file=sys.stderr)
    os.write(1, text.encode())
    os.write(2, text.encode())
    warnings.warn(text, stacklevel=1)
    logging.getLogger("builders").error(text)
    raise ValueError(text)


def read_all(paths):
    from mammo_core.dicom.opened_files import open_file

    contents = []
    for path in paths:
        with open_file(path) as stream:
            contents.append(stream.read().decode())
    return contents


def retire():
    """Let this worker have used up its CPU time."""
    from mammo_core.dicom import sandbox_worker

    sandbox_worker.RETIRE_SECONDS = 0


def announce(size):
    """Announce a message of this size in every channel, and send some of it."""
    for descriptor in range(3, 32):
        try:
            os.write(descriptor, struct.pack("<Q", size) + b"x")
        except OSError:
            continue
    signal.pause()


def loaded_modules(names):
    return [name for name in names if name in sys.modules]
