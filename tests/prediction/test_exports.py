import io
import zipfile
from pathlib import Path

from PIL import Image
from pydicom import dcmread

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.library import example_exam
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.models.bundle import open_bundle
from mammo_core.prediction.exams import hang_exams
from mammo_core.prediction.exports import dicom_files, pictures
from mammo_core.prediction.predict import predict_files
from mammo_core.prediction.predictor import Predictor
from mammo_core.prediction.results import summarise
from mammo_core.prediction.viewing import quarantined
from mammo_core.workspace import Workspace


def test_exports_same_file_name_keep_their_own_patients(finished):
    bundle = open_bundle(finished / "models" / "trained")
    table = read_catalogue(finished / "data" / "demo").table.dropna(subset=["file"])
    table = table[~table["image_id"].isin(quarantined(read_catalogue(finished / "data" / "demo")))]
    rows = table.drop_duplicates("patient_id").head(2)
    files = [("1-1.dcm", Path(file)) for file in rows["file"]]
    with Sandbox() as sandbox:
        answer = summarise(list(predict_files(files, Predictor(bundle), sandbox)), bundle)
        data = dicom_files(answer, files, bundle, sandbox, opacity=0.5, keep=True)
    made = zipfile.ZipFile(io.BytesIO(data))
    captures = [dcmread(io.BytesIO(made.read(name))) for name in made.namelist() if "capture" in name]
    assert [capture.PatientID for capture in captures] == rows["patient_id"].tolist()


def test_exports_match_exam_report(finished):
    bundle = open_bundle(finished / "models" / "trained")
    files = [*example_exam(Workspace.from_environment()), ("letter.txt", b"no image")]
    with Sandbox() as sandbox:
        answer = summarise(list(predict_files(files, Predictor(bundle), sandbox)), bundle)
        exams = hang_exams(answer.images)
        archive = zipfile.ZipFile(io.BytesIO(pictures(answer, exams, 0.5)))
        (name,) = archive.namelist()
        assert name == f"{answer.patients['patient'].iloc[0]}.png"
        assert Image.open(io.BytesIO(archive.read(name))).mode == "RGB"

        data = dicom_files(answer, files, bundle, sandbox, opacity=0.5, keep=False)
    made = zipfile.ZipFile(io.BytesIO(data))
    scored = [image for image in answer.images if image.upload]
    assert len(made.namelist()) == 2 * len(scored) == 8
    captures = [dcmread(io.BytesIO(made.read(name))) for name in made.namelist() if "capture" in name]
    assert [capture.Laterality for capture in captures] == [image.upload.laterality for image in scored]
    assert {capture.PatientID for capture in captures} == {answer.patients["patient"].iloc[0]}
    assert all(
        (capture.Rows, capture.Columns) == image.upload.picture.shape
        for capture, image in zip(captures, scored, strict=True)
    )
