import pytest

from builders.breasts import breast
from builders.dicom import build_code, build_dicom
from mammo_core.dicom.mammogram import Mammogram
from mammo_core.dicom.read import read

ROUTINE = {"ImageLaterality": "L", "ViewCodeSequence": [build_code("R-10242", "SRT")], "ViewPosition": "CC"}


def read_with(**elements: object) -> Mammogram:
    return read(build_dicom(breast(), **elements))


@pytest.mark.parametrize(
    ("scheme", "code", "view"),
    [
        ("SCT", "399162004", "CC"),
        ("SRT", "R-10226", "MLO"),
        ("SNM3", "R-1024A", "XCCL"),
        ("SRT", "R-1024B", "XCCM"),
        ("SNM3", "Y-X1770", "XCCL"),
        ("SRT", "Y-X1771", "XCCM"),
        ("SCT", "399196006", "FB"),
        ("SCT", "399188001", "SIO"),
        ("SCT", "441555000", "ISO"),
        ("SCT", "127457009", "SPECIMEN"),
        ("SCT", "399192003", None),
        ("99LOCAL", "399162004", None),
        ("SCT", "nonsense", None),
    ],
)
def test_read_view_from_code_and_scheme(scheme, code, view):
    mammogram = read_with(ViewCodeSequence=[build_code(code, scheme)])
    assert (mammogram.view, mammogram.modifiers, mammogram.notes) == (view, (), ())


@pytest.mark.parametrize(
    ("scheme", "view", "modifier", "name"),
    [
        ("SRT", "R-10226", "R-102D1", "axillary tail"),
        ("SCT", "399368009", "399161006", "cleavage"),
        ("SCT", "399368009", "399226006", "rolled medially"),
        ("SNM3", "R-10226", "R-102D5", "implant displaced"),
        ("SCT", "399368009", "399110001", "tangential"),
    ],
)
def test_read_modifier_is_kept_apart_from_the_view(scheme, view, modifier, name):
    mammogram = read_with(ViewCodeSequence=[build_code(view, scheme, [modifier])])
    assert (mammogram.view, mammogram.modifiers) == ("MLO", (name,))


def test_read_axillary_tail_position_is_a_modifier_where_a_code_gives_the_view():
    mammogram = read_with(ViewPosition="AT", ViewCodeSequence=[build_code("399368009", modifiers=["399011000"])])
    assert (mammogram.view, mammogram.modifiers, mammogram.notes) == ("MLO", ("axillary tail",), ())
    assert read_with(ViewPosition="AT").view == "AT"


@pytest.mark.parametrize(
    ("elements", "laterality", "view", "notes"),
    [
        (ROUTINE, "L", "CC", 0),
        ({"ViewPosition": "LCC"}, "L", "CC", 1),
        ({"ImageLaterality": "R", "ViewPosition": "R-MLO"}, "R", "MLO", 1),
        ({"ImageLaterality": "R", "ViewPosition": "CCID"}, "R", "CC", 1),
        ({"Laterality": "LEFT", "ViewPosition": "MLO"}, "L", "MLO", 0),
        ({"AcquisitionDeviceProcessingDescription": "R CC"}, "R", "CC", 2),
        ({"ImageLaterality": "R", "AcquisitionDeviceProcessingDescription": "Routine MLO"}, "R", "MLO", 1),
        ({"ImageLaterality": "L", "PatientOrientation": "CC"}, "L", "CC", 1),
        ({"ImageLaterality": "L", "PatientOrientation": ["A", "R"]}, "L", None, 0),
        ({"ImageLaterality": "L", "Laterality": "R", "ViewPosition": "CC"}, None, "CC", 1),
        ({"ImageLaterality": "L", "Laterality": "L", "ViewPosition": "CC"}, "L", "CC", 0),
        ({"ImageLaterality": "L", "Laterality": "B", "ViewPosition": "CC"}, "L", "CC", 0),
        ({"ImageLaterality": "B", "ViewPosition": "RCC"}, "R", "CC", 1),
        ({"ImageLaterality": "B", "ViewPosition": "CC"}, None, "CC", 1),
        ({"PatientID": "Mass-Training_P_00001_LEFT_CC_1"}, "L", "CC", 2),
        ({"ImageLaterality": "R", "ViewPosition": "LCC"}, None, "CC", 2),
        ({"ViewPosition": "MLO", "ViewCodeSequence": [build_code("399162004")]}, None, None, 1),
        ({"ViewPosition": "XCC", "ViewCodeSequence": [build_code("399192008")]}, None, "XCCL", 0),
        ({"PatientID": "LCC"}, None, None, 0),
    ],
)
def test_read_side_and_view_wherever_the_header_states_them(elements, laterality, view, notes):
    mammogram = read_with(**elements)
    assert (mammogram.laterality, mammogram.view, len(mammogram.notes)) == (laterality, view, notes)


def test_read_notes_name_the_element_and_no_foreign_text():
    assert read_with(PatientOrientation="CC").notes == ("The view CC comes from Patient Orientation (0020,0020).",)
    assert read_with(ViewPosition="MLO", ViewCodeSequence=[build_code("399162004")]).notes == (
        "The header contradicts itself about the view (CC in View Code Sequence (0054,0220) and MLO in View Position "
        "(0018,5101)), so it is left open.",
    )
    assert read_with(ViewPosition="LCCID").notes == ("View Position (0018,5101) is read as L CC, implant displaced.",)
    assert read_with(ImageLaterality="B").notes == (
        "The header says that the image shows both breasts (laterality B); it belongs to neither.",
    )


def test_read_cbis_name_gives_the_patient_without_side_and_view():
    names = ["Mass-Training_P_00001_LEFT_CC_1", "Calc-Test_P_00001_RIGHT_MLO"]
    assert [read_with(PatientID=name).patient for name in names] == ["P_00001", "P_00001"]
