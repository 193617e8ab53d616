import io
import shutil
import subprocess
import warnings
from dataclasses import replace

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from mammo_core.dicom.export import ReportContent, export
from mammo_core.dicom.write import Header, dicom_bytes
from mammo_core.errors import ImageError

STATEMENT = ReportContent("demo", 0.73, True, 0.4, False, "R", "CC", ("Research use only.", "Synthetic images."))
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
def made() -> dict[bool, tuple[bytes, bytes]]:
    return {keep: export(source(), PICTURE, STATEMENT, keep, SECRET) for keep in (False, True)}


def test_export_deidentified_contains_no_source_identifiers(made):
    original = dcmread(io.BytesIO(source()))
    for data in made[False]:
        for secret in (
            b"SECRET",
            b"Secret",
            b"19600102",
            b"20200304",
            original.StudyInstanceUID.encode(),
            original.SOPInstanceUID.encode(),
        ):
            assert secret not in data


def test_export_keeps_identifiers_on_request(made):
    original = dcmread(io.BytesIO(source()))
    for data in made[True]:
        found = dcmread(io.BytesIO(data))
        assert (found.PatientID, found.PatientName, found.AccessionNumber) == ("SECRET-ID", "Secret^Name", "SECRET-ACC")
        assert found.StudyInstanceUID == original.StudyInstanceUID
        assert "PatientIdentityRemoved" not in found


def test_export_secondary_capture_holds_the_picture(made):
    capture = dcmread(io.BytesIO(made[False][0]))
    assert np.array_equal(capture.pixel_array, PICTURE)
    assert (capture.PatientIdentityRemoved, capture.BurnedInAnnotation) == ("YES", "NO")
    assert list(capture.PatientOrientation) == ["P", "L"]
    assert "Research use only." in capture.ImageComments


@pytest.mark.parametrize("burned", ["YES", None])
def test_export_unverified_pixels_are_not_marked_deidentified(burned):
    capture = dcmread(io.BytesIO(export(source(burned), PICTURE, STATEMENT, False, SECRET)[0]))
    assert capture.get("PatientIdentityRemoved") != "YES"
    assert capture.get("BurnedInAnnotation") != "NO"
    assert "pixels not examined" in capture.DeidentificationMethod


def texts(item: Dataset) -> list[str]:
    own = [str(item[name].value) for name in ("TextValue",) if name in item]
    own += [code.CodeMeaning for code in item.get("ConceptCodeSequence", [])]
    return own + [text for child in item.get("ContentSequence", []) for text in texts(child)]


@pytest.mark.parametrize(
    ("out_of_distribution", "recall", "said"), [(False, True, "Recall"), (True, True, "No decision")]
)
def test_export_report_has_no_decision_for_ood_image(out_of_distribution, recall, said):
    statement = replace(STATEMENT, out_of_distribution=out_of_distribution, recall=recall)
    found = texts(dcmread(io.BytesIO(export(source(), PICTURE, statement, False, SECRET)[1])))
    assert said in found
    assert ("The image is unlike the training images, so the prediction has no basis." in found) == out_of_distribution
    assert "Recall threshold for a breast: probability 0.400." in found


def test_export_images_of_an_exam_share_one_study(made):
    again = export(source(), PICTURE, STATEMENT, False, SECRET)
    studies = {dcmread(io.BytesIO(data)).StudyInstanceUID for data in (*made[False], *again)}
    assert len(studies) == 1


def numbers(item: Dataset) -> list[float]:
    own = [float(item.MeasuredValueSequence[0].NumericValue)] if item.get("ValueType") == "NUM" else []
    return own + [value for child in item.get("ContentSequence", []) for value in numbers(child)]


def test_export_report_holds_probability_and_references_capture(made):
    capture, report = (dcmread(io.BytesIO(data)) for data in made[False])
    assert numbers(report) == [0.73]
    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    assert study.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == capture.SOPInstanceUID


def test_export_unknown_laterality_leaves_orientation_empty():
    statement = ReportContent("demo", 0.2, None, 0.4, False, None, None, ("Research use only.",))
    capture = dcmread(io.BytesIO(export(source(), PICTURE, statement, False, SECRET)[0]))
    assert not capture.PatientOrientation


def test_export_is_readable_by_dcmtk(made, tmp_path):
    for name, data, command in (("sc", made[False][0], "dcmdump"), ("sr", made[False][1], "dsrdump")):
        path = tmp_path / f"{name}.dcm"
        path.write_bytes(data)
        if shutil.which(command):
            done = subprocess.run([command, str(path)], capture_output=True, text=True, check=True)
            assert ("Recall" if name == "sr" else "Research use only.") in done.stdout


def test_export_unreadable_source_raises_image_error(tmp_path):
    with pytest.raises(ImageError, match="can't be read again"):
        export(tmp_path / "nothing.dcm", PICTURE, STATEMENT, False, SECRET)


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
    for data in export(stream.getvalue(), PICTURE, STATEMENT, True, SECRET):
        found = dcmread(io.BytesIO(data))
        assert not found.get(name)
        assert found.PatientID == "SECRET-ID"


def test_export_warnings_never_quote_a_patient_name():
    dataset = dcmread(io.BytesIO(source()))
    dataset.PatientName = "Secretname"  # highdicom warns of names with a single component, and quotes them
    stream = io.BytesIO()
    dataset.save_as(stream)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        capture, _ = export(stream.getvalue(), PICTURE, STATEMENT, True, SECRET)
    assert dcmread(io.BytesIO(capture)).PatientName == "Secretname"
    assert caught == []


def test_export_ignores_placeholder_patient_id():
    dataset = dcmread(io.BytesIO(source()))
    dataset.PatientID = "removed"
    stream = io.BytesIO()
    dataset.save_as(stream)
    assert all(
        not dcmread(io.BytesIO(data)).PatientID for data in export(stream.getvalue(), PICTURE, STATEMENT, False, SECRET)
    )
