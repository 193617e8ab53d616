import gzip

import numpy as np
import pytest

from builders.archives import tarred
from builders.dicom import build_dicom
from mammo_core.dicom.read import read
from mammo_core.errors import ImageError
from mammo_core.settings import settings

PIXELS = np.arange(64, dtype=np.uint16).reshape(8, 8)
FILE = build_dicom(PIXELS)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setenv("MAMMO_MAX_FILE_BYTES", "100000")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize(
    "compressed", [gzip.compress(FILE), gzip.compress(FILE[:99]) + gzip.compress(FILE[99:])], ids=["one", "two members"]
)
def test_read_gzip_file_equals_the_file(tmp_path, compressed):
    (tmp_path / "1.dcm.gz").write_bytes(compressed)
    assert np.array_equal(read(tmp_path / "1.dcm.gz").pixels, read(FILE).pixels)
    assert np.array_equal(read(compressed).pixels, read(FILE).pixels)


@pytest.mark.parametrize(
    ("data", "reason", "message"),
    [
        (gzip.compress(FILE)[:-20], "damaged", "damaged within its gzip file"),
        (b"\x1f\x8b" + b"x" * 99, "damaged", "damaged within its gzip file"),
        (gzip.compress(bytes(200_000)), "too_large", "inflates to more than 0.1 MB"),
        (gzip.compress(b"no image"), "not_dicom", "isn't a DICOM file"),
        (tarred({"1": FILE}, "w:gz"), "unsupported", "a packed tar archive"),
    ],
    ids=["cut off", "no gzip data", "too large", "no DICOM", "tar"],  # the bytes hold the time
)
def test_read_gzip_file_damaged_large_or_other_raises_image_error(small, data, reason, message):
    with pytest.raises(ImageError, match=message) as raised:
        read(data)
    assert raised.value.reason == reason
