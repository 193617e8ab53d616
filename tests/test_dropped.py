from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mammo_core.dropped import corrected, hang_exams, nameless, remarks, without_repeats
from mammo_core.inference import Answer, Prediction
from mammo_core.preprocess import Geometry
from mammo_core.uploads import Upload

PLACE = Geometry(8, 6, 0, 0, 8, 6, False, 0, 0, 4, 3)


def image(file: str, laterality: str | None, view: str | None, seed: int = 0, patient: str | None = "p") -> Prediction:
    picture = np.random.default_rng(seed).integers(0, 255, (8, 6), np.uint8)
    glance = np.random.default_rng(seed).integers(0, 255, (16, 16), np.uint8)
    upload = Upload(
        file, patient, laterality, view, np.zeros((4, 4), np.uint8), PLACE, picture, {}, (), str(seed), glance
    )
    return Prediction(file, upload, 0.5)


STANDARD = [image(f"{side}{view}", side, view, seed) for seed, (side, view) in enumerate(
    [("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")]
)]  # fmt: skip


def remarks_on(images: list[Prediction]) -> list[str]:
    (rows,) = hang_exams(images).values()
    return remarks(rows)


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
def test_an_image_dropped_twice_counts_once(again):
    first = replace(STANDARD[0], upload=replace(STANDARD[0].upload, instance="7"))
    found = without_repeats(
        [first, *STANDARD[1:], again, Prediction("letter", error="no"), Prediction("x", error="no")]
    )
    assert found[:4] == [first, *STANDARD[1:]]
    assert found[4].upload is None
    assert found[4].error == "This is the same image as file 1; it counts once."
    assert [one.error for one in found[5:]] == ["no", "no"]


def test_images_to_which_an_anonymiser_gave_one_sop_instance_are_several():
    alike = [replace(one, upload=replace(one.upload, instance="7")) for one in STANDARD]
    assert without_repeats(alike) == alike
    same_view = [image("a", "L", "CC", 1), image("b", "L", "CC", 2)]
    alike = [replace(one, upload=replace(one.upload, instance="7")) for one in same_view]
    assert without_repeats(alike) == alike


def test_images_in_files_of_one_name_are_two():
    images = [image("1-1.dcm", "L", "CC", 1, "a"), image("1-1.dcm", "R", "MLO", 2, "b")]
    assert without_repeats(images) == images
    found = corrected(images, {"2": ("c", "L", "ML")})
    assert found[0] == images[0]
    assert (found[1].upload.patient, found[1].upload.laterality, found[1].upload.view) == ("c", "L", "ML")
    assert [one.file for one in nameless(Answer("m", 0.5, images)).images] == ["file 1", "file 2"]


def test_what_a_person_says_of_a_view_counts():
    images = [image("a", None, None), Prediction("letter", error="no")]
    found = corrected(images, {"0": ("q", "R", "MLO")})
    assert (found[0].upload.patient, found[0].upload.laterality, found[0].upload.view) == ("q", "R", "MLO")
    assert found[1] is images[1]
    assert images[0].upload.laterality is None
    assert corrected(images, {}) == images


def test_a_standard_exam_has_nothing_to_remark():
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
def test_what_is_unusual_is_said(images, said):
    assert remarks_on(images) == said


def test_files_of_no_patient_are_remarked_on():
    images = [replace(one, upload=replace(one.upload, patient=None)) for one in STANDARD]
    assert remarks_on(images) == ["These files name no patient: if they are of several, say so in the table of files."]


def test_names_of_files_go():
    answer = Answer("m", 0.5, [image("smith", "R", "CC"), Prediction("smith-2", error="The image is blank.")])
    found = nameless(answer)
    assert [one.file for one in found.images] == ["file 1", "file 2"]
    assert found.images[1].error == "The image is blank."
    assert "smith" not in found.to_csv()
    assert isinstance(found.breasts, pd.DataFrame)
