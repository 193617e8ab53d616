import io
import subprocess
import warnings
from dataclasses import replace

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.datadict import dictionary_description
from pydicom.dataset import Dataset

from builders.conformance import conformance_errors, require
from mammo_core.dicom.export import ReportContent, export
from mammo_core.dicom.guard import quiet_pydicom
from mammo_core.dicom.pseudonyms import person_key
from mammo_core.dicom.write import Header, dicom_bytes
from mammo_core.errors import ImageError

CONTENT = ReportContent("demo", 0.73, True, 0.4, False, "R", "CC", ("Research use only.", "Synthetic images."))
SECRET = bytes(range(32))
PICTURE = np.random.default_rng(0).integers(0, 255, (40, 30, 3), np.uint8)


def source(burned: str | None = "NO") -> bytes:
    """A file full of identifiers."""
    dataset = dcmread(
        io.BytesIO(dicom_bytes(np.zeros((20, 16), np.uint16), Header("SECRET-ID", "7", "R", "CC"), "plain"))
    )
    dataset.PatientName, dataset.PatientBirthDate, dataset.AccessionNumber = "Secret^Name", "19600102", "SECRET-ACC"
    dataset.StudyID, dataset.StudyDate, dataset.ReferringPhysicianName = "SECRETSTUDY", "20200304", "Secret^Doctor"
    dataset.BurnedInAnnotation = burned
    stream = io.BytesIO()
    dataset.save_as(stream)
    return stream.getvalue()


@pytest.fixture
def exported() -> dict[bool, tuple[bytes, bytes]]:
    return {keep: export(source(), PICTURE, CONTENT, keep, SECRET) for keep in (False, True)}


def test_export_deidentified_contains_no_source_identifiers(exported):
    original = dcmread(io.BytesIO(source()))
    for data in exported[False]:
        for secret in (
            b"SECRET",
            b"Secret",
            b"19600102",
            b"20200304",
            original.StudyInstanceUID.encode(),
            original.SOPInstanceUID.encode(),
        ):
            assert secret not in data


def test_export_keeps_identifiers_on_request(exported):
    original = dcmread(io.BytesIO(source()))
    for data in exported[True]:
        dataset = dcmread(io.BytesIO(data))
        assert (dataset.PatientID, dataset.PatientName, dataset.AccessionNumber) == (
            "SECRET-ID",
            "Secret^Name",
            "SECRET-ACC",
        )
        assert dataset.StudyInstanceUID == original.StudyInstanceUID
        assert "PatientIdentityRemoved" not in dataset


def test_export_secondary_capture_holds_the_picture(exported):
    capture = dcmread(io.BytesIO(exported[False][0]))
    assert np.array_equal(capture.pixel_array, PICTURE)
    assert (capture.PatientIdentityRemoved, capture.BurnedInAnnotation) == ("YES", "NO")
    assert list(capture.PatientOrientation) == ["P", "L"]
    assert "Research use only." in capture.ImageComments


@pytest.mark.parametrize("burned", ["YES", None])
def test_export_unverified_pixels_are_not_marked_deidentified(burned):
    capture = dcmread(io.BytesIO(export(source(burned), PICTURE, CONTENT, False, SECRET)[0]))
    assert capture.get("PatientIdentityRemoved") != "YES"
    assert capture.get("BurnedInAnnotation") != "NO"
    assert "pixels not examined" in capture.DeidentificationMethod


def texts(item: Dataset) -> list[str]:
    own = [str(item[name].value) for name in ("TextValue",) if name in item]
    own += [code.CodeMeaning for code in item.get("ConceptCodeSequence", [])]
    return own + [text for child in item.get("ContentSequence", []) for text in texts(child)]


UNLIKE = "The image is unlike the training images, so the prediction has no basis."
FOREIGN = "No decision: this model has only seen synthetic images."
OTHER_UNLIKE = "Another image of this breast is unlike the training images, so there is no decision."
UNKNOWN_SIDE = "The side is unknown, so the image belongs to no breast."


@pytest.mark.parametrize(
    ("changes", "decision", "reasons"),
    [
        ({"recall": True}, "Recall", []),
        ({"recall": False}, "No recall", []),
        ({"recall": None, "out_of_distribution": True}, "No decision", [UNLIKE]),
        ({"recall": None}, "No decision", [OTHER_UNLIKE]),
        ({"recall": None, "no_decision": FOREIGN}, "No decision", [FOREIGN]),
        ({"recall": None, "laterality": None, "not_counted": UNKNOWN_SIDE}, "No decision", [UNKNOWN_SIDE]),
    ],
)
def test_export_report_states_the_decision_for_the_breast_and_why_there_is_none(changes, decision, reasons):
    content = replace(CONTENT, **changes)
    sentences = texts(dcmread(io.BytesIO(export(source(), PICTURE, content, False, SECRET)[1])))
    assert [text for text in sentences if text in ("Recall", "No recall", "No decision")] == [decision]
    assert [text for text in sentences if text in (UNLIKE, OTHER_UNLIKE, UNKNOWN_SIDE, FOREIGN)] == reasons
    assert "Recall threshold for a breast: probability 0.400." in sentences


def test_export_pseudonym_is_the_one_that_the_application_shows():
    dataset = dcmread(io.BytesIO(source()))
    dataset.IssuerOfPatientID = "Hospital A"
    stream = io.BytesIO()
    dataset.save_as(stream)
    capture = dcmread(io.BytesIO(export(stream.getvalue(), PICTURE, CONTENT, False, SECRET)[0]))
    assert capture.PatientID == person_key("SECRET-ID", "Hospital A", SECRET)


def test_export_images_of_an_exam_share_one_study(exported):
    again = export(source(), PICTURE, CONTENT, False, SECRET)
    studies = {dcmread(io.BytesIO(data)).StudyInstanceUID for data in (*exported[False], *again)}
    assert len(studies) == 1


def numbers(item: Dataset) -> list[float]:
    own = [float(item.MeasuredValueSequence[0].NumericValue)] if item.get("ValueType") == "NUM" else []
    return own + [value for child in item.get("ContentSequence", []) for value in numbers(child)]


def test_export_report_holds_probability_and_references_capture(exported):
    capture, report = (dcmread(io.BytesIO(data)) for data in exported[False])
    assert numbers(report) == [0.73]
    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    assert study.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == capture.SOPInstanceUID


def test_export_unknown_laterality_leaves_orientation_empty():
    content = ReportContent("demo", 0.2, None, 0.4, False, None, None, ("Research use only.",))
    capture = dcmread(io.BytesIO(export(source(), PICTURE, content, False, SECRET)[0]))
    assert not capture.PatientOrientation


def test_export_is_readable_by_dcmtk(exported, tmp_path):
    for name, data, command in (("sc", exported[False][0], "dcmdump"), ("sr", exported[False][1], "dsrdump")):
        path = tmp_path / f"{name}.dcm"
        path.write_bytes(data)
        require(command, "dcmtk")
        done = subprocess.run([command, str(path)], capture_output=True, text=True, check=True)
        assert ("Recall" if name == "sr" else "Research use only.") in done.stdout


def changed(**elements: object) -> bytes:
    dataset = dcmread(io.BytesIO(source()))
    with quiet_pydicom():  # invalid values are written on purpose
        for name, value in elements.items():
            setattr(dataset, name, value)
        stream = io.BytesIO()
        dataset.save_as(stream)
    return stream.getvalue()


NAMES = {
    "japanese": (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    "cyrillic": ("ISO_IR 144", "Люкceмбypг"),
    "latin-1": ("ISO_IR 100", "Müller^Jörg"),
    "utf-8": ("ISO_IR 192", "Wang^XiaoDong=王^小东"),
    "chinese": ("GB18030", "Wang^XiaoDong=王^小东"),
    "korean": (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
}
BAD = {
    "AccessionNumber": "12345678901234567", "StudyID": "x" * 17, "PatientID": "y" * 65, "StudyDate": "20201332",
    "StudyTime": "250000", "PatientBirthDate": "1950", "PatientSex": "U", "ReferringPhysicianName": "z" * 65,
    "StudyInstanceUID": "1.02.3",
}  # fmt: skip
NO_SIDE = replace(CONTENT, laterality=None, view=None, recall=None, not_counted="The side is unknown.")
LONG_MODEL = replace(CONTENT, model="m" * 100, limits=("long " * 400,))


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("content", [CONTENT, NO_SIDE, LONG_MODEL], ids=["side", "no side", "long texts"])
def test_export_conforms_to_the_standard(keep, content, tmp_path):
    for elements in ({}, BAD):
        for data in export(changed(**elements), PICTURE, content, keep, SECRET):
            assert conformance_errors(data, tmp_path) == []


@pytest.mark.parametrize(("charset", "name"), NAMES.values(), ids=NAMES)
def test_export_keeps_names_in_the_character_set_of_the_source(charset, name, tmp_path):
    for data in export(changed(SpecificCharacterSet=charset, PatientName=name), PICTURE, CONTENT, True, SECRET):
        dataset = dcmread(io.BytesIO(data))
        assert dataset.SpecificCharacterSet == charset
        assert str(dataset.PatientName) == name
        assert conformance_errors(data, tmp_path) == []


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_export_writes_names_in_an_undeclared_character_set_as_utf_8(encoding, tmp_path):
    raw = source().replace(b"Secret^Name", "Mü^Jörg".encode(encoding).ljust(11))
    for data in export(raw, PICTURE, CONTENT, True, SECRET):
        dataset = dcmread(io.BytesIO(data))
        assert (dataset.SpecificCharacterSet, str(dataset.PatientName)) == ("ISO_IR 192", "Mü^Jörg")
        assert conformance_errors(data, tmp_path) == []


def test_export_writes_text_that_the_source_character_set_lacks_as_utf_8(tmp_path):
    content = replace(CONTENT, model="модель", limits=("Только 研究.",))
    latin = changed(SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Jörg")
    for data in export(latin, PICTURE, content, True, SECRET):
        dataset = dcmread(io.BytesIO(data))
        assert (dataset.SpecificCharacterSet, str(dataset.PatientName)) == ("ISO_IR 192", "Müller^Jörg")
        assert conformance_errors(data, tmp_path) == []
    for data in export(source(), PICTURE, content, False, SECRET):
        assert dcmread(io.BytesIO(data)).SpecificCharacterSet == "ISO_IR 192"


@pytest.mark.parametrize(("name", "value"), BAD.items(), ids=BAD)
def test_export_leaves_invalid_values_out_with_a_note(name, value):
    capture, report = (
        dcmread(io.BytesIO(data)) for data in export(changed(**{name: value}), PICTURE, CONTENT, True, SECRET)
    )
    note = f"Not valid in DICOM, so left out: {dictionary_description(name)}."
    assert capture.ImageComments.startswith(note)
    assert note in texts(report)
    for dataset in (capture, report):
        assert str(dataset.get(name) or "") != value
        assert dataset.StudyInstanceUID.is_valid


def test_export_unreadable_source_raises_image_error(tmp_path):
    with pytest.raises(ImageError, match="can't be read again"):
        export(tmp_path / "nothing.dcm", PICTURE, CONTENT, False, SECRET)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PatientSex", "U"), ("PatientBirthDate", "1950"), ("PatientBirthDate", "1950-03-12"), ("StudyDate", "removed"),
        ("StudyTime", "10:10:10"),
    ],
)  # fmt: skip
def test_export_omits_invalid_dates_and_sex(name, value):
    dataset = dcmread(io.BytesIO(source()))
    setattr(dataset, name, value)
    stream = io.BytesIO()
    dataset.save_as(stream)
    for data in export(stream.getvalue(), PICTURE, CONTENT, True, SECRET):
        exported = dcmread(io.BytesIO(data))
        assert not exported.get(name)
        assert exported.PatientID == "SECRET-ID"


def test_export_warnings_never_quote_a_patient_name():
    dataset = dcmread(io.BytesIO(source()))
    dataset.PatientName = "Secretname"  # highdicom warns of names with a single component, and quotes them
    stream = io.BytesIO()
    dataset.save_as(stream)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        capture, _ = export(stream.getvalue(), PICTURE, CONTENT, True, SECRET)
    assert dcmread(io.BytesIO(capture)).PatientName == "Secretname"
    assert caught == []


def test_export_ignores_placeholder_patient_id():
    dataset = dcmread(io.BytesIO(source()))
    dataset.PatientID = "removed"
    stream = io.BytesIO()
    dataset.save_as(stream)
    assert all(
        not dcmread(io.BytesIO(data)).PatientID for data in export(stream.getvalue(), PICTURE, CONTENT, False, SECRET)
    )
