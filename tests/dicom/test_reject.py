import pytest
from pydicom import uid

from builders.breasts import breast
from builders.dicom import build_dicom
from mammo_core.dicom.read import read
from mammo_core.errors import ImageError


def refused(data: bytes) -> ImageError:
    with pytest.raises(ImageError) as caught:
        read(data)
    return caught.value


def test_read_accepts_sparse_header():
    assert read(build_dicom(breast())).pixels.shape == (96, 72)


@pytest.mark.parametrize("modality", ["MG", "DX", "CR", "OT", None])
def test_read_accepts_mammography_modalities(modality):
    assert read(build_dicom(breast(), Modality=modality)).pixels.shape == (96, 72)


@pytest.mark.parametrize(
    ("modality", "name"),
    [
        ("CT", "a CT image"),
        ("MR", "an MR image"),
        ("US", "an ultrasound image"),
        ("SR", "a report"),
        ("SEG", "a segmentation"),
        ("ZZ", "a DICOM file of another modality"),
    ],
)
def test_read_rejects_other_modalities_by_name(modality, name):
    error = refused(build_dicom(breast(), Modality=modality))
    assert (error.reason, error.message) == ("not_mammogram", f"This is {name}, not a mammogram.")


def test_read_rejects_other_sop_classes_by_name():
    error = refused(build_dicom(breast(), SOPClassUID=uid.CTImageStorage))
    assert error.message == "This is a DICOM file of the class CT Image Storage, not a mammogram."
    assert refused(build_dicom(breast(), SOPClassUID=uid.ComprehensiveSRStorage)).reason == "not_mammogram"


def test_read_rejects_by_sop_class_of_file_meta():
    data = build_dicom(breast())
    ours, other = uid.DigitalXRayImageStorageForPresentation.encode(), uid.CTImageStorage.encode()
    assert len(ours) - len(other) == 2
    assert "CT Image Storage" in refused(data.replace(ours + b"\0", other + b"\0\0\0")).message


def test_read_accepts_tomosynthesis_and_private_sop_classes():
    assert read(build_dicom(breast(), SOPClassUID=uid.BreastTomosynthesisImageStorage)).pixels.shape == (96, 72)
    assert read(build_dicom(breast(), SOPClassUID="1.2.3.4.5")).pixels.shape == (96, 72)


def test_read_rejects_colour():
    colour = build_dicom(breast(), PhotometricInterpretation="RGB", SamplesPerPixel=3)
    assert refused(colour).message == "This is a colour image, not a mammogram."
    assert refused(build_dicom(breast(), PhotometricInterpretation="PALETTE COLOR")).reason == "not_mammogram"


def test_read_rejects_files_without_pixel_data():
    elements = dict.fromkeys(("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"))
    error = refused(build_dicom(breast(), **elements))
    assert (error.reason, error.message) == (
        "not_mammogram",
        "This DICOM file has no image, so it isn't a mammogram.",
    )
    assert refused(build_dicom(breast(), PixelData=None)).message == "The file is cut off: its image is missing."


def test_read_rejects_other_body_parts():
    assert "another part of the body" in refused(build_dicom(breast(), BodyPartExamined="CHEST")).message
    assert read(build_dicom(breast(), BodyPartExamined="BREAST")).pixels.shape == (96, 72)
    assert read(build_dicom(breast(), BodyPartExamined="L_AXILLA", Modality="MG")).pixels.shape == (96, 72)
