import numpy as np
import pytest

from builders.breasts import breast
from builders.dicom import build_code, build_dicom
from mammo_core.dicom.read import read, read_special_kind
from mammo_core.dicom.special_images import special_view


def kind(**elements: object) -> str | None:
    return read(build_dicom(breast(), **elements)).special_kind


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({}, None),
        ({"ImageType": ["ORIGINAL", "PRIMARY", ""]}, None),
        ({"ImageType": ["DERIVED", "PRIMARY"]}, None),
        ({"ImageType": ["DERIVED", "PRIMARY", "", "LOW_ENERGY"]}, None),
        ({"ImageType": ["DERIVED", "SECONDARY"]}, "an image derived from another one"),
        ({"ImageType": ["DERIVED", "PRIMARY", "RECOMBINED"]}, "a recombined contrast image"),
        ({"ImageType": ["DERIVED", "PRIMARY", "", "RECOMBINED_IMAGE"]}, "a recombined contrast image"),
        ({"ImageType": ["DERIVED", "SECONDARY", "CAD"]}, "an image with marks of computer-aided detection"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "HIGH_ENERGY"]}, "a high-energy contrast image"),
        ({"ImageType": ["DERIVED", "PRIMARY", "MOSAIC"]}, "a part of a mosaic"),
        ({"EstimatedRadiographicMagnificationFactor": "1"}, None),
        ({"EstimatedRadiographicMagnificationFactor": "1.04"}, None),  # a contact image: 700 / 675 mm
        ({"EstimatedRadiographicMagnificationFactor": "1.12"}, None),  # of the middle of a breast 100 mm thick
        ({"EstimatedRadiographicMagnificationFactor": "1.4"}, "a magnified view"),
        ({"DistanceSourceToDetector": "700", "DistanceSourceToPatient": "675"}, None),
        ({"DistanceSourceToDetector": "660", "DistanceSourceToPatient": "0"}, None),
        ({"DistanceSourceToDetector": "660", "DistanceSourceToPatient": "367"}, "a magnified view"),
        ({"EstimatedRadiographicMagnificationFactor": "1.5"}, "a magnified view"),
        ({"PartialView": "NO"}, None),
        ({"PartialView": "YES"}, "a partial view"),
        ({"PartialView": "YES", "PartialViewDescription": "mosaic 1 of 2"}, "a part of a mosaic"),
        ({"ViewPosition": "SPOT"}, "a spot compression view"),
        ({"ViewPosition": "CCM"}, "a magnified view"),
        ({"ViewCodeSequence": [build_code("127457009")]}, "a specimen"),
        ({"ViewCodeSequence": [build_code("399162004", modifiers=["399055006"])]}, "a spot compression view"),
        ({"ViewCodeSequence": [build_code("399162004", modifiers=["399163009"])]}, "a magnified view"),
        ({"ViewCodeSequence": [build_code("399368009", modifiers=["399011000"])]}, None),
        ({"ViewCodeSequence": [build_code("399162004", modifiers=["399209000"])]}, None),
        ({"SeriesDescription": "full mammogram images"}, None),
        ({"SeriesDescription": "ROI mask images"}, "a mask of a lesion"),
    ],
)
def test_read_special_kind_of_an_image(elements, expected):
    assert kind(**elements) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CC", None),
        ("MLO", None),
        ("AT", None),
        ("", None),
        ("CCID", None),
        ("MAG", "a magnified view"),
        ("RCCMAG", "a magnified view"),
        ("MLO SPOT", "a spot compression view"),
        ("SPECIMEN", "a specimen"),
    ],
)
def test_special_view_of_a_table_is_what_its_words_name(text, expected):
    assert special_view(text) == expected


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({}, None),
        ({"ImageType": ["ORIGINAL", "PRIMARY"]}, None),
        ({"PresentationIntentType": "FOR PRESENTATION"}, None),
        ({"PresentationIntentType": "FOR PROCESSING"}, "a raw image, for processing"),
        ({"ImageType": ["DERIVED", "PRIMARY", "TOMO", "GENERATED_2D"]}, "a synthetic image from tomosynthesis"),
    ],
)
def test_read_substitute_kind_of_an_image(elements, expected):
    assert read(build_dicom(breast(), **elements)).substitute_kind == expected


@pytest.mark.parametrize(
    ("elements", "expected"),
    [({}, None), ({"ViewPosition": "SPOT"}, "a spot compression view"), ({"PartialView": "YES"}, "a partial view")],
)
def test_read_special_kind_of_a_header_is_that_of_the_image(elements, expected):
    data = build_dicom(breast(), **elements)
    assert read_special_kind(data) == read(data).special_kind == expected


def test_read_frames_are_slices_that_substitute_a_plain_image():
    frames = np.stack([breast(), breast(), breast()])
    assert read(build_dicom(frames)).substitute_kind == "a slice of tomosynthesis"
