import io
import zipfile
from pathlib import Path

import pytest

from mammo_core.dicom.sandbox import Sandbox
from mammo_core.errors import ImageError, MammoError
from mammo_core.preprocess import Contract
from mammo_core.settings import settings
from mammo_core.uploads import find_files, read_upload, unpack


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return stream.getvalue()


def test_folders_are_searched_and_nothing_found_is_said(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("x.dcm", "a/b/y", "a/notes.txt", ".hidden"):
        (tmp_path / name).write_bytes(b"")
    assert [Path(name).name for name, _ in find_files([tmp_path])] == ["y", "x.dcm"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(MammoError, match="no DICOM files"):
        find_files([tmp_path / "empty"])
    with pytest.raises(MammoError, match="no file or folder"):
        find_files([tmp_path / "nowhere"])


def test_zip_files_are_unpacked_from_disk_and_from_memory(tmp_path):
    data = zipped(exam__1=b"one", exam__2=b"two")
    (tmp_path / "exam.zip").write_bytes(data)
    assert find_files([tmp_path / "exam.zip"]) == [("exam/1", b"one"), ("exam/2", b"two")]
    assert unpack([("exam.zip", data), ("z", b"three")]) == [("exam/1", b"one"), ("exam/2", b"two"), ("z", b"three")]


def test_a_zip_that_is_none_is_left_to_the_reader():
    assert unpack([("x.zip", b"no zip")]) == [("x.zip", b"no zip")]


def test_a_damaged_zip_is_one_sentence():
    data = bytearray(zipped(a=b"a" * 5000))
    data[40:60] = b"x" * 20
    with pytest.raises(MammoError, match="can't be unpacked"):
        unpack([("x.zip", bytes(data))])


def test_a_zip_bomb_is_refused(monkeypatch):
    monkeypatch.setenv("MAMMO_MAX_FILE_BYTES", "100000")
    settings.cache_clear()
    try:
        with pytest.raises(MammoError, match="more than 0 MB"):
            unpack([("x.zip", zipped(a=b"0" * 60_000, b=b"0" * 60_000))])
    finally:
        settings.cache_clear()


def test_an_upload_carries_no_identifier(phantoms):
    file = next(path for path in sorted(phantoms.glob("train_images/*/*.dcm")))
    with Sandbox() as sandbox:
        upload = sandbox.run(read_upload, file.read_bytes(), "name", Contract())
        with pytest.raises(ImageError, match="isn't a DICOM file"):
            sandbox.run(read_upload, b"letter" * 100, "name", Contract())
    assert upload.patient != file.parent.name
    assert len(upload.patient) == 8
    assert "PatientID" not in upload.tags
