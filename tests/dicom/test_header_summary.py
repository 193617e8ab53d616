import pytest

from builders.breasts import breast
from builders.dicom import build_dicom
from mammo_core.dicom.header_summary import HeaderSummary, read_header
from mammo_core.errors import ImageError


def test_header_summary_of_a_file(tmp_path):
    file = build_dicom(breast(), PhotometricInterpretation="MONOCHROME1")
    expected = HeaderSummary(
        rows=96, columns=72, photometric="MONOCHROME1", bits=12, syntax="Explicit VR Little Endian"
    )
    assert read_header(file) == expected
    (tmp_path / "one.dcm").write_bytes(file)
    assert read_header(tmp_path / "one.dcm") == expected


def test_header_summary_without_pixels():
    complete = build_dicom(breast())
    assert read_header(complete[: -2 * 96 * 72]).rows == 96


def test_header_summary_of_invalid_file_raises_image_error(tmp_path):
    with pytest.raises(ImageError) as error:
        read_header(b"hello")
    assert error.value.reason == "not_dicom"
    with pytest.raises(ImageError) as error:
        read_header(tmp_path / "gone.dcm")
    assert error.value.reason == "missing"
    complete = build_dicom(breast())
    outcomes = set()
    for end in range(132, 700):
        try:
            outcomes.add(read_header(complete[:end]).rows)
        except ImageError as error:
            outcomes.add(error.reason)
    assert outcomes == {96, "damaged"}
