import io
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest

from builders.archives import tarred, zipped
from mammo_core.dicom import archive
from mammo_core.dicom.read import read
from mammo_core.dicom.write import Header, dicom_bytes
from mammo_core.errors import ImageError
from mammo_core.settings import settings


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setenv("MAMMO_MAX_FILE_BYTES", "100000")
    settings.cache_clear()
    yield
    settings.cache_clear()


def contents(data: bytes) -> list[tuple[str, bytes]]:
    return [(member.name, member.cut(data).unpack()) for member in archive.members(data)]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_skip_hidden_files_and_folders(tmp_path, method):
    files = {"a/1.dcm": b"one" * 99, "a/": b"", "__MACOSX/a/._1.dcm": b"x", "a/.DS_Store": b"x", "2": b"two", "e": b""}
    data = zipped(files, method)
    (tmp_path / "exam.zip").write_bytes(b"in front" + data)  # as in an archive that unpacks itself
    expected = [("a/1.dcm", b"one" * 99), ("2", b"two"), ("e", b"")]
    assert contents(data) == expected
    path = tmp_path / "exam.zip"
    assert [(member.name, member.cut(path).unpack()) for member in archive.members(path)] == expected


def test_read_zip_member_equals_file(tmp_path):
    file = dicom_bytes(np.arange(1200, dtype=np.uint16).reshape(40, 30), Header("7", "70", "L", "CC"))
    data = zipped({"image": file})
    (member,) = archive.members(data)
    assert np.array_equal(read(member.cut(data)).pixels, read(file).pixels)


def test_members_of_a_non_zip_raises_image_error():
    with pytest.raises(ImageError, match="damaged or of an unknown kind"):
        archive.members(b"no zip")


def test_unreadable_zip_member_leaves_others_readable():
    stream = io.BytesIO(zipped({"a": b"one"}))
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_LZMA) as archive_:
        archive_.writestr("b", b"two" * 99)
    first, second = archive.members(stream.getvalue())
    assert first.cut(stream.getvalue()).unpack() == b"one"
    with pytest.raises(ImageError, match="encrypted within its zip file, or compressed in an unusual way"):
        second.cut(stream.getvalue()).unpack()


@pytest.mark.parametrize("position", [2, 30, 45, 60])
def test_damaged_zip_raises_image_error(position):
    data = bytearray(zipped({"a": bytes(range(256)) * 20}))
    data[position : position + 12] = b"\xff" * 12
    with pytest.raises(ImageError):
        contents(bytes(data))


def test_zip_bomb_raises_image_error(small):
    data = zipped({"a": b"0" * 100_001})
    (member,) = archive.members(data)
    with pytest.raises(ImageError, match=r"inflates to 0\.1 MB; at most 0\.1 MB are read"):
        read(member.cut(data))


def overlapping(count: int) -> bytes:
    """Return a zip file whose directory lists one member many times."""
    data = zipped({"0000": b"one" * 99})
    directory, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entry = data[directory:end]
    entries = b"".join(entry.replace(b"0000", f"{number:04d}".encode()) for number in range(count))
    tail = struct.pack("<4s4xHHIIH", b"PK\x05\x06", count, count, len(entries), directory, 0)
    return data[:directory] + entries + tail


def test_zip_with_overlapping_members_raises_image_error():
    assert len(archive.members(overlapping(1))) == 1
    with pytest.raises(ImageError, match="overlap") as caught:
        archive.members(overlapping(2))
    assert caught.value.reason == "damaged"


def test_zip_with_partly_overlapping_members_raises_image_error():
    inner = zipped({"b": b"two" * 99}, zipfile.ZIP_STORED)
    data = bytearray(zipped({"a": inner, "b": b"two" * 99}, zipfile.ZIP_STORED))
    second = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, second + 42, data.index(inner))  # the second member lies within the first
    with pytest.raises(ImageError, match="overlap"):
        archive.members(bytes(data))


def test_zip_whose_members_sum_up_raises_image_error(small):
    sound = zipped({str(number): b"0" * 50_000 for number in range(2)})
    assert len(archive.members(sound)) == 2
    with pytest.raises(ImageError, match=r"inflate to 1\.2 MB; at most 0\.\d MB are read"):
        archive.members(zipped({str(number): b"0" * 60_000 for number in range(20)}))


def test_members_in_memory_share_the_archive_and_pickle_only_their_own_bytes():
    data = zipped({str(number): os.urandom(5000) for number in range(100)})
    cut = [member.cut(data) for member in archive.members(data)]
    assert all(member.source is data for member in cut)
    assert all(len(pickle.dumps(member)) < 5500 for member in cut)
    assert [pickle.loads(pickle.dumps(member)).unpack() for member in cut] == [member.unpack() for member in cut]


@pytest.mark.parametrize("announced", [0, 100, 59_999, 60_001])
def test_zip_member_of_wrong_size_raises_image_error(announced):
    data = zipped({"a": b"0" * 60_000})
    (member,) = archive.members(data)
    with pytest.raises(ImageError, match="damaged within its zip file"):
        member._replace(size=announced).cut(data).unpack()


def test_zip_with_too_many_files_raises_image_error():
    with pytest.raises(ImageError, match="holds 10,001 files"):
        archive.members(zipped({str(n): b"" for n in range(10_001)}))


def test_members_of_a_tar_are_its_visible_files(tmp_path):
    data = tarred({"a/1.dcm": b"one" * 999, "a/._1.dcm": b"x", "2": b"two", "e": b""})
    expected = [("a/1.dcm", b"one" * 999), ("2", b"two"), ("e", b"")]
    assert contents(data) == expected
    path = tmp_path / "exam.tar"
    path.write_bytes(data)
    assert [(member.name, member.cut(path).unpack()) for member in archive.members(path)] == expected


def test_member_of_a_tar_that_is_cut_off_is_damaged():
    data = tarred({"1": b"one" * 999})
    (member,) = archive.members(data)
    with pytest.raises(ImageError, match="damaged within its"):
        member.cut(data[:2000]).unpack()


def test_tar_with_damaged_header_or_too_many_files_raises_image_error(monkeypatch):
    data = tarred({"1": b"one", "2": b"two"})
    with pytest.raises(ImageError, match="damaged"):
        archive.members(data[:148] + b"\xff" * 8 + data[156:])
    monkeypatch.setattr(archive, "MAX_FILES", 3)
    with pytest.raises(ImageError, match="holds too many files; at most 3 are read"):
        archive.members(data)


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_members_of_an_archive_made_on_windows_have_slashes(pack):
    names = ["Doe_Jane\\", "Doe_Jane\\11651\\1.dcm", "Doe_Jane\\.DS_Store", "__MACOSX\\1.dcm"]
    assert [member.name for member in archive.members(pack(dict.fromkeys(names, b"x")))] == ["Doe_Jane/11651/1.dcm"]
