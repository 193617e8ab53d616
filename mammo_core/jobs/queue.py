"""Run one job of a kind at a time; others wait in the order of request."""

import time
from contextlib import suppress

from filelock import BaseFileLock, Timeout

from mammo_core.errors import DataError
from mammo_core.jobs.folder import SPEC, JobFolder
from mammo_core.storage.folders import files_of_subfolders

POLL_SECONDS = 0.5  # between two checks whether the turn has come
WAITING = "Queued: starts when the previous job of this kind finishes."


def wait_for_turn(turn_lock: BaseFileLock, folder: JobFolder) -> bool:
    """Wait until no other job of this kind runs, and acquire the lock of the turn.

    Two training runs on one machine would only slow each other down.

    Returns:
        False if the job was asked to stop before its turn came; the lock is then not acquired.
    """
    folder.write_state("queued")
    announced = False
    while not folder.stop_requested():
        try:
            if not _has_predecessor(folder):
                turn_lock.acquire(timeout=POLL_SECONDS)
                return True
            time.sleep(POLL_SECONDS)
        except Timeout:
            pass
        if not announced:
            announced = True
            folder.write_state("queued", WAITING)
    return False


def _has_predecessor(folder: JobFolder) -> bool:
    """Return whether an earlier job of this kind is waiting in the same folder."""
    requested_at, kind = folder.requested_at(), folder.kind()
    for path in files_of_subfolders(folder.path.parent, SPEC):
        other = JobFolder(path.parent)
        with suppress(DataError):  # deleted or renamed meanwhile, or damaged
            if other.requested_at() < requested_at and other.state() == "queued" and other.kind() == kind:
                return True
    return False
