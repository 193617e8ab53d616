import io
import zipfile

import pytest
from PIL import Image
from pydicom import dcmread

from builders.breasts import noisy_breast
from builders.dicom import build_dicom
from builders.phantom_files import input_files, letter
from mammo_core.prediction.examples import example_exam
from mammo_core.prediction.exports import dicom_archive, png_archive
from mammo_core.prediction.files import InputFile
from mammo_core.prediction.image_results import ONLY_SYNTHETIC
from mammo_core.prediction.predict import predict_exams
from mammo_core.workspace import Workspace


@pytest.fixture
def predict(finished, trained, sandbox):
    """Predict files with the trained network."""
    return lambda files: predict_exams(finished, files, trained, sandbox)


def captures(data: bytes) -> list:
    archive = zipfile.ZipFile(io.BytesIO(data))
    return [dcmread(io.BytesIO(archive.read(name))) for name in archive.namelist() if "capture" in name]


def test_dicom_archive_same_file_name_keeps_each_patient(predict, readable, trained, sandbox):
    rows = readable.drop_duplicates("patient_id").head(2)
    report = predict(input_files(rows, name="1-1.dcm"))
    data = dicom_archive(
        Workspace.from_environment(), report, trained.bundle, sandbox, opacity=0.5, keep_identifiers=True
    )
    assert [capture.PatientID for capture in captures(data)] == rows["patient_id"].tolist()


def test_dicom_archive_has_capture_and_report_of_each_predicted_image(predict, trained, sandbox):
    report = predict([letter(), *example_exam(Workspace.from_environment()).files])
    data = dicom_archive(
        Workspace.from_environment(), report, trained.bundle, sandbox, opacity=0.5, keep_identifiers=False
    )
    names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert names[:2] == ["002-capture.dcm", "002-report.dcm"]  # numbered as the files of the report
    assert len(names) == 8
    made = captures(data)
    assert [capture.Laterality for capture in made] == [image.decoded.laterality for image in report.predictions]
    assert {capture.PatientID for capture in made} == {report.patients[0].patient}
    shapes = [image.decoded.picture.shape for image in report.predictions]
    assert [(capture.Rows, capture.Columns) for capture in made] == shapes


def test_png_archive_has_one_picture_a_patient(predict):
    report = predict(example_exam(Workspace.from_environment()).files)
    archive = zipfile.ZipFile(io.BytesIO(png_archive(report, 0.5)))
    assert archive.namelist() == [f"{report.patients[0].patient}.png"]
    assert Image.open(io.BytesIO(archive.read(archive.namelist()[0]))).mode == "RGB"


def test_exports_of_a_file_that_is_no_phantom_state_no_decision(predict, trained, sandbox):
    report = predict([InputFile("a", build_dicom(noisy_breast(1), ImageLaterality="R", ViewPosition="CC"), "a")])
    assert [(breast.recall, breast.no_decision) for breast in report.breasts] == [(None, ONLY_SYNTHETIC)]
    data = dicom_archive(
        Workspace.from_environment(), report, trained.bundle, sandbox, opacity=0.5, keep_identifiers=False
    )
    archive = zipfile.ZipFile(io.BytesIO(data))
    document = dcmread(io.BytesIO(archive.read("001-report.dcm")))
    values = [str(element.value) for element in document.iterall()]
    assert "No decision: this model has only seen synthetic images." in values
    assert "No decision" in values
    assert not {"Recall", "No recall"} & set(values)
