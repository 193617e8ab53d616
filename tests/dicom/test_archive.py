import io
import zipfile

import pytest
from dicom_files import breast, build

from mammo_core.dicom import read
from mammo_core.dicom.archive import member, names
from mammo_core.errors import ImageError
from mammo_core.settings import settings


def packed(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def test_files_are_listed_and_read(tmp_path):
    data = packed(**{"exam/a.dcm": build(breast()), "exam/": b"", "__MACOSX/a.dcm": b"x", "exam/.hidden": b"x"})
    assert names(data) == ["exam/a.dcm"]
    assert read(member(data, "exam/a.dcm")).pixels.shape == (96, 72)
    (tmp_path / "exam.zip").write_bytes(data)
    assert member(tmp_path / "exam.zip", "exam/a.dcm") == build(breast())


def test_what_a_file_inflates_to_is_bounded(monkeypatch):
    monkeypatch.setenv("MAMMO_MAX_FILE_BYTES", "1000000")
    settings.cache_clear()
    data = packed(bomb=bytes(5_000_000), good=b"good")
    with pytest.raises(ImageError) as caught:
        member(data, "bomb")
    settings.cache_clear()
    assert caught.value.reason == "too_large"
    assert member(data, "good") == b"good"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04" + bytes(60), packed(a=b"1" * 500)[:-40]])
def test_other_things_are_refused(data):
    with pytest.raises(ImageError) as caught:
        names(data)
    assert caught.value.reason == "damaged"


def test_a_damaged_or_absent_file_is_refused():
    data = bytearray(packed(a=bytes(range(256)) * 20))
    data[60] ^= 0xFF
    with pytest.raises(ImageError, match="damaged"):
        member(bytes(data), "a")
    with pytest.raises(ImageError, match="damaged"):
        member(packed(a=b"1"), "b")


def test_too_many_files_are_refused(monkeypatch):
    monkeypatch.setattr("mammo_core.dicom.archive.MOST_FILES", 2)
    with pytest.raises(ImageError) as caught:
        names(packed(a=b"1", b=b"2", c=b"3"))
    assert caught.value.reason == "too_large"
