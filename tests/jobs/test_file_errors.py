import errno
import os

import pytest

from mammo_core.errors import JobError
from mammo_core.jobs.file_errors import file_errors_as_job_error


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "The disk is full, so demo can't take requests. Make room and try again."),
        (
            errno.EROFS,
            "demo can't take requests. The file system is read-only. Choose a folder that can be written.",
        ),
        (
            errno.EACCES,
            "demo can't take requests. Permission denied. Check the folder's permissions, or choose another folder.",
        ),
    ],
)
def test_file_errors_as_job_error_names_the_cause_in_one_line(number, sentence):
    with pytest.raises(JobError) as raised, file_errors_as_job_error("demo"):
        raise OSError(number, os.strerror(number), "/patients/secret")
    assert str(raised.value) == sentence
