"""Let one job of a kind run at a time; the others wait in the order in which they were requested."""

import time
from contextlib import suppress

from filelock import FileLock, Timeout

from mammo_core.errors import DataError
from mammo_core.jobs.folder import JobFolder

TURN_SECONDS = 0.5  # between two looks whether the turn has come


def _wait_for(turn: FileLock, folder: JobFolder) -> bool:
    """Wait until no other work of this kind runs: two trainings on one machine would only slow each other down.

    Those that wait take their turns in the order in which they were asked for.
    """
    folder.write_state("queued")
    told = False
    while not folder.stop_requested():
        try:
            if not _earlier(folder):
                turn.acquire(timeout=TURN_SECONDS)
                return True
            time.sleep(TURN_SECONDS)
        except Timeout:
            pass
        if not told:
            told = True
            folder.write_state("queued", "It begins when the work of its kind before it has ended.")
    return False


def _earlier(folder: JobFolder) -> bool:
    """Return whether other work of this kind beside it has waited for longer."""
    requested_at, kind = folder.requested_at(), folder.request()["kind"]
    for path in folder.path.parent.glob("*/work.json"):
        other = JobFolder(path.parent)
        with suppress(FileNotFoundError, DataError):  # deleted or renamed meanwhile
            if other.requested_at() < requested_at and other.state() == "queued" and other.request()["kind"] == kind:
                return True
    return False
