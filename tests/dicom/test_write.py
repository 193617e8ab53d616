import shutil
import subprocess
from dataclasses import replace
from io import BytesIO

import dicomsdl
import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.encaps import generate_frames

from mammo_core.dicom.views import MODIFIER_CODES, VIEW_CODES
from mammo_core.dicom.write import Header, dicom_bytes

HEADER = Header(patient="123", image="456", laterality="R", view="MLO", windows=((1750, 3300),))


def pixels(bits: int = 12) -> np.ndarray:
    values = np.random.default_rng(0).integers(0, 2**bits, size=(400, 320))
    values[:, :30] = 0
    values[0, 0], values[0, 1] = 2**bits - 1, 0
    return values.astype(np.uint16)


def parse(data: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(BytesIO(data))


def frame(data: bytes) -> bytes:
    return next(generate_frames(parse(data).PixelData, number_of_frames=1))


@pytest.mark.parametrize("bits", [10, 12, 16])
@pytest.mark.parametrize(
    ("syntax", "uid"), [("jpeg2000", "1.2.840.10008.1.2.4.90"), ("jpeg_lossless", "1.2.840.10008.1.2.4.70")]
)
def test_compression_is_lossless(syntax, uid, bits):
    stored = pixels(bits)
    data = dicom_bytes(stored, replace(HEADER, bits=bits), syntax)
    decode = imagecodecs.jpeg2k_decode if syntax == "jpeg2000" else imagecodecs.jpeg8_decode
    assert parse(data).file_meta.TransferSyntaxUID == uid
    assert np.array_equal(decode(frame(data)), stored)


def test_plain_file_is_read_by_pydicom():
    stored = pixels()
    assert np.array_equal(parse(dicom_bytes(stored, HEADER, "plain")).pixel_array, stored)


def test_jpeg2000_has_five_levels_and_stored_precision():
    stream = frame(dicom_bytes(pixels(10), replace(HEADER, bits=10)))
    assert stream[:4] == b"\xff\x4f\xff\x51"  # a bare codestream: SOC, SIZ
    assert stream[4 + 38] + 1 == 10  # Ssiz
    coding_style = stream.index(b"\xff\x52")
    assert stream[coding_style + 9] == 5  # decomposition levels
    assert stream[coding_style + 13] == 1  # the reversible 5-3 wavelet


def test_jpeg_lossless_is_process_14_with_predictor_1():
    stream = frame(dicom_bytes(pixels(), HEADER, "jpeg_lossless"))
    start = stream.index(b"\xff\xc3")
    assert stream[start + 4] == 12
    scan = stream.index(b"\xff\xda", start)
    assert stream[scan + 7] == 1


def test_sparse_header_omits_what_rsna_omits():
    dataset = parse(dicom_bytes(pixels(), replace(HEADER, voi_function="SIGMOID", padding=7, inverted=True)))
    for absent in ("SOPClassUID", "Modality", "Manufacturer", "ViewPosition", "PixelSpacing", "PatientAge"):
        assert absent not in dataset
    assert dataset.ImageLaterality == "R"
    assert dataset.PatientID == "123"
    assert dataset.PhotometricInterpretation == "MONOCHROME1"
    assert dataset.PixelPaddingValue == 7
    assert dataset.VOILUTFunction == "SIGMOID"
    assert (dataset.BitsStored, dataset.BitsAllocated, dataset.HighBit) == (12, 16, 11)
    assert dataset.file_meta.MediaStorageSOPClassUID == "1.2.840.10008.5.1.4.1.1.1.1"


def test_full_header_describes_a_mammogram():
    dataset = parse(dicom_bytes(pixels(), replace(HEADER, full=True, age=57.0, pixel_mm=0.085, faces_left=True)))
    assert (dataset.Modality, dataset.ViewPosition, dataset.PatientAge) == ("MG", "MLO", "057Y")
    assert dataset.ViewCodeSequence[0].CodeValue == "399368009"
    assert list(dataset.PatientOrientation) == ["P", "FL"]
    assert list(dataset.ImagerPixelSpacing) == [0.085, 0.085]
    assert dataset.SOPClassUID == dataset.file_meta.MediaStorageSOPClassUID == "1.2.840.10008.5.1.4.1.1.1.2"


@pytest.mark.parametrize("view", ["CC", "MLO", "ML", "LM", "LMO", "AT", "XCCL"])
def test_full_header_view_is_a_code_of_the_context_group(view):
    (code,) = parse(dicom_bytes(pixels(), replace(HEADER, view=view, full=True))).ViewCodeSequence
    assert VIEW_CODES[code.CodingSchemeDesignator, code.CodeValue].name == ("MLO" if view == "AT" else view)
    modifiers = [(one.CodingSchemeDesignator, one.CodeValue) for one in code.ViewModifierCodeSequence]
    assert [MODIFIER_CODES[one].name for one in modifiers] == (["axillary tail"] if view == "AT" else [])


def test_window_attributes_hold_several_windows():
    dataset = parse(dicom_bytes(pixels(), replace(HEADER, windows=((100, 20), (200.5, 30)))))
    assert list(dataset.WindowCenter) == [100, 200.5]
    assert list(dataset.WindowWidth) == [20, 30]
    assert "WindowCenter" not in parse(dicom_bytes(pixels(), replace(HEADER, windows=())))


def test_dicom_bytes_are_reproducible():
    assert dicom_bytes(pixels(), HEADER) == dicom_bytes(pixels(), HEADER)
    other = parse(dicom_bytes(pixels(), replace(HEADER, image="457")))
    assert other.SOPInstanceUID != parse(dicom_bytes(pixels(), HEADER)).SOPInstanceUID


@pytest.mark.parametrize("syntax", ["jpeg2000", "jpeg_lossless", "plain"])
@pytest.mark.parametrize("full", [False, True])
def test_files_are_readable_by_dicomsdl_and_dcmtk(syntax, full, tmp_path):
    path = tmp_path / "image.dcm"
    path.write_bytes(dicom_bytes(pixels(), replace(HEADER, full=full), syntax))
    assert np.array_equal(dicomsdl.open(str(path)).pixelData(), pixels())
    if shutil.which("dcmdump"):
        done = subprocess.run(["dcmdump", "-q", str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0
        assert "error" not in (done.stdout + done.stderr).lower()
