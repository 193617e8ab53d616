"""Structured Reports of marks: accepted by programs of others, and with no more of the source than a report must have."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread

from builders.conformance import conformance_errors, dumped_report
from mammo_core.dicom.guard import quiet_pydicom
from mammo_core.dicom.mark_report import ReportedRegion, mark_report
from mammo_core.dicom.write import Header, dicom_bytes
from mammo_core.errors import ImageError

TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BOX = ReportedRegion("0" * 31 + "1", "box", "mass", "malignant", (10.126, 20.0, 110.0, 60.0))
ELLIPSE = ReportedRegion("0" * 31 + "2", "ellipse", "calcifications", "unsure", (10.0, 20.0, 110.0, 60.0))
REGIONS = [
    replace(BOX, id=f"{number:032x}", shape=shape, kind=kind, finding=finding)
    for number, (shape, kind, finding) in enumerate(
        [
            ("box", "mass", "malignant"),
            ("ellipse", "calcifications", "benign"),
            ("ellipse", "asymmetry", "unsure"),
            ("box", "distortion", "malignant"),
        ],
        1,
    )
]


def source(**elements: object) -> bytes:
    """A file with identifiers, and with more that a report has no need of."""
    dataset = dcmread(
        io.BytesIO(dicom_bytes(np.zeros((200, 160), np.uint16), Header("SECRET-ID", "7", "R", "CC"), "plain"))
    )
    own = {
        "PatientName": "Secret^Name",
        "PatientBirthDate": "19600102",
        "PatientSex": "F",
        "AccessionNumber": "ACC",
        "StudyDate": "20200304",
        "PatientAddress": "LEAK street",
        "InstitutionName": "LEAK hospital",
        "PatientAge": "060Y",
        "OtherPatientNames": "LEAK^Name",
        "PatientComments": "LEAK",
        "ImagerPixelSpacing": ["0.1", "0.05"],
    }
    with quiet_pydicom():  # invalid values are written on purpose
        for name, value in {**own, **elements}.items():
            if value is not None:
                setattr(dataset, name, value)
            elif name in dataset:
                del dataset[name]
        stream = io.BytesIO()
        dataset.save_as(stream)
    return stream.getvalue()


def report(
    data: bytes, regions: list[ReportedRegion], author: str = "Ann Müller", laterality: str | None = "R"
) -> bytes:
    return mark_report(data, regions, author, TIME, laterality)


def groups(data: bytes) -> list[hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations]:
    content = hd.sr.MeasurementReport.from_sequence([dcmread(io.BytesIO(data))])
    return content.get_planar_roi_measurement_groups()


@pytest.mark.parametrize("elements", [{}, {"SpecificCharacterSet": "ISO_IR 144", "PatientName": "Люкceмбypг"}], ids=str)
def test_report_is_accepted_by_programs_of_others(tmp_path, elements):
    data = report(source(**elements), REGIONS)
    assert conformance_errors(data, tmp_path) == []
    text = dumped_report(data, tmp_path)
    for words in (
        "Mammographic breast mass",
        "Calcification Cluster",
        "Asymmetric breast tissue",
        "Architectural distortion",
    ):
        assert words in text
    assert text.count("ELLIPSE") == text.count("POLYLINE") == 2


def test_report_with_values_that_dicom_does_not_allow_is_accepted_without_them(tmp_path):
    bad = {"PatientSex": "U", "PatientBirthDate": "1950", "AccessionNumber": "x" * 30, "StudyDate": "20201332"}
    data = report(source(**bad), [BOX])
    assert conformance_errors(data, tmp_path) == []
    assert "1950" not in str(dcmread(io.BytesIO(data)).PatientBirthDate)


def test_report_refers_to_its_image_and_belongs_to_its_study():
    original, made = (dcmread(io.BytesIO(data)) for data in (source(), report(source(), [BOX])))
    assert (made.PatientID, made.PatientName, made.PatientBirthDate) == ("SECRET-ID", "Secret^Name", "19600102")
    assert (made.StudyInstanceUID, made.StudyDate) == (original.StudyInstanceUID, "20200304")
    assert made.SeriesInstanceUID != original.SeriesInstanceUID
    (study,) = made.CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    (image,) = series.ReferencedSOPSequence
    assert (study.StudyInstanceUID, series.SeriesInstanceUID) == (original.StudyInstanceUID, original.SeriesInstanceUID)
    assert (image.ReferencedSOPInstanceUID, image.ReferencedSOPClassUID) == (
        original.SOPInstanceUID,
        original.file_meta.MediaStorageSOPClassUID,
    )
    (group,) = groups(report(source(), [BOX]))
    (referenced,) = group.roi.ContentSequence
    assert referenced.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == original.SOPInstanceUID


def test_report_carries_nothing_of_the_header_that_it_need_not():
    data = report(source(), REGIONS)
    assert b"LEAK" not in data
    assert b"060Y" not in data


def test_box_and_ellipse_have_their_coordinates_kind_finding_side_and_tracking_identity():
    box, ellipse = groups(report(source(), [BOX, ELLIPSE]))
    corners = [[20, 10.13], [60, 10.13], [60, 110], [20, 110], [20, 10.13]]
    assert np.allclose(box.roi.value, corners, atol=1e-4)
    assert np.allclose(ellipse.roi.value, [[40, 10], [40, 110], [20, 60], [60, 60]])  # the longer axis first
    assert (box.finding_type.meaning, ellipse.finding_type.meaning) == (
        "Mammographic breast mass",
        "Calcification Cluster",
    )
    opinions = [group.get_qualitative_evaluations()[0].value.meaning for group in (box, ellipse)]
    assert opinions == ["Malignant", "Indeterminate"]
    assert box.finding_sites[0].laterality.meaning == "Right"
    assert (box.tracking_uid, ellipse.tracking_uid) == ("2.25.1", "2.25.2")


def measured(data: bytes) -> list[list[tuple[str, float, str]]]:
    return [
        [(one.name.meaning, round(float(one.value), 2), one.unit.value) for one in group.get_measurements()]
        for group in groups(data)
    ]


def test_measurements_are_in_mm_of_the_file_and_left_out_where_it_states_none():
    lengths = [("Height", 10.0, "mm"), ("Width", 2.0, "mm")]
    boxes = [replace(BOX, box=(10.0, 20.0, 110.0, 60.0)), ELLIPSE]
    assert measured(report(source(), boxes)) == [
        [*lengths, ("Area", 20.0, "mm2")],
        [*lengths, ("Area", 15.71, "mm2")],
    ]
    assert measured(report(source(ImagerPixelSpacing=None), boxes)) == [[], []]


def test_author_and_time_are_those_of_the_marks(tmp_path):
    data = report(source(), [BOX], author="Ann^=B\\ Müller")
    made = dcmread(io.BytesIO(data))
    assert "Ann B Müller" in dumped_report(data, tmp_path)
    local = TIME.astimezone()
    assert (made.ContentDate, made.ContentTime) == (local.strftime("%Y%m%d"), local.strftime("%H%M%S"))


def test_side_that_is_unknown_is_left_out(tmp_path):
    data = report(source(), [BOX], laterality=None)
    assert groups(data)[0].finding_sites[0].laterality is None
    assert conformance_errors(data, tmp_path) == []


@pytest.mark.parametrize(
    ("elements", "regions", "reason"),
    [
        ({"SOPInstanceUID": None}, [BOX], "no valid SOPInstanceUID"),
        ({"StudyInstanceUID": "SECRET 1"}, [BOX], "no valid StudyInstanceUID"),
        ({}, [replace(BOX, box=(10.0, 20.0, 201.0, 60.0))], "lies outside this image"),
    ],
)
def test_image_that_no_report_can_refer_to_is_one_sentence_without_its_values(elements, regions, reason):
    with pytest.raises(ImageError, match=reason) as caught:
        report(source(**elements), regions)
    assert "SECRET" not in str(caught.value)


def test_file_that_is_not_dicom_is_refused():
    with pytest.raises(ImageError):
        report(b"no image" * 100, [BOX])
