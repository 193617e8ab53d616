from pathlib import Path

import numpy as np
import pytest

from builders.dicom import build_dicom
from mammo_core.dataset.catalogue import read_catalogue

HEADER = "patient_id,image_id,laterality,view"
PIXELS = np.zeros((4, 4), np.uint16)


def files_of(root, *rows, header=HEADER):
    """Return the file of each row of a table, relative to its folder."""
    (root / "train.csv").write_text("\n".join((header, *rows)) + "\n")
    table = read_catalogue(root).table
    return [None if not isinstance(file, str) else str(Path(file).relative_to(root)) for file in table["file"]]


def write_file(path, data=b"x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_find_image_files_patients_folders_that_are_links_are_followed(tmp_path):
    write_file(tmp_path / "elsewhere" / "a" / "1.dcm")
    root = tmp_path / "data"
    (root / "train_images").mkdir(parents=True)
    (root / "train_images" / "10").symlink_to(tmp_path / "elsewhere" / "a")
    (root / "train_images" / "up").symlink_to(root)  # in a circle
    (root / "train_images" / "11").symlink_to(tmp_path / "nowhere")
    assert files_of(root, "10,1,L,CC", "11,2,L,CC") == ["train_images/10/1.dcm", None]


@pytest.mark.slow
@pytest.mark.parametrize(
    "listed",
    [
        "a/b/1-1.dcm",
        "a\\b\\1-1.dcm",
        "/home/somebody/collection/a/b/1-1.dcm",
        "a/2020-study/series/000000.dcm",  # as CBIS-DDSM's tables, of which the first folder is true
    ],
)
def test_find_image_files_by_the_tables_own_column_of_paths(tmp_path, listed):
    write_file(tmp_path / "a" / "b" / "1-1.dcm")
    write_file(tmp_path / "c" / "b" / "1-1.dcm")
    header = f"{HEADER},image file path"
    assert files_of(tmp_path, f"10,x,L,CC,{listed}", "10,y,L,CC,", header=header) == ["a/b/1-1.dcm", None]


def test_find_image_files_in_a_tree_by_the_series_that_is_the_image_id(tmp_path):
    for series in ("1.2.7", "1.2.8"):
        write_file(tmp_path / "collection" / "P1" / "study" / "x" / series / "1-1.dcm")
    write_file(tmp_path / "collection" / "P1" / "study" / "x" / "1.2.9" / "1-1.dcm")
    write_file(tmp_path / "collection" / "P1" / "study" / "x" / "1.2.9" / "1-2.dcm")
    files = files_of(tmp_path, "P1,1.2.7,L,CC", "P1,1.2.8,R,CC", "P1,1.2.9,R,MLO")
    assert files == ["collection/P1/study/x/1.2.7/1-1.dcm", "collection/P1/study/x/1.2.8/1-1.dcm", None]


def test_find_image_files_by_sop_instance_uid(tmp_path):
    for number in (1, 2):
        data = build_dicom(PIXELS, SOPInstanceUID=f"1.2.840.{number}")
        write_file(tmp_path / "c" / "P" / "study" / f"series{number}" / "1-1.dcm", data)
    write_file(tmp_path / "c" / "P" / "study" / "series3" / "1-1.dcm", b"no DICOM")
    files = files_of(tmp_path, "10,1.2.840.2,L,CC", "10,1.2.840.1,R,CC", "10,1.2.840.3,R,CC")
    assert files == ["c/P/study/series2/1-1.dcm", "c/P/study/series1/1-1.dcm", None]


@pytest.mark.slow
def test_find_image_files_by_patient_side_and_view_where_one_file_fits(tmp_path):
    views = [("L", "CC"), ("R", "CC"), ("R", "MLO"), ("R", "MLO")]
    for number, (side, view) in enumerate(views):
        data = build_dicom(PIXELS, SOPInstanceUID=f"1.{number + 1}", ImageLaterality=side, ViewPosition=view)
        write_file(tmp_path / "tree" / f"{number}.dcm", data)
    files = files_of(tmp_path, "10042,a,L,CC", "10042,b,R,CC", "10042,c,R,MLO", "99,d,L,CC")
    assert files == ["tree/0.dcm", "tree/1.dcm", None, None]


def test_find_image_files_headers_are_not_read_where_names_suffice(tmp_path, monkeypatch):
    from mammo_core.dataset import image_files

    monkeypatch.setattr(image_files, "read_identities", lambda *_: pytest.fail("read a header"))
    write_file(tmp_path / "train_images" / "10" / "1.dcm")
    assert files_of(tmp_path, "10,1,L,CC", "10,2,R,CC") == ["train_images/10/1.dcm", None]


def test_find_image_files_first_file_of_each_patients_folder(tmp_path):
    for patient in ("10", "11"):
        write_file(tmp_path / "train_images" / patient / "1-1.dcm")
    assert files_of(tmp_path, "10,1-1,L,CC", "11,1-1,L,CC") == ["train_images/10/1-1.dcm", "train_images/11/1-1.dcm"]


@pytest.mark.slow
def test_find_image_files_in_a_tree_by_series_and_by_study_side_and_view(tmp_path):
    for number in (1, 2, 3):
        data = build_dicom(
            PIXELS, PatientID="P-a", SOPInstanceUID=f"1.9.{number}", SeriesInstanceUID=f"1.2.{number}",
            StudyInstanceUID=f"1.1.{number}", ImageLaterality="R", ViewPosition="CC",
        )  # fmt: skip
        write_file(tmp_path / "c" / "P-a" / f"study{number}" / "x" / "1-1.dcm", data)
        write_file(tmp_path / "c" / "P-a" / f"study{number}" / "x" / "notes.txt", b"")
    by_series = files_of(tmp_path, "P-a,1.2.2,R,CC", "P-a,1.2.7,R,MLO")
    assert by_series == ["c/P-a/study2/x/1-1.dcm", None]
    header = f"{HEADER},study_instance_uid"
    by_study = files_of(tmp_path, "P-a,x,R,CC,1.1.3", "P-a,y,R,CC,1.1.1", "P-a,z,L,CC,1.1.2", header=header)
    assert by_study == ["c/P-a/study3/x/1-1.dcm", "c/P-a/study1/x/1-1.dcm", None]


@pytest.mark.slow
def test_find_image_files_nothing_fits_says_what_is_expected(tmp_path):
    write_file(tmp_path / "c" / "P" / "study" / "series" / "1-1.dcm", build_dicom(PIXELS, PatientID="someone"))
    assert files_of(tmp_path, "10,a,L,CC") == [None]
    (note,) = read_catalogue(tmp_path).notes
    assert "Expected: <table>_images/<patient_id>/<image_id>.dcm beside the table" in note
