import errno
import os

import pytest

from mammo_core.errors import JobError, StorageError
from mammo_core.jobs.file_errors import describe_origin, file_errors_as_job_error
from mammo_core.storage.file_errors import storage_errors


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


def open_missing(path):
    with storage_errors():
        path.read_bytes()


def test_origin_names_functions_and_no_file(tmp_path):
    path = tmp_path / "patient-4711"
    with pytest.raises(StorageError) as caught:
        open_missing(path)
    origin = describe_origin(caught.value)
    assert "in open_missing" in origin
    assert "FileNotFoundError\n" in origin
    assert "A file or folder is missing" in origin
    assert "patient-4711" not in origin


def test_origin_keeps_the_text_of_the_core_alone():
    assert describe_origin(ValueError("invalid literal: 'Doe^Jane'")) == "ValueError\n"
    assert describe_origin(JobError("The job has ended.")).endswith("JobError: The job has ended.\n")
