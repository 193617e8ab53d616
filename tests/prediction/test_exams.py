from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mammo_core.prediction.decode import DecodedImage
from mammo_core.prediction.exams import apply_corrections, exam_warnings, hang_exams, mark_duplicates, strip_file_names
from mammo_core.prediction.results import ExamReport, Prediction
from mammo_core.preprocess import Geometry

PLACE = Geometry(8, 6, 0, 0, 8, 6, False, 0, 0, 4, 3)


def image(file: str, laterality: str | None, view: str | None, seed: int = 0, patient: str | None = "p") -> Prediction:
    picture = np.random.default_rng(seed).integers(0, 255, (8, 6), np.uint8)
    thumbnail = np.random.default_rng(seed).integers(0, 255, (16, 16), np.uint8)
    upload = DecodedImage(
        file, patient, laterality, view, np.zeros((4, 4), np.uint8), PLACE, picture, {}, (), str(seed), thumbnail
    )
    return Prediction(file, upload, 0.5)


STANDARD = [image(f"{side}{view}", side, view, seed) for seed, (side, view) in enumerate(
    [("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")]
)]  # fmt: skip


def remarks_on(images: list[Prediction]) -> list[str]:
    (rows,) = hang_exams(images).values()
    return exam_warnings(rows)


@pytest.mark.parametrize(
    "again",
    [
        STANDARD[0],
        replace(STANDARD[0], file="copy"),
        replace(STANDARD[0], upload=replace(STANDARD[0].upload, digest="another window", instance="7")),
        replace(STANDARD[0], file="copy (1)", upload=replace(STANDARD[0].upload, view=None, instance=None)),
    ],
    ids=["the same file", "a copy", "the same SOP instance", "a copy whose name says no view"],
)
def test_remove_duplicates_same_image_counts_once(again):
    first = replace(STANDARD[0], upload=replace(STANDARD[0].upload, instance="7"))
    found = mark_duplicates(
        [first, *STANDARD[1:], again, Prediction("letter", error="no"), Prediction("x", error="no")]
    )
    assert found[:4] == [first, *STANDARD[1:]]
    assert found[4].upload is None
    assert found[4].error == "This is the same image as file 1; it counts once."
    assert [one.error for one in found[5:]] == ["no", "no"]


def test_remove_duplicates_shared_sop_instance_keeps_different_images():
    alike = [replace(one, upload=replace(one.upload, instance="7")) for one in STANDARD]
    assert mark_duplicates(alike) == alike
    same_view = [image("a", "L", "CC", 1), image("b", "L", "CC", 2)]
    alike = [replace(one, upload=replace(one.upload, instance="7")) for one in same_view]
    assert mark_duplicates(alike) == alike


def test_same_file_name_keeps_two_images_and_separate_corrections():
    images = [image("1-1.dcm", "L", "CC", 1, "a"), image("1-1.dcm", "R", "MLO", 2, "b")]
    assert mark_duplicates(images) == images
    found = apply_corrections(images, {"2": ("c", "L", "ML")})
    assert found[0] == images[0]
    assert (found[1].upload.patient, found[1].upload.laterality, found[1].upload.view) == ("c", "L", "ML")
    assert [one.file for one in strip_file_names(ExamReport("m", 0.5, images)).images] == ["file 1", "file 2"]


def test_corrections_override_patient_side_and_view():
    images = [image("a", None, None), Prediction("letter", error="no")]
    found = apply_corrections(images, {"0": ("q", "R", "MLO")})
    assert (found[0].upload.patient, found[0].upload.laterality, found[0].upload.view) == ("q", "R", "MLO")
    assert found[1] is images[1]
    assert images[0].upload.laterality is None
    assert apply_corrections(images, {}) == images


def test_warnings_standard_exam_has_none():
    assert remarks_on(STANDARD) == []


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (STANDARD[:3], ["Missing from the four standard views: L MLO."]),
        ([*STANDARD, image("again", "R", "CC", 9)], ["Repeated: R CC (2 times)."]),
        ([*STANDARD, image("more", "R", "ML", 9)], ["Not among the standard views: ML."]),
        ([*STANDARD[:3], image("x", "L", None, 9)], ["Side or view unknown: 1 of 4; set them in the table of files."]),
    ],
)
def test_warnings_list_missing_duplicate_additional_and_unknown_views(images, said):
    assert remarks_on(images) == said


def test_warnings_files_without_patient_id_has_one():
    images = [replace(one, upload=replace(one.upload, patient=None)) for one in STANDARD]
    assert remarks_on(images) == ["These files name no patient: if they are of several, say so in the table of files."]


def test_anonymised_report_replaces_file_names():
    answer = ExamReport("m", 0.5, [image("smith", "R", "CC"), Prediction("smith-2", error="The image is blank.")])
    found = strip_file_names(answer)
    assert [one.file for one in found.images] == ["file 1", "file 2"]
    assert found.images[1].error == "The image is blank."
    assert "smith" not in found.to_csv()
    assert isinstance(found.breasts, pd.DataFrame)
