import io
import zipfile
from pathlib import Path

import pytest

from mammo_core.dicom.sandbox import Sandbox
from mammo_core.errors import ImageError, MammoError
from mammo_core.preprocess import Contract
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
    data = zipped(exam__1=b"one", exam__2=b"two", exam__readme_txt=b"")
    (tmp_path / "exam.zip").write_bytes(data)
    inside = [("exam/1", b"one"), ("exam/2", b"two"), ("exam/readme_txt", b"")]
    with Sandbox() as sandbox:
        assert unpack(find_files([tmp_path / "exam.zip"]), sandbox) == (inside, {})
        files, problems = unpack([("exam.ZIP", data), ("z", b"three"), ("bad.zip", b"no zip")], sandbox)
    assert files == [*inside, ("z", b"three")]
    assert list(problems) == ["bad.zip"]
    assert "damaged, encrypted or of an unknown kind" in problems["bad.zip"]


def test_an_upload_carries_no_identifier(phantoms):
    file = next(path for path in sorted(phantoms.glob("train_images/*/*.dcm")))
    with Sandbox() as sandbox:
        upload = sandbox.run(read_upload, file.read_bytes(), "name", Contract())
        with pytest.raises(ImageError, match="isn't a DICOM file"):
            sandbox.run(read_upload, b"letter" * 100, "name", Contract())
    assert upload.patient != file.parent.name
    assert len(upload.patient) == 8
    assert "PatientID" not in upload.tags
