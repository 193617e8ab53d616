import io
import logging
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom import data, uid
from pydicom.dataset import Dataset

from builders.breasts import breast, breast8
from builders.dicom import LOSSLESS, LOSSY, NATIVE, build_dicom
from mammo_core.dicom import header
from mammo_core.dicom.codecs import NATIVE as UNCOMPRESSED
from mammo_core.dicom.read import read
from mammo_core.dicom.stored import read_stored_values
from mammo_core.dicom.voi import Window
from mammo_core.errors import ImageError

SECRETS = ("Doe", "Jane", "MRN-77", "19610203", "20200304", "10042", "Clinic")
DICOMSDL = """
import sys, dicomsdl, numpy
numpy.save(sys.stdout.buffer, dicomsdl.open(sys.argv[1]).pixelData())
"""  # in a process of its own: it crashes on one of them
PERSON: dict[str, Any] = {
    "PatientName": "Doe^Jane",
    "PatientBirthDate": "19610203",
    "StudyDate": "20200304",
    "InstitutionName": "Clinic",
    "OtherPatientIDs": "MRN-77",
    "AccessionNumber": "MRN-77",
}

MAX_STEP = 4 / 255  # as the preprocessing asks for


def grey_files() -> list[Path]:
    """pydicom's own files that hold one grey frame: those that are installed with it, none from the network."""
    paths = [path for path in Path(data.__file__).parent.rglob("*") if path.is_file() and path.stat().st_size]
    return sorted(path for path in paths if path.read_bytes()[128:132] == b"DICM" and is_single_grey(path))


def is_single_grey(path: Path) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path, force=True)
    keys = ("Rows", "Columns", "BitsAllocated", "PixelData")
    complete = all(key in dataset for key in keys) and "TransferSyntaxUID" in dataset.file_meta
    frames = str(dataset.get("NumberOfFrames") or 1) if complete else "0"
    return frames == "1" and dataset.get("SamplesPerPixel") == 1


def others(path: Path) -> np.ndarray | None:
    """What pydicom makes of a file, else dicomsdl (modality values), else None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return pydicom.dcmread(path).pixel_array
        except (RuntimeError, ValueError, AttributeError):
            pass
    done = subprocess.run([sys.executable, "-c", DICOMSDL, str(path)], capture_output=True, check=False)
    return None if done.returncode else np.load(io.BytesIO(done.stdout[done.stdout.index(b"\x93NUMPY") :]))


def ours(path: Path) -> np.ndarray:
    with header.open_stream(path) as opened:
        return read_stored_values(header.check(*header.parse(opened)), strict=True).values


@pytest.mark.parametrize("path", grey_files(), ids=lambda path: path.name)
def test_stored_values_of_pydicom_files_equal_other_decoders(path):
    expected = others(path)
    if expected is None:
        with pytest.raises(ImageError) as caught:
            ours(path)
        assert caught.value.reason == "damaged"
    else:
        assert np.array_equal(ours(path), expected)


def test_pydicom_files_cover_the_transfer_syntaxes():
    syntaxes = {pydicom.dcmread(path).file_meta.TransferSyntaxUID for path in grey_files()}
    assert len(grey_files()) >= 20
    assert syntaxes >= {
        *UNCOMPRESSED,
        uid.RLELossless,
        uid.JPEG2000,
        uid.JPEG2000Lossless,
        uid.JPEGLSLossless,
        uid.JPEGLSNearLossless,
        uid.JPEGExtended12Bit,
    }


def outcome(path: Path) -> str:
    try:
        read(path)
    except ImageError as error:
        return error.reason
    return "read"


@pytest.mark.parametrize("path", grey_files(), ids=lambda path: path.name)
def test_read_pydicom_files_succeeds_or_raises_image_error(path):
    reason = outcome(path)
    assert reason in ("read", "not_mammogram", "damaged")
    dataset = pydicom.dcmread(path)
    foreign = str(dataset.get("Modality") or "OT") not in ("OT", "CR") or bool(dataset.get("BodyPartExamined"))
    assert (reason == "not_mammogram") == foreign


@pytest.mark.parametrize("syntax", [*NATIVE, *LOSSLESS])
def test_read_lossless_syntaxes_give_identical_pixels(syntax):
    mammogram = read(build_dicom(breast(), syntax))
    assert np.array_equal(mammogram.pixels, breast())
    assert (mammogram.reduction, mammogram.source_rows, mammogram.source_columns, mammogram.shift) == (0, 96, 72, 0)
    assert mammogram.notes == ()


@pytest.mark.parametrize("syntax", LOSSY)
def test_read_lossy_syntaxes_are_close(syntax):
    pixels, bits = (breast8(), 8) if syntax == uid.JPEGBaseline8Bit else (breast(), 12)
    assert np.abs(read(build_dicom(pixels, syntax, bits)).pixels - pixels).max() <= 0.02 * 2**bits


@pytest.mark.parametrize(("side", "reduction"), [(None, 0), (256, 0), (48, 0), (24, 1), (12, 2), (6, 3), (1, 5)])
def test_read_reduction_keeps_twice_the_requested_size(side, reduction):
    for syntax in (uid.ExplicitVRLittleEndian, uid.JPEG2000Lossless):
        mammogram = read(build_dicom(breast(), syntax), side, max_step=MAX_STEP)
        assert mammogram.reduction == reduction
        assert mammogram.pixels.shape == (-(-96 // 2**reduction), -(-72 // 2**reduction))
        assert (mammogram.source_rows, mammogram.source_columns) == (96, 72)


def test_read_other_syntaxes_reduce_by_averaging():
    mammogram = read(build_dicom(breast(), uid.JPEGLosslessSV1), 24)
    assert np.array_equal(mammogram.pixels, breast().reshape(48, 2, 36, 2).mean((1, 3)).astype(np.float32))
    assert mammogram.shift == 0


def test_read_reduced_jpeg2000_is_shifted_by_half_a_source_pixel():
    mammogram = read(build_dicom(breast(), uid.JPEG2000Lossless), 24, max_step=MAX_STEP)
    assert (mammogram.reduction, mammogram.shift) == (1, 0.5)
    assert np.abs(mammogram.pixels - breast()[::2, ::2]).mean() < 60


def test_read_padding_prevents_wavelet_reduction():
    pixels = breast()
    pixels[pixels == 0] = 3044
    mammogram = read(build_dicom(pixels, uid.JPEG2000Lossless, PixelPaddingValue=3044), 24, max_step=MAX_STEP)
    assert (mammogram.reduction, mammogram.shift) == (1, 0)
    assert mammogram.pixels.max() < 3000


@pytest.mark.parametrize(
    ("elements", "laterality", "view"),
    [
        ({}, None, None),
        ({"ImageLaterality": "R", "ViewPosition": "MLO"}, "R", "MLO"),
        ({"Laterality": "L", "ViewPosition": "cc"}, "L", "CC"),
        ({"ImageLaterality": "U", "Laterality": "R"}, "R", None),
        ({"ImageLaterality": "B", "ViewPosition": "M1"}, None, None),
    ],
)
def test_read_laterality_and_view_from_attributes(elements, laterality, view):
    mammogram = read(build_dicom(breast(), **elements))
    assert (mammogram.laterality, mammogram.view) == (laterality, view)


@pytest.mark.parametrize(
    ("elements", "study", "date", "issuer"),
    [
        ({}, None, None, None),
        (
            {"StudyInstanceUID": "1.2.3", "StudyDate": "20210304", "IssuerOfPatientID": "A"},
            "1.2.3",
            "2021-03-04",
            "A",
        ),
        (
            {"StudyInstanceUID": "REMOVED", "StudyDate": "2021.03.04", "IssuerOfPatientID": "UNKNOWN"},
            None,
            "2021-03-04",
            None,
        ),
        ({"StudyDate": "20211304"}, None, None, None),
        ({"StudyDate": "19000101"}, None, None, None),
    ],
)
def test_read_study_its_date_and_the_issuer_of_the_patient_id(elements, study, date, issuer):
    mammogram = read(build_dicom(breast(), **elements))
    assert (mammogram.study, mammogram.study_date, mammogram.issuer) == (study, date, issuer)


def test_read_tomosynthesis_shared_functional_groups():
    window, anatomy, group = Dataset(), Dataset(), Dataset()
    window.WindowCenter, window.WindowWidth = 500, 900
    anatomy.FrameLaterality = "R"
    group.FrameVOILUTSequence, group.FrameAnatomySequence = [window], [anatomy]
    stack = np.stack([breast(), breast() + 1, breast() + 2]).astype(np.uint16)
    mammogram = read(build_dicom(stack, SharedFunctionalGroupsSequence=[group]))
    assert mammogram.laterality == "R"
    assert mammogram.windows == (Window(500, 900),)
    assert np.array_equal(mammogram.pixels, stack[1])


def test_read_tomosynthesis_per_frame_functional_groups():
    groups = []
    for side, centre in (("L", 100), ("R", 500), ("L", 900)):
        window, anatomy, rescale, group = Dataset(), Dataset(), Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = centre, 900
        rescale.RescaleSlope, rescale.RescaleIntercept = 2, 1
        anatomy.FrameLaterality = side
        group.FrameVOILUTSequence, group.FrameAnatomySequence = [window], [anatomy]
        group.PixelValueTransformationSequence = [rescale]
        groups.append(group)
    stack = np.stack([breast(), breast() + 1, breast() + 2]).astype(np.uint16)
    mammogram = read(build_dicom(stack, PerFrameFunctionalGroupsSequence=groups))
    assert (mammogram.laterality, mammogram.windows) == ("R", (Window(500, 900),))
    assert np.array_equal(mammogram.pixels, 2.0 * stack[1] + 1)


def test_read_unknown_view_is_none():
    assert read(build_dicom(breast(), ViewPosition="SMITH")).view is None


def test_read_for_processing_image_has_a_note():
    (note,) = read(build_dicom(breast(), PresentationIntentType="FOR PROCESSING")).notes
    assert note.startswith("This is a raw image")


def test_read_tags_are_allow_listed_and_sanitised():
    mammogram = read(build_dicom(breast(), Manufacturer="M" * 200, ManufacturerModelName="a\x1bb", **PERSON))
    assert set(mammogram.tags) <= set(header.TECHNICAL)
    assert (mammogram.tags["Rows"], mammogram.tags["BitsStored"]) == ("96", "12")
    assert len(mammogram.tags["Manufacturer"]) == 64
    assert mammogram.tags["ManufacturerModelName"] == "ab"


def refused(file: bytes) -> ImageError:
    with pytest.raises(ImageError) as caught:
        read(file)
    return caught.value


def visible_text(mammogram: object) -> str:
    return repr(mammogram) + str(getattr(mammogram, "tags", "")) + str(getattr(mammogram, "notes", ""))


def test_read_result_contains_no_identifiers():
    mammogram = read(build_dicom(breast(), **PERSON))
    assert mammogram.patient == "10042"
    assert not [secret for secret in SECRETS if secret in visible_text(mammogram)]


@pytest.mark.parametrize(
    "elements",
    [
        {"Modality": "CT"},
        {"Rows": None},
        {"BitsStored": 30},
        {"WindowCenter": "1", "NumberOfFrames": 3},
        {"SamplesPerPixel": 3},
        {"PixelData": None},
        {"PatientID": "10042\\Doe^Jane", "BitsAllocated": 64},
    ],
)
@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.JPEG2000Lossless])
def test_read_errors_logs_and_warnings_contain_no_identifiers(syntax, elements, caplog):
    caplog.set_level(logging.DEBUG)
    file = build_dicom(breast(), syntax, **(PERSON | elements))
    with warnings.catch_warnings(record=True) as recorded:
        warnings.simplefilter("always")
        caught = refused(file)
    output = str(caught) + repr(caught) + caplog.text + str([str(item.message) for item in recorded])
    assert not [secret for secret in SECRETS if secret in output]
    assert caught.__cause__ is None
    assert caught.__suppress_context__ or caught.__context__ is None


def test_read_pydicom_exception_becomes_image_error():
    file = build_dicom(breast(), RescaleSlope="300", RescaleIntercept="600")
    broken = file.replace(b"DS\x04\x00300 ", b"DS\x04\x00Doe^")
    assert broken != file
    with pytest.raises(ImageError) as caught:
        read(broken)
    assert caught.value.reason == "damaged"
    assert "Doe" not in caught.value.message
