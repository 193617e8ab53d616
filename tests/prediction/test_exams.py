from dataclasses import replace

import pytest

from builders.predicted_images import decoded_image, image_prediction
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.exams import (
    BY_FOLDER,
    NO_BREASTS,
    SPELLINGS,
    STUDY_OF_ITS_OWN,
    Correction,
    apply_corrections,
    complete_issuers,
    exam_warnings,
    hang_exams,
    hang_images,
    join_by_folder,
    join_single_image_studies,
    join_spellings,
    leave_out_substitutes,
    mark_duplicates,
    strip_file_names,
)
from mammo_core.prediction.files import FileNote
from mammo_core.prediction.image_results import DuplicateImage, ImagePrediction, UnreadableImage

STANDARD = [
    image_prediction(decoded_image(side, view, seed), f"{side}{view}")
    for seed, (side, view) in enumerate([("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")])
]


def image(file: str, laterality: str | None, view: str | None, seed: int, patient: str | None = "p") -> ImagePrediction:
    return image_prediction(decoded_image(laterality, view, seed, patient), file)


def with_instance(one: ImagePrediction, instance: str | None, **changes: str | None) -> ImagePrediction:
    return replace(one, decoded=replace(one.decoded, instance=instance, **changes))


def warnings_of(images: list[ImagePrediction]) -> list[str]:
    (exam,) = hang_exams(images)
    return exam_warnings(exam.rows)


@pytest.mark.parametrize(
    "again",
    [
        STANDARD[0],
        replace(STANDARD[0], file="copy"),
        with_instance(STANDARD[0], "7", digest="another window"),
        replace(with_instance(STANDARD[0], None, view=None), file="copy (1)"),
    ],
    ids=["same file", "copy", "same SOP instance", "copy whose name gives no view"],
)
def test_mark_duplicates_same_image_counts_once(again):
    first = with_instance(STANDARD[0], "7")
    unreadable = [UnreadableImage("letter", "l", "no"), UnreadableImage("x", "x", "no")]
    results = mark_duplicates([first, *STANDARD[1:], again, *unreadable])
    assert results == [first, *STANDARD[1:], DuplicateImage(again.file, again.key, 1), *unreadable]
    assert results[4].error == "This is the same image as file 1; it counts once."


def test_mark_duplicates_shared_sop_instance_keeps_different_views():
    shared = [with_instance(one, "7") for one in STANDARD]
    assert mark_duplicates(shared) == shared


def test_mark_duplicates_shared_sop_instance_and_view_keeps_different_pixels():
    shared = [with_instance(image(file, "L", "CC", seed), "7") for seed, file in enumerate("ab")]
    assert mark_duplicates(shared) == shared


def test_mark_duplicates_same_file_name_keeps_both_images():
    images = [image("1-1.dcm", "L", "CC", 1, "a"), image("1-1.dcm", "R", "MLO", 2, "b")]
    assert mark_duplicates(images) == images


def test_apply_corrections_replaces_patient_laterality_and_view_of_one_digest():
    images = [image("1-1.dcm", "L", "CC", 1), image("1-1.dcm", None, None, 2), UnreadableImage("letter", "l", "no")]
    results = apply_corrections(images, {"2": Correction("c", "L", "ML")})
    assert [results[0], results[2]] == [images[0], images[2]]
    assert (results[1].decoded.patient, results[1].decoded.laterality, results[1].decoded.view) == ("c", "L", "ML")
    assert images[1].decoded.laterality is None


def test_apply_corrections_empty_keeps_images():
    assert apply_corrections(STANDARD, {}) == STANDARD


def test_hang_images_orders_views_right_before_left():
    images = ["L MLO 1", "R MLO 2", "L CC 3", "R CC 4", "R MLO 5", "L AT 6"]
    assert hang_images(images, lambda image: tuple(image.split()[:2])) == [
        ("R CC 4", "L CC 3"),
        ("R MLO 2", "L MLO 1"),
        ("R MLO 5", None),
        (None, "L AT 6"),
    ]


def test_hang_exams_orders_views_and_puts_unknown_sides_at_the_left_breast():
    more = [image("x", None, "CC", 5), image("y", "R", None, 6), image("z", "L", "CC", 7, patient=None)]
    exams = hang_exams([STANDARD[3], STANDARD[2], STANDARD[1], *more, STANDARD[0], UnreadableImage("l", "l", "no")])
    names = {exam.patient: [tuple(one and one.file for one in row) for row in exam.rows] for exam in exams}
    assert names == {
        "p": [("RCC", "LCC"), (None, "x"), ("RMLO", "LMLO"), ("y", None)],
        "unknown": [(None, "z")],
    }


def test_warnings_standard_exam_has_none():
    assert warnings_of(STANDARD) == []


@pytest.mark.parametrize(
    ("images", "warnings"),
    [
        (STANDARD[:3], ["Missing view: L MLO."]),
        (STANDARD[:2], ["Missing views: R MLO, L MLO."]),
        ([*STANDARD, image("again", "R", "CC", 9)], ["R CC appears twice."]),
        ([*STANDARD, image("b", "R", "CC", 8), image("c", "R", "CC", 9)], ["R CC appears 3 times."]),
        ([*STANDARD, image("more", "R", "ML", 9)], ["Not among the standard views: ML."]),
        ([*STANDARD[:3], image("x", "L", None, 9)], ["Side or view unknown: 1 of 4; set them in the table of files."]),
        (
            [image(one.file, one.decoded.laterality, one.decoded.view, 0, None) for one in STANDARD],
            [NO_BREASTS],
        ),
    ],
)
def test_warnings_name_what_is_unusual(images, warnings):
    assert warnings_of(images) == warnings


def dated(exam: str | None, date: str | None, patient: str | None = "p", **attributes: str | None) -> ImagePrediction:
    decoded = decoded_image(
        "R", "CC", abs(hash((exam, date, patient))) % 1000, patient, exam=exam, date=date, **attributes
    )
    return image_prediction(decoded, f"{exam}")


def test_hang_exams_of_a_patient_come_newest_first_and_name_priors():
    images = [dated("a", "2019-03-04"), dated("b", None), dated("c", "2023-03-04"), dated("d", "2021-03-04")]
    exams = hang_exams([*images, dated("e", "2020-01-01", "q")])
    assert [(exam.key, exam.title(), exam.title(dates=False)) for exam in exams] == [
        (("p", "c"), "Exam of 2023-03-04", "Newest exam"),
        (("p", "d"), "Prior exam of 2021-03-04", "Prior exam 1"),
        (("p", "a"), "Prior exam of 2019-03-04", "Prior exam 2"),
        (("p", "b"), "Exam without a date", "Exam without a date"),
        (("q", "e"), "Exam of 2020-01-01", ""),
    ]
    assert [exam.name for exam in exams] == ["p-c", "p-d", "p-a", "p-b", "q"]


def test_hang_exams_of_unknown_patients_are_no_priors_of_each_other():
    exams = hang_exams([dated("a", "2019-03-04", None), dated("b", "2023-03-04", None)])
    assert [exam.title() for exam in exams] == ["Exam of 2023-03-04", "Exam of 2019-03-04"]


def test_hang_exams_view_with_a_modifier_hangs_apart_from_the_view():
    implant = image_prediction(decoded_image("R", "CC", 9, modifiers=("implant displaced",)), "RCCID")
    (exam,) = hang_exams([*STANDARD, implant])
    assert [tuple(one and one.file for one in row) for row in exam.rows] == [
        ("RCC", "LCC"),
        ("RMLO", "LMLO"),
        ("RCCID", None),
    ]
    assert exam_warnings(exam.rows) == ["Not among the standard views: CC (implant displaced)."]


def test_warnings_special_image_replaces_no_view_and_is_named():
    spot = image_prediction(decoded_image("R", "CC", 9, special_kind="a spot compression view"), "spot")
    assert warnings_of([*STANDARD[1:], spot]) == [
        "Missing view: R CC.",
        "Shown and not counted: R CC (a spot compression view).",
    ]


def in_folder(
    folder: str, date: str = "1", view: str = "CC", parents: tuple[str, ...] = (), kind: str | None = None
) -> ImagePrediction:
    seed = abs(hash((folder, date, view, kind))) % 10_000
    decoded = decoded_image(
        "R", view, seed, None, folder=folder, folder_exam=folder + date, parents=parents, special_kind=kind
    )
    return image_prediction(decoded, f"{folder}/{seed}")


def exams_by_folder(*images: ImagePrediction) -> list[str | None]:
    return [image.exam_key[1] for image in join_by_folder(images)]


def test_join_by_folder_images_without_identity_become_exams_where_there_are_several_folders():
    joined = join_by_folder([in_folder("a", "1"), in_folder("a", "2"), in_folder("b", "1"), *STANDARD])
    assert [image.exam_key for image in joined[:3]] == [("unknown", "a1"), ("unknown", "a2"), ("unknown", "b1")]
    assert [image.notes for image in joined[:3]] == [(BY_FOLDER,)] * 3
    assert joined[3:] == STANDARD


def test_join_by_folder_single_folder_tells_nobody_apart():
    assert exams_by_folder(in_folder("a"), in_folder("a", view="MLO"), dated(None, None, None)) == [None] * 3


def test_join_by_folder_folder_with_a_repeated_view_may_be_of_several_persons():
    again = replace(in_folder("a"), decoded=replace(in_folder("a").decoded, digest="another"))
    assert exams_by_folder(in_folder("a"), again, in_folder("b"), in_folder("b", view="MLO")) == [
        None,
        None,
        "b1",
        "b1",
    ]
    assert exams_by_folder(in_folder("a"), in_folder("a", kind="a magnified view"), in_folder("b")) == [
        "a1",
        "a1",
        "b1",
    ]


def test_join_by_folder_folder_above_others_stands_for_no_person():
    nested = in_folder("a", parents=("root",)), in_folder("b", parents=("root",))
    assert exams_by_folder(in_folder("root"), *nested) == [None, "a1", "b1"]
    assert exams_by_folder(in_folder("root"), nested[0]) == [None, None]


def own_study(view, date=None, exam=None, side="R", **attributes):
    decoded = decoded_image(side, view, exam=exam or f"{side} {view}", date=date, **attributes)
    return image_prediction(decoded)


@pytest.mark.parametrize(
    ("images", "exams"),
    [
        ([own_study("CC"), own_study("MLO"), own_study("CC", side="L")], ["L CC"] * 3),
        ([own_study("CC", "2021-03-04"), own_study("MLO", "2021-03-04")], ["R CC"] * 2),
        ([own_study("CC", "2021-03-04", "1"), own_study("CC", "2021-03-04", "2")], ["1", "1"]),
        (
            [own_study("CC", exam="1"), own_study("CC", exam="2")],
            ["1", "2"],
        ),  # a view repeats: perhaps of several years
        ([own_study("CC"), own_study("CC", exam="2", special_kind="a magnified view")], ["2", "2"]),
        ([own_study("CC", "2021-03-04"), own_study("MLO", "2023-03-04")], ["R CC", "R MLO"]),
        ([own_study("CC", "2021-03-04"), own_study("MLO")], ["R CC", "R MLO"]),
        ([own_study("CC", exam="1"), own_study("MLO", exam="1"), own_study("CC", side="L")], ["1", "1", "L CC"]),
        ([own_study("CC"), own_study("MLO", patient="q")], ["R CC", "R MLO"]),
        (
            [
                own_study(view, date, f"{date[3]} {view}")
                for date in ("2021-03-04", "2023-03-04")
                for view in ("CC", "MLO")
            ],
            ["1 CC", "1 CC", "3 CC", "3 CC"],
        ),
        ([own_study("CC", patient=None), own_study("MLO", patient=None)], ["R CC", "R MLO"]),
    ],
)
def test_join_single_image_studies_study_of_its_own_for_every_file_is_one_exam(images, exams):
    joined = join_single_image_studies(images)
    assert [image.exam_key[1] for image in joined] == exams
    noted = [STUDY_OF_ITS_OWN in image.notes for image in joined]
    assert noted == [joined != images] * len(images)


@pytest.mark.parametrize(
    ("kinds", "counted"),
    [
        ([None, "a raw image, for processing"], [None, "a raw image, for processing"]),
        (["a slice of tomosynthesis"], [None]),  # nothing better is there
        (["a slice of tomosynthesis", "a raw image, for processing"], [None, None]),
        ([None, None], [None, None]),
    ],
)
def test_leave_out_substitutes_beside_the_plain_image_of_their_view(kinds, counted):
    images = [image_prediction(decoded_image("R", "CC", exam="1", substitute_kind=kind)) for kind in kinds]
    other = image_prediction(decoded_image("L", "CC", exam="1", substitute_kind="a slice of tomosynthesis"))
    assert [one.decoded.special_kind for one in leave_out_substitutes([*images, other])] == [*counted, None]


def test_complete_issuers_within_a_study_joins_the_images_of_one_person():
    def of(patient, exam="1"):
        return image_prediction(decoded_image(patient=patient, identifier="id", exam=exam))

    def patients(*images):
        return [one.decoded.patient for one in complete_issuers(images)]

    assert patients(of("id at H1"), of("id")) == ["id at H1", "id at H1"]
    assert patients(of("id at H1"), of("id at H2"), of("id")) == ["id at H1", "id at H2", "id"]
    assert patients(of("id at H1"), of("id", "2")) == ["id at H1", "id"]


def test_join_spellings_within_a_study_joins_one_person_in_all_exams():
    def of(patient, exam):
        return image_prediction(decoded_image(patient=patient, caseless="id", exam=exam))

    def patients(*images):
        return [one.decoded.patient for one in join_spellings(images)]

    assert patients(of("ID", "1"), of("id", "1"), of("id", "2")) == ["ID", "ID", "ID"]
    assert patients(of("ID", "1"), of("id", "2")) == ["ID", "id"]
    assert patients(of("ID", None), of("id", None)) == ["ID", "id"]
    first, second = join_spellings([of("ID", "1"), of("id", "1")])
    assert first.decoded.notes == second.decoded.notes == (SPELLINGS,)


def test_strip_file_names_numbers_files_and_keeps_errors():
    images = (image("smith", "R", "CC", 1), UnreadableImage("smith-2", "k", "The image is blank."))
    report = ExamReport("m", 0.5, images, notes=(FileNote("smith.zip", "Skipped 1 of 2 files (.txt)."),))
    stripped = strip_file_names(report)
    assert stripped.notes == ()
    assert [one.file for one in stripped.images] == ["file 1", "file 2"]
    assert stripped.images[1].error == "The image is blank."
    assert "smith" not in stripped.to_csv()
