import os

import pytest

from mammo_core.dicom.opened_files import open_file, take_over


def test_open_file_reads_from_the_descriptor_that_was_handed_over(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"first")
    descriptor = os.open(path, os.O_RDONLY)
    take_over({str(path): descriptor})
    path.unlink()
    try:
        for _ in range(2):  # from its beginning each time
            with open_file(path) as stream:
                assert stream.read() == b"first"
    finally:
        take_over({})
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    with pytest.raises(FileNotFoundError):
        open_file(path)
