import hashlib
import io
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mammo_core.assessment.store_evaluation import evaluate_store
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dicom import patient_key
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.errors import ConfigError
from mammo_core.jobs import run_in_process
from mammo_core.jobs.requests import import_request
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import model_folder
from mammo_core.phantoms import DemoSpec, generate
from mammo_core.prediction.exams import hang_exams
from mammo_core.prediction.predict import predict_files, predict_image, predict_new
from mammo_core.prediction.predictor import Predictor
from mammo_core.prediction.results import Prediction, summarise
from mammo_core.prediction.viewing import quarantined
from mammo_core.workspace import Workspace


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def predictor(finished):
    return Predictor(open_bundle(model_folder(Workspace.from_environment(), "trained")))


@pytest.fixture
def readable(finished):
    """Catalogue rows of images that can be read."""
    catalogue = read_catalogue(finished / "data" / "demo")
    return catalogue.table[~catalogue.table["image_id"].isin(quarantined(catalogue))]


def test_model_input_equals_png_used_in_training(finished, readable, predictor, sandbox):
    """One path: the tensor of a dropped file is the PNG of the import, for every machine's files."""
    manifest = pd.read_parquet(finished / "data" / "prepared" / "demo" / "manifest.parquet").set_index("image_id")
    sample = readable.groupby("machine_id").head(2)
    files = [(row.image_id, Path(row.file).read_bytes()) for row in sample.itertuples()]
    predictions = list(predict_files(files, predictor, sandbox))
    assert len(predictions) >= 8
    for prediction in predictions:
        with Image.open(finished / "data" / "prepared" / "demo" / manifest.loc[prediction.file, "png"]) as png:
            assert np.array_equal(np.asarray(png), prediction.upload.model_input)


def test_predict_training_file_equals_stored_prediction(finished, readable, predictor, sandbox):
    stored = predictor.bundle.predictions().set_index("image_id")["probability"]
    row = readable[readable["image_id"].isin(stored.index)].iloc[0]
    (prediction,) = predict_files([("a", Path(row["file"]))], predictor, sandbox)
    assert prediction.probability == pytest.approx(stored[row["image_id"]], abs=1e-5)


def test_heatmap_matches_picture_size_and_stays_within_crop(readable, predictor, sandbox):
    (prediction,) = predict_files([("a", Path(readable["file"].iloc[0]))], predictor, sandbox)
    cam, geometry = prediction.heatmap(), prediction.upload.geometry
    assert cam.shape == prediction.upload.picture.shape
    assert 0 <= cam.min() <= cam.max() <= 1
    scale = cam.shape[1] / geometry.source_columns
    outside = cam[:, : int(geometry.left * scale)], cam[:, int(np.ceil(geometry.right * scale)) + 1 :]
    assert not any(part.any() for part in outside)


def test_exam_report_contains_no_patient_identifier(readable, predictor, sandbox):
    row = readable.iloc[0]
    images = list(predict_files([("a", Path(row["file"]))], predictor, sandbox))
    answer = summarise(images, predictor.bundle)
    text = str(answer.to_json()) + answer.to_csv() + repr(images[0].upload.tags) + repr(images[0].upload.notes)
    assert f"'{row['patient_id']}'" not in text
    assert images[0].upload.patient != row["patient_id"]


def test_predict_new_processes_only_new_files(readable, predictor, sandbox):
    known = {}
    files = [(name, Path(name).read_bytes()) for name in readable["file"].iloc[:2]]
    first = predict_new(files[:1], ["a"], predictor, sandbox, known)
    again = predict_new(files, ["a", "b"], predictor, sandbox, known)
    assert again[0] is first[0]
    assert len(known) == 2
    assert predict_new(files[1:], ["b"], predictor, sandbox, known) == again[1:]
    assert list(known.values()) == again[1:]  # of files that are gone nothing is kept


def test_summarise_unknown_side_has_no_breast_and_out_of_distribution_is_marked(predictor, readable, sandbox):
    (image,) = predict_files([("a/b.dcm", Path(readable["file"].iloc[0]))], predictor, sandbox)
    upload = replace(image.upload, patient="p", laterality="R")
    images = [
        replace(image, upload=upload, probability=0.25),
        replace(image, upload=upload, probability=0.75, ood_score=2.0),
        replace(image, upload=replace(upload, laterality=None), probability=1.0),
    ]
    answer = summarise(images, predictor.bundle)
    (breast,), (patient,) = answer.breasts.to_dict("records"), answer.patients.to_dict("records")
    assert (breast["images"], breast["probability"], breast["out_of_distribution"]) == (2, 0.5, True)
    assert patient["probability"] == 0.5
    table = pd.read_csv(io.StringIO(answer.to_csv()))
    assert table["file"].tolist() == ["b.dcm"] * 3
    assert table["breast_probability"].tolist()[:2] == [0.5, 0.5]
    assert pd.isna(table["breast_probability"].iloc[2])
    assert table["patient_probability"].tolist() == [0.5] * 3
    assert set(table["model"]) == {"trained"}
    unknown = summarise(images[2:], predictor.bundle)
    assert unknown.breasts.empty
    assert unknown.patients.empty
    assert "b.dcm" in unknown.to_csv()


def test_hang_exams_groups_predictions_by_patient_and_view(readable, predictor, sandbox):
    patient = readable["patient_id"].iloc[0]
    files = [(row.image_id, Path(row.file)) for row in readable[readable["patient_id"] == patient].itertuples()]
    images = list(predict_files(files, predictor, sandbox))
    (rows,) = hang_exams(images).values()
    assert sum(image is not None for row in rows for image in row) == len(files)
    assert [row[0].upload.view for row in rows[:2]] == ["CC", "MLO"]  # from the table: the files don't say
    assert {right.upload.laterality for right, _ in rows if right} == {"R"}
    answer = summarise(images, predictor.bundle)
    assert answer.patients["images"].tolist() == [len(files)]
    assert answer.breasts["probability"].max() == answer.patients["probability"].iloc[0]


def test_evaluate_store_selects_part_and_requires_same_preprocessing_config(finished, predictor):
    path, arguments = import_request("demo", "again")
    run_in_process(path, "import", {**arguments, "workers": 1})
    report = evaluate_store(Workspace.from_environment(), predictor.bundle, "again")
    assert (report.part, report.unit) == ("test", "breast")  # the same patients again
    assert report.n == predictor.bundle.evaluation().n
    elsewhere = finished / "data" / "elsewhere"
    shutil.copytree(
        finished / "data" / "demo", elsewhere, ignore=shutil.ignore_patterns("work*", "state*", "progress*")
    )
    path, arguments = import_request("elsewhere")
    run_in_process(path, "import", {**arguments, "workers": 1})
    assert (
        evaluate_store(Workspace.from_environment(), predictor.bundle, "elsewhere").part == "test"
    )  # by another name they are the same patients
    generate(finished / "data" / "others", DemoSpec(patients=6, seed=9, prevalence=0.5, rows=256, columns=192))
    path, arguments = import_request("others")
    run_in_process(path, "import", {**arguments, "workers": 1})
    assert evaluate_store(Workspace.from_environment(), predictor.bundle, "others").part == "all"
    path, arguments = import_request("demo", "small", 128)
    run_in_process(path, "import", {**arguments, "workers": 1})
    with pytest.raises(ConfigError, match="prepared in another way"):
        evaluate_store(Workspace.from_environment(), predictor.bundle, "small")


def test_evaluate_store_own_training_store_uses_only_test_part(predictor):
    report = evaluate_store(Workspace.from_environment(), predictor.bundle, "demo")
    assert report.part == "test"
    assert report.n < predictor.bundle.predictions().groupby(["patient_id", "laterality"]).ngroups


def test_file_without_patient_id_takes_patient_from_known_folder(readable, predictor, sandbox):
    (image,) = predict_files([("a", Path(readable["file"].iloc[0]))], predictor, sandbox)
    secret = bytes(32)
    for file, patient in (("1863/77.dcm", patient_key("1863", secret)), ("holiday/77.dcm", None), ("77.dcm", None)):
        upload = replace(image.upload, patient=None, file=file)
        assert predict_image(upload, predictor, {"77": ("R", "CC")}, secret).upload.patient == patient


def test_eight_concurrent_sessions_get_the_same_predictions_as_serial(readable, predictor, sandbox):
    files = [(row.image_id, Path(row.file)) for row in readable.head(40).itertuples()]
    serial = {image.file: fingerprint(image) for image in predict_files(files, predictor, sandbox)}

    def session(seed: int) -> list[Prediction]:
        chosen = [files[place] for place in np.random.default_rng(seed).permutation(len(files))[:25]]
        images = predict_new(chosen, [name for name, _ in chosen], predictor, sandbox, {})
        assert [image.file for image in images] == [name for name, _ in chosen]
        return images

    with ThreadPoolExecutor(8) as sessions:
        answers = list(sessions.map(session, range(8)))
    assert len(answers) == 8
    for images in answers:
        assert len(images) == 25
        assert all(fingerprint(image) == serial[image.file] for image in images)


def fingerprint(image: Prediction) -> tuple[str, str, float]:
    upload = image.upload
    arrays = hashlib.sha256(upload.model_input.tobytes() + upload.picture.tobytes()).hexdigest()
    cam = hashlib.sha256(np.round(image.cam, 4).tobytes()).hexdigest()
    return arrays, cam, round(image.probability, 6)
