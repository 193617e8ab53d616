"""Stop a job when the system asks its process to end."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from mammo_core.errors import StorageError
from mammo_core.jobs.folder import JobFolder


@contextmanager
def stop_at_termination(folder: JobFolder) -> Iterator[None]:
    """Have SIGTERM request the job's stop during the block.

    A second one ends it at once. A machine that shuts down, a container that is stopped and `kill` send it. Only the main
    thread can change what a signal does; a job in another one ends with its process.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def request_stop(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, before)
        with suppress(StorageError):
            folder.request_stop()

    before = signal.signal(signal.SIGTERM, request_stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
