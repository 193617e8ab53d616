"""One road from files to a report, with archives, duplicates, corrections and a cache."""

from dataclasses import replace
from pathlib import Path

import pytest

from builders.archives import zipped
from builders.breasts import noisy_breast
from builders.dicom import build_dicom
from builders.phantom_files import input_files, letter
from mammo_core.documents.progress import Progress
from mammo_core.prediction.exams import STUDY_OF_ITS_OWN, Correction, hang_exams
from mammo_core.prediction.files import FileNote, InputFile
from mammo_core.prediction.image_results import DuplicateImage, ImagePrediction, UnreadableImage
from mammo_core.prediction.predict import BatchPredictor, PredictionCache, ReportingPredictor, predict_exams


@pytest.fixture
def predict(finished, trained, sandbox):
    """Predict files with the trained network."""

    def run(files, predictor=trained, **options):
        return predict_exams(finished, files, predictor, sandbox, **options)

    return run


class Counting:
    """A predictor that records which files it predicts."""

    def __init__(self, predictor):
        self.bundle, self.predictor, self.names = predictor.bundle, predictor, []

    def predict_files(self, workspace, files, sandbox):
        self.names += [file.name for file in files]
        return self.predictor.predict_files(workspace, files, sandbox)


def test_predict_exams_opens_archives_and_marks_duplicates(predict, exam):
    first, second = input_files(exam.head(2))
    members = {"a/1": first.source.read_bytes(), "a/notes.txt": b"text"}
    archive = InputFile("exam.zip", zipped(members), "upload")
    report = predict([InputFile("bad.zip", b"", "bad"), archive, first, second, letter()])
    kinds = [UnreadableImage, ImagePrediction, DuplicateImage, ImagePrediction, UnreadableImage]
    assert [type(image) for image in report.images] == kinds
    assert report.images[2].original == 2
    assert report.notes == (FileNote("exam.zip", "Skipped 1 of 2 files (.txt)."),)
    assert sorted(report.sources) == sorted(["upload 0", first.key, second.key, "letter"])
    assert report.sources[second.key] == second.source


def test_reporting_predictor_hands_on_each_result(predict, exam, trained):
    received = []
    reporting = ReportingPredictor(
        trained, lambda images, total: received.append(([type(one) for one in images], total))
    )
    predict([letter(), input_files(exam.head(1))[0]], predictor=reporting)
    assert received == [([UnreadableImage], 2), ([UnreadableImage, ImagePrediction], 2)]


def test_predict_exams_groups_a_patient_by_breast_and_view(predict, exam):
    report = predict(input_files(exam))
    (hung,) = hang_exams(report.images)
    rows = hung.rows
    views = [tuple((image.decoded.laterality, image.decoded.view) for image in row) for row in rows]
    assert views == [
        (("R", "CC"), ("L", "CC")),
        (("R", "MLO"), ("L", "MLO")),
    ]  # from the table: the files don't state it
    assert [breast.images for breast in report.breasts] == [2, 2]
    assert report.patients[0].images == 4
    assert report.patients[0].probability == max(breast.probability for breast in report.breasts)


def test_predict_exams_study_of_its_own_for_every_file_is_one_exam(predict):
    files = [
        InputFile(
            f"{side}{view}",
            build_dicom(
                noisy_breast(seed), StudyInstanceUID=f"1.2.{seed + 1}", ImageLaterality=side, ViewPosition=view
            ),
            f"{side}{view}",
        )
        for seed, (side, view) in enumerate([("L", "CC"), ("L", "MLO"), ("R", "CC"), ("R", "MLO")])
    ]
    report = predict(files)
    assert [(breast.laterality, breast.images) for breast in report.breasts] == [("L", 2), ("R", 2)]
    assert len(report.patients) == 1
    assert all(STUDY_OF_ITS_OWN in image.notes for image in report.predictions)


def test_predict_exams_applies_corrections_before_it_combines(predict, exam):
    files = input_files(exam.head(1))
    (image,) = predict(files).images
    report = predict(files, corrections={image.decoded.digest: Correction("Ann", "R", "MLO")})
    assert [(breast.patient, breast.laterality) for breast in report.breasts] == [("Ann", "R")]
    report = predict(files, corrections={image.decoded.digest: Correction(None, None, None)})
    assert report.breasts == ()


def test_predict_exams_report_contains_no_patient_identifier(predict, readable):
    row = readable.iloc[0]
    report = predict([InputFile("a", Path(row["file"]), "a")])
    (image,) = report.images
    text = str(report.to_document().to_json()) + report.to_csv() + repr(image.decoded.tags) + repr(image.decoded.notes)
    assert f"'{row['patient_id']}'" not in text
    assert image.decoded.patient != row["patient_id"]


def test_cache_predicts_only_new_files_and_forgets_those_that_are_gone(predict, trained, exam):
    counting, cache = Counting(trained), PredictionCache()
    first, second = input_files(exam.head(2))
    before = predict([first], counting, cache=cache)
    both = predict([first, second], counting, cache=cache)
    assert both.images[0] is before.images[0]
    assert counting.names == [first.name, second.name]
    assert predict([second], counting, cache=cache).images == both.images[1:]
    assert list(cache.images.values()) == list(both.images[1:])


def test_cache_opens_an_archive_once_and_forgets_it_when_it_is_gone(predict, exam):
    cache = PredictionCache()
    (member,) = input_files(exam.head(1))
    archive = InputFile("exam.zip", zipped({"1": member.source.read_bytes()}), "upload")
    first = predict([archive], cache=cache)
    assert predict([replace(archive, source=b"not opened again")], cache=cache).images == first.images
    predict([member], cache=cache)
    assert cache.archives == {}


def test_cache_with_capacity_keeps_the_latest_of_other_files(predict, trained, exam):
    counting, cache = Counting(trained), PredictionCache(capacity=1)
    first, second, third = input_files(exam.head(3))
    for file in (first, second, third, second):
        predict([file], counting, cache=cache)
    assert counting.names == [first.name, second.name, third.name]
    predict([first], counting, cache=cache)
    assert counting.names[3:] == [first.name]


def test_batch_predictor_reports_progress_and_drops_arrays(predict, trained, exam):
    progress = []
    batch = BatchPredictor(trained, progress.append)
    files = [*input_files(exam), letter()]
    report = predict(files, batch)
    assert progress == [Progress(done=done, total=5, unit="files") for done in range(1, 6)]
    assert all(image.cam is None and image.decoded.picture.size == 0 for image in report.predictions)
    assert report.to_document() == predict(files).to_document()
