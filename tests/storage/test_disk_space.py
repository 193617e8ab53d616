import errno
import os

import pytest

from mammo_core.storage.disk_space import chain, format_bytes, is_disk_full

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def caused_by(cause: BaseException) -> BaseException:
    error = ValueError("outer")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (FULL, True),
        (caused_by(FULL), True),
        (RuntimeError(f"write failed: {os.strerror(errno.ENOSPC)}"), True),  # as HDF5 and TensorFlow report it
        (OSError(errno.EACCES, "denied"), False),
        (ValueError("other"), False),
    ],
)
def test_is_disk_full_recognises_code_text_and_causes(error, expected):
    assert is_disk_full(error) is expected


@pytest.mark.parametrize(("number", "text"), [(0, "0.0 MB"), (49_999, "0.0 MB"), (1_234_567_890, "1,234.6 MB")])
def test_format_bytes_gives_decimal_megabytes(number, text):
    assert format_bytes(number) == text


def test_chain_starts_with_the_error():
    error = caused_by(FULL)
    assert list(chain(error)) == [error, FULL]
    assert list(chain(None)) == []
