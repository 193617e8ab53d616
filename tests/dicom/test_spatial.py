import numpy as np
import pytest

from builders.breasts import breast
from builders.dicom import build_dicom
from mammo_core.dicom.read import read


def pixel_mm(**elements: object) -> tuple[float, float] | None:
    return read(build_dicom(breast(), **elements)).pixel_mm


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({}, None),
        ({"ImagerPixelSpacing": ["0.1", "0.2"]}, (0.1, 0.2)),
        ({"ImagerPixelSpacing": ["0.1", "0.2"], "PixelSpacing": ["0.1", "0.2"]}, (0.1, 0.2)),
        ({"PixelSpacing": ["0.05", "0.06"]}, (0.05, 0.06)),
        ({"ImagerPixelSpacing": ["0.1", "0.1"], "PixelSpacing": ["0.09", "0.09"]}, (0.09, 0.09)),
        ({"ImagerPixelSpacing": ["0.1", "0.1"], "EstimatedRadiographicMagnificationFactor": "2"}, (0.05, 0.05)),
        ({"ImagerPixelSpacing": ["0.1", "0.1"], "EstimatedRadiographicMagnificationFactor": "0"}, (0.1, 0.1)),
        ({"ImagerPixelSpacing": ["0", "0.1"]}, None),
        ({"ImagerPixelSpacing": ["-1", "-1"], "PixelSpacing": ["0.1", "0.1"]}, (0.1, 0.1)),
        ({"ImagerPixelSpacing": ["1e9", "1e9"]}, None),
        ({"ImagerPixelSpacing": "0.1"}, None),
    ],
)
def test_pixel_mm_is_that_in_the_breast_or_unknown(elements, expected):
    assert pixel_mm(**elements) == expected


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({}, ""),
        ({"PixelSpacing": ["0.05", "0.06"]}, "A pixel is 0.05 × 0.06 mm, as the file states for the patient."),
        (
            {"ImagerPixelSpacing": ["0.1", "0.1"], "PixelSpacing": ["0.09", "0.09"]},
            "A pixel is 0.09 × 0.09 mm, as the file states for the patient.",
        ),
        (
            {"ImagerPixelSpacing": ["0.1", "0.1"], "EstimatedRadiographicMagnificationFactor": "1.6"},
            "A pixel is 0.0625 × 0.0625 mm in the breast: 0.1 mm at the detector, divided by a magnification of 1.6.",
        ),
        (
            {"ImagerPixelSpacing": ["0.1", "0.1"]},
            "A pixel is 0.1 × 0.1 mm at the detector; the file states no magnification, so the breast is a little smaller.",
        ),
    ],
)
def test_spacing_basis_says_where_the_size_of_a_pixel_comes_from(elements, expected):
    assert read(build_dicom(breast(), **elements)).spacing_basis == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["P", "L"], ("P", "L")),
        (["A", "FR"], ("A", "FR")),
        (["a", "fr"], ("A", "FR")),
        (["X", "L"], None),
        (["P", ""], None),
        ("CC", None),
        (None, None),
    ],
)
def test_directions_are_those_of_patient_orientation(value, expected):
    assert read(build_dicom(breast(), PatientOrientation=value)).directions == expected


def test_value_step_is_that_of_the_rescale_slope():
    values = np.arange(12, dtype=np.uint16).reshape(3, 4)
    assert read(build_dicom(values)).value_step == 1
    assert read(build_dicom(values, RescaleSlope="-0.5", RescaleIntercept="3")).value_step == 0.5
