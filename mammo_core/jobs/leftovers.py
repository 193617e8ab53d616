"""Delete what jobs that were killed have left on the disk."""

import shutil
from contextlib import suppress

from filelock import Timeout

from mammo_core.errors import StorageError
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.runs import list_jobs
from mammo_core.learning.feature_file import FEATURES_PREFIX
from mammo_core.storage.atomic import clear_temporary_files
from mammo_core.workspace import Workspace


def clear_leftovers(workspace: Workspace) -> None:
    """Delete the temporary files of all jobs whose process has died.

    What the file system refuses to delete stays.
    """
    for root in (workspace.data, workspace.prepared, workspace.models):
        clear_temporary_files(root)
    for job in list_jobs(workspace):
        with suppress(StorageError):
            if not job.is_alive():
                _clear_job(job)


def _clear_job(job: JobFolder) -> None:
    """Delete a job's temporary files; while its lock is held, it can't start again."""
    with suppress(Timeout), job.lock().acquire(timeout=0):
        clear_temporary_files(job.path)
        for folder in job.path.glob(f"{FEATURES_PREFIX}*"):
            shutil.rmtree(folder, ignore_errors=True)  # of a training; as large as its images
