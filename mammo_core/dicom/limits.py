"""Limits of worker processes on lifetime and wall time.

All functions change the process that calls them, so they belong in a worker and not in the app. What confines a decoding worker
of the sandbox is in `mammo_core.dicom.confinement`.
"""

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
TRIM_BYTES = 512 * 2**20  # of freed memory that the process keeps
MMAP_BYTES = 32 * 2**20  # larger blocks are mapped afresh each time; the highest value that glibc allows


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
