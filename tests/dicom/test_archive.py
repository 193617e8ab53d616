import io
import zipfile

import pytest

from mammo_core.dicom import archive
from mammo_core.errors import ImageError
from mammo_core.settings import settings


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in members.items():
            target.writestr(name, data)
    return stream.getvalue()


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setenv("MAMMO_MAX_FILE_BYTES", "100000")
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_files_are_found_and_hidden_ones_are_not(tmp_path):
    data = zipped({"a/1.dcm": b"one", "a/": b"", "__MACOSX/a/._1.dcm": b"x", "a/.DS_Store": b"x", "2": b"two"})
    (tmp_path / "exam.zip").write_bytes(data)
    assert archive.members(data) == archive.members(tmp_path / "exam.zip") == [("a/1.dcm", b"one"), ("2", b"two")]


def test_what_is_no_zip_file_is_one_sentence():
    with pytest.raises(ImageError, match="damaged, encrypted or of an unknown kind"):
        archive.members(b"no zip")


@pytest.mark.parametrize("place", [2, 30, 45, 60])
def test_damage_is_one_sentence_or_does_no_harm(place):
    data = bytearray(zipped({"a": bytes(range(256)) * 20}))
    data[place : place + 12] = b"\xff" * 12
    with pytest.raises(ImageError):
        archive.members(bytes(data))


def test_a_bomb_is_not_inflated_beyond_the_limit(small):
    with pytest.raises(ImageError, match="inflates beyond its limit"):
        archive.members(zipped({"a": b"0" * 60_000, "b": b"0" * 60_000}))


def test_too_many_files_are_refused():
    with pytest.raises(ImageError, match="holds 10,001 files"):
        archive.members(zipped({str(n): b"" for n in range(10_001)}))
