import pytest

from builders.breasts import breast
from builders.dicom import build_dicom
from mammo_core.dicom.acquisition import to_acquisition
from mammo_core.dicom.read import read, read_acquisition
from mammo_core.documents.acquisition import Acquisition
from mammo_core.errors import ImageError

STATED = {
    "Manufacturer": "Maker ",
    "ManufacturerModelName": "Model 3",
    "SoftwareVersions": ["1.8", "2"],
    "KVP": "29",
    "Exposure": "120",
    "CompressionForce": "98.1",
    "BodyPartThickness": "52",
    "ImagerPixelSpacing": [0.07, 0.07],
    "OperatorsName": "Doe^Jane",
    "InstitutionName": "Clinic",
}
READ = Acquisition(
    manufacturer="Maker",
    manufacturer_model="Model 3",
    software_version="1.8, 2",
    tube_voltage=29.0,
    exposure=120.0,
    compression_force=98.1,
    body_part_thickness=52.0,
    pixel_spacing=0.07,
)


def test_acquisition_is_the_same_from_the_header_alone():
    file = build_dicom(breast(), **STATED)
    image = read(file)
    assert read_acquisition(file) == to_acquisition(image.tags, image.pixel_mm) == READ
    assert "Jane" not in str(READ)


def test_acquisition_of_a_sparse_header_is_unknown():
    assert read_acquisition(build_dicom(breast())) == Acquisition()


@pytest.mark.parametrize("text", ["0", "-3", "nan", "inf", "much", ""])
def test_acquisition_unusable_number_is_unknown(text):
    assert to_acquisition({"Exposure": text}, None) == Acquisition()


def test_read_acquisition_of_a_damaged_file_raises():
    with pytest.raises(ImageError):
        read_acquisition(b"no DICOM")
