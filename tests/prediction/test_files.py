import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from builders.archives import zipped
from builders.breasts import picture
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.dicom.write import Header, dicom_bytes
from mammo_core.errors import ImageError, MammoError
from mammo_core.prediction.decode import decode_image, read_picture
from mammo_core.prediction.files import find_files, unpack
from mammo_core.preprocess import PreprocessingConfig


def test_find_files_searches_folders_and_raises_if_empty_or_missing(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("x.dcm", "a/b/y", "a/1.2.840.113619.2.5", "a/notes.txt", ".hidden", "DICOMDIR"):
        (tmp_path / name).write_bytes(b"")
    assert [Path(name).name for name, _ in find_files([tmp_path])] == ["1.2.840.113619.2.5", "y", "x.dcm"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(MammoError, match="no files in what was given"):
        find_files([tmp_path / "empty"])
    with pytest.raises(MammoError, match="no file or folder"):
        find_files([tmp_path / "nowhere"])


def test_unpack_zip_from_disk_and_memory(tmp_path):
    data = zipped({"exam/1": b"one", "exam/2": b"two", "exam/readme_txt": b""})
    (tmp_path / "exam.zip").write_bytes(data)
    inside = [("exam/1", b"one"), ("exam/2", b"two"), ("exam/readme_txt", b"")]
    with Sandbox() as sandbox:
        files, problems, notes = unpack(find_files([tmp_path / "exam.zip"]), sandbox)
        assert ([(name, member.unpack()) for name, member in files], problems, notes) == (inside, {}, {})
        files, problems, _ = unpack(
            [("exam.ZIP", data), ("z", b"three"), ("bad.zip", b"no zip"), ("none.zip", zipped({}))], sandbox
        )
    assert [(name, member.unpack()) for name, member in files[:3]] == inside
    assert files[3:] == [("z", b"three")]
    assert list(problems) == ["bad.zip", "none.zip"]
    assert problems["none.zip"] == "This zip file holds no files."
    assert "damaged or of an unknown kind" in problems["bad.zip"]


def test_unpack_skips_files_that_cannot_be_images_and_warns(tmp_path):
    data = zipped({"DICOMDIR": b"x", "viewer/run": b"image"})
    with zipfile.ZipFile(tmp_path / "cd.zip", "w") as archive:
        for name in ("DICOMDIR", "autorun.inf", "JPG/1.JPG", "in.zip", "images/1"):
            archive.writestr(name, data)
    with Sandbox() as sandbox:
        files, problems, notes = unpack([("cd.zip", tmp_path / "cd.zip")], sandbox)
        assert problems == {}
        assert unpack([("notes.zip", zipped({"DICOMDIR": b"x"}))], sandbox)[1] == {
            "notes.zip": "1 of 1 files in it can't be mammograms by their names (DICOMDIR) and were left out."
        }
    assert [(name, member.unpack()) for name, member in files] == [("images/1", data)]
    assert notes == {
        "cd.zip": "4 of 5 files in it can't be mammograms by their names (.inf, .jpg, .zip, DICOMDIR) and were left out. "
        "Unpack the zip files in it first."
    }


def test_upload_contains_no_patient_identifier(phantoms):
    file = next(path for path in sorted(phantoms.glob("train_images/*/*.dcm")))
    with Sandbox() as sandbox:
        upload = sandbox.run(decode_image, file.read_bytes(), "name", PreprocessingConfig(), bytes(32))
        with pytest.raises(ImageError, match="isn't a DICOM file"):
            sandbox.run(decode_image, b"letter" * 100, "name", PreprocessingConfig(), bytes(32))
    assert upload.patient != file.parent.name
    assert len(upload.patient) == 12
    assert "PatientID" not in upload.tags
    assert len(upload.instance) == 12


def test_upload_same_pixels_with_other_window_has_same_digest():
    pixels = np.round(picture(400, 300)).astype(np.uint16)
    header = Header(patient="7", image="70", laterality="L", view="CC")
    narrow, other = replace(header, windows=((1500.0, 1500.0),)), replace(header, image="71")
    first, second, third = (
        decode_image(dicom_bytes(pixels, one), "a", PreprocessingConfig(), bytes(32)) for one in (header, narrow, other)
    )
    assert first.digest == second.digest == third.digest
    assert not np.array_equal(first.picture, second.picture)
    assert first.instance == second.instance != third.instance


def test_read_picture_has_full_resolution_and_requested_window():
    pixels = np.round(picture(400, 300)).astype(np.uint16)
    data = dicom_bytes(pixels, Header(patient="7", image="70", laterality="L", view="CC"))
    wide, narrow = read_picture(data, None), read_picture(data, (49.0, 51.0))
    assert wide.shape == narrow.shape == (400, 300)
    assert np.unique(narrow).size < np.unique(wide).size
