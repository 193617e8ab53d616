import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from pydicom import uid

from builders.archives import zipped
from builders.breasts import breast
from builders.dicom import NATIVE, build_dicom
from mammo_core.dicom import header
from mammo_core.dicom.read import read
from mammo_core.errors import ImageError
from mammo_core.settings import settings

DEFLATED = uid.DeflatedExplicitVRLittleEndian


@pytest.fixture
def limits(monkeypatch):
    """A function that sets MAMMO_… variables for this test."""

    def use(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"MAMMO_{name.upper()}", str(value))
        settings.cache_clear()

    yield use
    monkeypatch.undo()
    settings.cache_clear()


def refused(source: bytes | Path) -> ImageError:
    with pytest.raises(ImageError) as caught:
        read(source)
    return caught.value


@pytest.mark.parametrize("data", [b"", b"DICM", b"\0" * 200, b"PK\x03\x04" + b"\0" * 400, b"\x89PNG" * 60])
def test_read_other_file_types_raise_not_dicom(data):
    assert refused(data).reason == "not_dicom"


def test_read_missing_file_or_folder_raises_image_error(tmp_path):
    assert refused(tmp_path / "gone.dcm").reason == "missing"
    assert refused(tmp_path).reason == "missing"


def test_read_path_equals_bytes(tmp_path):
    (tmp_path / "image").write_bytes(build_dicom(breast()))
    assert np.array_equal(read(tmp_path / "image").pixels, read(build_dicom(breast())).pixels)


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.JPEG2000Lossless, DEFLATED])
def test_parse_keeps_only_allowed_elements(syntax):
    data = build_dicom(breast(), syntax, PatientName="Doe^Jane", PatientBirthDate="19600101", AccessionNumber="77")
    dataset, parsed_syntax, _ = header.parse(io.BytesIO(data))
    assert parsed_syntax == syntax
    assert "PatientName" not in dataset
    assert "PatientBirthDate" not in dataset
    assert "AccessionNumber" not in dataset
    assert dataset.PatientID == "10042"


def test_parse_stops_before_pixel_data():
    data = build_dicom(breast())
    _, _, stream = header.parse(io.BytesIO(data))
    assert stream.tell() == data.index(b"\xe0\x7f\x10\x00")


def test_check_returns_the_values_of_the_header():
    checked = header.check(
        *header.parse(io.BytesIO(build_dicom(breast(), bits=10, PhotometricInterpretation="MONOCHROME1")))
    )
    assert (checked.rows, checked.columns, checked.frames) == (96, 72, 1)
    assert (checked.allocated, checked.bits, checked.high, checked.signed, checked.inverted) == (16, 10, 9, False, True)
    assert checked.length == 2 * 96 * 72


def test_read_file_over_size_limit_raises_too_large(limits, tmp_path):
    limits(max_file_bytes=1000)
    assert refused(build_dicom(breast())).reason == "too_large"
    (tmp_path / "image.dcm").write_bytes(build_dicom(breast()))
    assert refused(tmp_path / "image.dcm").reason == "too_large"


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.JPEG2000Lossless, uid.JPEGLSLossless])
def test_read_image_over_megapixel_limit_raises_too_large(syntax):
    error = refused(build_dicom(breast(), syntax, Rows=20_000, Columns=20_000))
    assert error.reason == "too_large"
    assert error.message == "The image has 400 megapixels; at most 100 are decoded."


def test_read_megapixel_limit_is_configurable(limits):
    limits(max_megapixels=0.005)
    assert refused(build_dicom(breast())).reason == "too_large"


def test_read_image_that_is_only_shown_has_a_limit_of_its_own_and_a_note(limits):
    limits(max_megapixels=0.005)
    mammogram = read(build_dicom(breast()), 16, only_shown=True)
    assert (mammogram.source_rows, mammogram.source_columns, mammogram.reduction) == (96, 72, 1)
    assert mammogram.notes == (
        "The image has 0 megapixels and is shown at reduced resolution; at most 0.005 are read by models.",
    )
    limits(max_shown_megapixels=0.006)
    with pytest.raises(ImageError, match=r"at most 0\.006 are shown\.") as error:
        read(build_dicom(breast()), 16, only_shown=True)
    assert error.value.reason == "too_large"
    limits(max_megapixels=1)
    assert read(build_dicom(breast()), 16, only_shown=True).notes == ()  # as high as for models at least


def test_read_deflated_bomb_raises_too_large(limits):
    limits(max_megapixels=1)
    data = build_dicom(breast(), DEFLATED)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = data[: meta_end(data)] + packer.compress(bytes(50_000_000)) + packer.flush()
    assert len(bomb) < 60_000
    assert refused(bomb).reason == "too_large"


def meta_end(data: bytes) -> int:
    """Where the file meta information ends, by its group length (0002,0000)."""
    return 144 + int.from_bytes(data[140:144], "little")


def test_read_deflated_file_allows_only_a_gzip_checksum_after_it():
    data, packer = build_dicom(breast(), DEFLATED), zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = packer.decompress(data[meta_end(data) :])
    data = data[: len(data) - len(packer.unused_data)]
    checksum = zlib.crc32(inflated).to_bytes(4, "little") + len(inflated).to_bytes(4, "little")
    assert np.array_equal(read(data).pixels, breast())
    assert np.array_equal(read(data + checksum).pixels, breast())
    assert "follows its deflated data" in refused(data + b"nonsense").message
    assert "follows its deflated data" in refused(data + checksum + b"x").message
    assert "no end" in refused(data[:-9]).message


@pytest.mark.parametrize(
    ("elements", "reason", "words"),
    [
        ({"Rows": None}, "damaged", "lacks Rows"),
        ({"Rows": 0}, "damaged", "impossible number"),
        ({"BitsAllocated": None}, "damaged", "lacks BitsAllocated"),
        ({"BitsStored": None}, "damaged", "lacks BitsStored"),
        ({"BitsStored": 17}, "damaged", "contradicts itself"),
        ({"HighBit": 10}, "damaged", "contradicts itself"),
        ({"BitsAllocated": 64}, "unsupported", "64 bits"),
        ({"NumberOfFrames": 20_000}, "damaged", "impossible number"),
        ({"PhotometricInterpretation": None}, "damaged", "lacks PhotometricInterpretation"),
        ({"RescaleSlope": 0}, "damaged", "slope"),
        ({"RescaleIntercept": 1e300}, "damaged", "slope or intercept"),
    ],
)
def test_read_inconsistent_header_raises_image_error(elements, reason, words):
    error = refused(build_dicom(breast(), **elements))
    assert error.reason == reason
    assert words in error.message


@pytest.mark.parametrize("syntax", NATIVE)
def test_read_truncated_header_raises_image_error(syntax):
    complete = build_dicom(breast(32, 24), syntax)
    end = complete.find(b"\xe0\x7f\x10\x00")
    for cut in range(140, end if end > 0 else len(complete) - 1, 17):
        assert refused(complete[:cut]).reason in ("damaged", "not_mammogram")


def test_read_unsupported_transfer_syntax_names_only_standard_ones():
    data = build_dicom(breast(), uid.JPEG2000Lossless)
    jpip = refused(data.replace(uid.JPEG2000Lossless.encode(), b"1.2.840.10008.1.2.4.94"))
    private = refused(data.replace(uid.JPEG2000Lossless.encode(), b"1.2.3.4.5.6.7.8.9.10.1"))
    assert (jpip.reason, private.reason) == ("unsupported", "unsupported")
    assert "JPIP Referenced" in jpip.message
    assert private.message == "The transfer syntax that this file names isn't supported."


def test_read_float_pixels_raises_unsupported():
    data = build_dicom(breast(), PixelData=None, FloatPixelData=breast().astype("<f4").tobytes(), BitsAllocated=32)
    assert refused(data).reason == "unsupported"


def test_read_file_without_permission_is_not_reported_missing(tmp_path, monkeypatch):
    (tmp_path / "image.dcm").write_bytes(build_dicom(breast()))

    def fail(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", fail)
    assert refused(tmp_path / "image.dcm").reason == "damaged"


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.JPEGLosslessSV1])
def test_read_file_without_preamble(syntax):
    file = build_dicom(breast(), syntax)
    assert np.array_equal(read(file[132:]).pixels, read(file).pixels)


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
def test_read_data_set_without_file_meta(syntax):
    file = build_dicom(breast(), syntax, SOPClassUID=uid.DigitalXRayImageStorageForPresentation)
    start = file.index(b"\x08\0\x16\0")
    assert np.array_equal(read(file[start:]).pixels, read(file).pixels)


def test_read_number_of_frames_0_is_one_frame():
    assert np.array_equal(read(build_dicom(breast(), NumberOfFrames=0)).pixels, breast())


def test_read_lower_case_monochrome1_is_inverted():
    capital, small = (
        read(build_dicom(breast(), PhotometricInterpretation=name)) for name in ("MONOCHROME1", "monochrome1")
    )
    assert np.array_equal(capital.pixels, small.pixels)


@pytest.mark.parametrize("patient", ["removed", "Anonymized", "0", "ANONYMOUS"])
def test_read_placeholder_patient_id_is_none(patient):
    assert read(build_dicom(breast(), PatientID=patient)).patient is None


def test_read_zip_archive_under_another_name_is_called_so():
    with pytest.raises(ImageError, match=r"^This is a zip archive\. Give it a name that ends in \.zip") as caught:
        read(zipped({"1.dcm": build_dicom(breast())}))
    assert caught.value.reason == "not_dicom"
