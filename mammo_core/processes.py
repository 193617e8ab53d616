"""Worker processes: they end with the process that started them or after too long a time, and keep their memory."""

import ctypes
import faulthandler
import multiprocessing
import os
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
def ends_after(seconds: float) -> Iterator[None]:
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
def keep_memory() -> None:
    """Let this process keep what it frees: each image needs its megabytes again, and fresh ones cost a tenth of its time.

    Dask tells its workers the opposite. Other C libraries than glibc have nothing to tell.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", lambda *_: None)
        mallopt(MMAP_THRESHOLD, LARGEST)
        mallopt(TRIM_THRESHOLD, KEPT)
