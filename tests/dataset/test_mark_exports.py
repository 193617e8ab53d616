"""Reports of a data set's marks: one for each reader and image; what can't be in one is counted."""

import io
import zipfile

import pytest
from pydicom import dcmread

from builders.marks import draw
from mammo_core.dataset.catalogue import Catalogue, read_catalogue
from mammo_core.dataset.library import describe_source
from mammo_core.dataset.mark_exports import MarkReports, make_mark_reports, write_mark_reports, zip_mark_reports
from mammo_core.dataset.marks import read_marks
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.errors import DataError
from mammo_core.storage.path_text import text_path


@pytest.fixture
def reports(prepared) -> tuple[Catalogue, MarkReports]:
    """Reports of five marks: three on one image, by two readers; one on another; one on an image without a file."""
    catalogue = read_catalogue(prepared.data / "demo")
    there = catalogue.table.loc[catalogue.table["file"].notna(), "image_id"].tolist()
    missing = catalogue.table.loc[catalogue.table["file"].isna(), "image_id"].iloc[0]
    for number, (image, author) in enumerate(
        [(there[0], "Ann"), (there[1], "Ann"), (there[0], "Bob"), (there[0], "Ann"), (missing, "Ann")]
    ):
        draw(prepared, catalogue, number, image, author)
    with Sandbox(1) as sandbox:
        return catalogue, make_mark_reports(
            catalogue, read_marks(prepared, describe_source(prepared, catalogue)), sandbox
        )


@pytest.mark.slow
def test_reports_have_the_marks_of_one_reader_on_one_image(reports, tmp_path):
    catalogue, made = reports
    made_of = [dcmread(io.BytesIO(data)) for data in made.files.values()]
    assert list(made.files) == ["marks-0001.dcm", "marks-0002.dcm", "marks-0003.dcm"]
    counts = sorted(str(one).count("Measurement Group") for one in made_of)
    assert counts == [1, 1, 2]
    image = dcmread(text_path(catalogue.table["file"].dropna().iloc[0]), stop_before_pixels=True)
    assert sum(one.StudyInstanceUID == image.StudyInstanceUID for one in made_of) >= 2
    assert made.notes == ("Not in a report: 1 marks. The file isn't there.",)
    write_mark_reports(made, tmp_path / "new" / "reports")
    assert sorted(path.name for path in (tmp_path / "new" / "reports").iterdir()) == list(made.files)
    with pytest.raises(DataError, match="isn't empty"):
        write_mark_reports(made, tmp_path / "new" / "reports")
    with zipfile.ZipFile(io.BytesIO(zip_mark_reports(made))) as archive:
        assert archive.namelist() == [*made.files, "notes.txt"]
        assert archive.read("marks-0001.dcm") == made.files["marks-0001.dcm"]


def test_archive_without_reports_says_why():
    note = "Not in a report: 1 marks. The file isn't there."
    with zipfile.ZipFile(io.BytesIO(zip_mark_reports(MarkReports({}, (note,))))) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == {"notes.txt": f"{note}\n"}
