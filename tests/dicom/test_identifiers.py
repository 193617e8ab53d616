import pytest
from pydicom.multival import MultiValue

from builders.breasts import breast8
from builders.dicom import build_dicom
from mammo_core.dicom.identifiers import Identifiers, is_valid, read_identifiers
from mammo_core.errors import ImageError

NAMES = ("PatientID", "PatientName", "StudyDate", "AccessionNumber")


def test_read_identifiers_are_text_by_keyword_and_empty_where_missing():
    file = build_dicom(breast8(), bits=8, PatientName="Doe^Jane", SpecificCharacterSet="ISO_IR 100")
    assert read_identifiers(file, NAMES) == Identifiers(
        {"PatientID": "10042", "PatientName": "Doe^Jane", "StudyDate": "", "AccessionNumber": ""}, ("ISO_IR 100",)
    )


def test_read_identifiers_several_values_and_character_sets_are_kept():
    file = build_dicom(
        breast8(), bits=8, PatientID=MultiValue(str, ["a", "b"]), SpecificCharacterSet=["", "ISO 2022 IR 87"]
    )
    assert read_identifiers(file, ("PatientID",)) == Identifiers({"PatientID": "a\\b"}, ("", "ISO 2022 IR 87"))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_read_identifiers_undeclared_text_is_utf_8_or_latin_1(encoding):
    file = build_dicom(breast8(), bits=8, PatientName="Xx^Joerg")
    name = "Mü^Jörg".encode(encoding)[:8].ljust(8)
    values = read_identifiers(file.replace(b"Xx^Joerg", name), ("PatientName",)).values
    assert values == {"PatientName": name.decode(encoding, errors="replace").strip()}


def test_read_identifiers_missing_file_raises_image_error(tmp_path):
    with pytest.raises(ImageError, match="The header can't be read again"):
        read_identifiers(tmp_path / "nothing.dcm", NAMES)


def test_invalid_values_are_left_out_and_their_elements_named():
    identifiers = Identifiers({"PatientID": "7", "StudyDate": "20201332", "StudyID": "x" * 17, "PatientName": ""}, ())
    assert identifiers.valid() == {"PatientID": "7"}
    assert identifiers.describe_invalid() == "Not valid in DICOM, so left out: Study Date, Study ID."
    assert Identifiers({"PatientID": "7"}, ()).describe_invalid() is None


@pytest.mark.parametrize(
    ("name", "valid", "invalid"),
    [
        ("PatientID", "x" * 64, "x" * 65),
        ("AccessionNumber", "x" * 16, "x\ny"),
        ("PatientName", "a^b^c^d^e=f=g", "a^b^c^d^e^f"),
        ("PatientName", "x" * 64, "a=b=c=d"),
        ("PatientBirthDate", "20240229", "20230229"),
        ("PatientSex", "O", "U"),
        ("StudyTime", "235960.123456", "2360"),
        ("StudyInstanceUID", "1.0.20", "1.02.3"),
        ("SOPInstanceUID", "1." + "2" * 62, "1." + "2" * 63),
        ("BurnedInAnnotation", "NO", "a\\b"),
    ],
)
def test_is_valid_follows_the_value_representation(name, valid, invalid):
    assert is_valid(name, valid)
    assert not is_valid(name, invalid)


def test_is_valid_unlisted_element_is_not():
    assert not is_valid("PatientComments", "text")
