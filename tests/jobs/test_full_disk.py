import errno
import os

import pytest

from mammo_core.errors import JobError
from mammo_core.jobs.full_disk import disk_full_as_job_error

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_disk_full_as_job_error_raises_job_error_for_a_full_disk_only():
    with pytest.raises(JobError, match="The disk is full, so demo"), disk_full_as_job_error("demo"):
        raise FULL
    with pytest.raises(PermissionError), disk_full_as_job_error("demo"):
        raise PermissionError(errno.EACCES, "denied")
