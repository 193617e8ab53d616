import numpy as np
import pytest

from builders.doctor import manifest
from mammo_core.doctor import sides_and_views
from mammo_core.doctor.sides_and_views import faces_as_usual, wrong_sides, wrong_views
from mammo_core.doctor.view_classifier import ViewPictures


def exam(patient, *images, machine="49"):
    """Return rows of one patient: laterality and whether the chest wall lies at the right."""
    return [
        {"patient_id": patient, "laterality": side, "flipped": at_right, "machine_id": machine}
        for side, at_right in images
    ]


USUAL = (("L", False), ("L", False), ("R", True), ("R", True))
OTHER_WAY = (("L", True), ("L", True), ("R", False), ("R", False))


def numbered(*exams):
    return manifest(
        [row | {"image_id": str(number)} for number, row in enumerate(row for rows in exams for row in rows)]
    )


def test_a_right_breast_usually_has_its_chest_wall_at_the_right():
    table = numbered(exam("1", ("L", False), ("L", True), ("R", True), (None, True)))
    assert faces_as_usual(table).tolist()[:3] == [1, 0, 1]
    assert np.isnan(faces_as_usual(table)[3])


def test_an_exam_displayed_the_other_way_round_as_a_whole_is_no_fault():
    findings, skipped = wrong_sides(numbered(exam("1", *USUAL), exam("2", *OTHER_WAY)))
    assert findings == skipped == []


def test_one_image_against_all_others_of_its_exam_is_reported():
    table = numbered(
        *[exam(str(n), *USUAL) for n in range(5)], exam("7", *OTHER_WAY), exam("8", *OTHER_WAY[:3], ("R", True))
    )
    findings, skipped = wrong_sides(table)
    assert [(each.image_id, each.confidence) for each in findings] == [("27", 0.998)]
    assert findings[0].reason == "It states the right breast, and faces the other way than most others of its exam."
    assert skipped == []


def test_two_images_against_three_of_their_exam_are_reported_less_sure():
    table = numbered(
        *[exam(str(n), *USUAL) for n in range(5)],
        exam("7", *OTHER_WAY),
        exam("8", *OTHER_WAY[:3], ("R", True), ("R", True)),
    )
    findings, skipped = wrong_sides(table)
    assert [(each.image_id, each.confidence) for each in findings] == [("27", 0.939), ("28", 0.939)]  # 3 of 49 swapped
    assert skipped == []


def test_an_exam_that_is_divided_evenly_is_counted_as_unclear():
    table = numbered(
        *[exam(str(n), *USUAL) for n in range(6)], exam("7", *OTHER_WAY), exam("8", *USUAL[:2], *OTHER_WAY[2:])
    )
    findings, skipped = wrong_sides(table)
    assert findings == []
    assert skipped[0].reason.startswith("4 images can't be checked")


def test_swapped_images_of_a_machine_with_one_way_are_reported_though_they_are_many():
    exams = [exam(str(n), *USUAL) for n in range(7)] + [exam(str(n), *USUAL[:3], ("R", False)) for n in (7, 8, 9)]
    findings, skipped = wrong_sides(numbered(*exams))
    assert [(each.image_id, each.confidence) for each in findings] == [("31", 0.9), ("35", 0.9), ("39", 0.9)]
    assert skipped == []


def test_of_two_images_that_differ_both_are_reported_as_unsure():
    table = numbered(
        *[exam(str(n), *USUAL) for n in range(3)], exam("7", *OTHER_WAY), exam("8", ("L", False), ("R", False))
    )
    findings, skipped = wrong_sides(table)
    assert [(each.image_id, each.confidence) for each in findings] == [("16", 0.5), ("17", 0.5)]
    assert skipped[0].reason.startswith("2 images can't be checked")


def test_one_image_against_all_others_of_a_machine_is_reported_even_alone_in_its_exam():
    table = numbered(*[exam(str(n), *USUAL) for n in range(4)], exam("9", ("R", False)))
    assert [each.image_id for each in wrong_sides(table)[0]] == ["16"]


def test_a_machine_whose_exams_are_mixed_is_skipped_and_counted():
    mixed = (("L", False), ("L", True), ("R", True), ("R", False))
    findings, skipped = wrong_sides(numbered(*[exam(str(n), *mixed) for n in range(4)]))
    assert findings == []
    assert skipped[0].reason.startswith("16 images can't be checked")


def test_without_any_side_the_check_is_skipped():
    assert wrong_sides(numbered(exam("1", (None, False))))[1][0].reason == "No image states its side."


def with_markers(table, **markers):
    """Return a table in which most images have an illegible letter; `markers` are by image_id, such as _3="R"."""
    texts = {name.removeprefix("_"): text for name, text in markers.items()}
    return table.assign(side_marker=[texts.get(image, "illegible") for image in table["image_id"]])


def reasons(table):
    return {each.image_id: (each.reason, each.confidence) for each in wrong_sides(table)[0]}


@pytest.mark.parametrize(
    ("marker", "contradiction"),
    [
        ("R", "the letter R is burnt into it"),
        ("mirrored L", "the letter L that is burnt into it is mirrored: so is the image"),
        ("mirrored R", "a mirrored letter R is burnt into it: it shows the right breast, mirrored"),
    ],
)
def test_letter_that_contradicts_the_stated_side_is_reported(marker, contradiction):
    mixed = (("L", False), ("L", True), ("R", True), ("R", False))  # of which other images tell nothing
    table = with_markers(numbered(*[exam(str(n), *mixed) for n in range(4)]), _4=marker)
    assert reasons(table) == {"4": (f"It states the left breast, and {contradiction}.", 0.98)}
    assert wrong_sides(table)[1][0].reason.startswith("15 images can't be checked: no letter")


def test_letter_that_confirms_the_stated_side_outweighs_other_images():
    table = numbered(*[exam(str(n), *USUAL) for n in range(4)], exam("9", ("R", False)))
    assert list(reasons(with_markers(table))) == ["16"]
    assert reasons(with_markers(table, _16="R")) == {}


def test_letter_of_one_of_two_images_that_differ_decides_on_the_other():
    table = numbered(
        *[exam(str(n), *USUAL) for n in range(3)], exam("7", *OTHER_WAY), exam("8", ("L", False), ("R", False))
    )
    others = "and faces the other way than most others of its exam."
    assert reasons(with_markers(table, _16="L")) == {"17": (f"It states the right breast, {others}", 0.972)}  # 1 of 36
    assert list(reasons(with_markers(table, _16="mirrored L"))) == ["16"]
    assert wrong_sides(with_markers(table, _16="L"))[1] == []


def test_stores_without_letters_say_so():
    table = numbered(exam("1", *USUAL))
    assert wrong_sides(with_markers(table))[1] == []
    for unread in (table.drop(columns="side_marker"), table.assign(side_marker="not read")):
        assert wrong_sides(unread)[1][0].reason.startswith("4 images were imported by an earlier version, which didn't")


def views(patients, wrong=()):
    """Return the manifest, pictures and groups of breasts with one CC and one MLO each; some views are exchanged."""
    rows, features, thumbnails = [], [], np.full((2 * patients, 64, 64), 90, np.uint8)
    generator = np.random.default_rng(5)
    for patient in range(patients):
        for view in ("CC", "MLO"):
            called = {"CC": "MLO", "MLO": "CC"}[view] if (patient, view) in wrong else view
            if view == "MLO":
                thumbnails[len(rows), :16, :16] = 200 + generator.normal(0, 15)  # the muscle
            rows.append({"patient_id": str(patient), "view": called, "image_id": f"{patient}{view}"})
            features.append([(2.0 if view == "MLO" else -2.0) + generator.normal(0, 0.5), patient / patients, 1.0])
    table = manifest(rows)
    return table, ViewPictures(np.array(features, np.float32), thumbnails), table["patient_id"].to_numpy(str)


def test_an_exchanged_view_is_reported_with_what_it_looks_like():
    findings, skipped = wrong_views(*views(40, wrong={(3, "MLO")}))
    assert [each.image_id for each in findings] == ["3MLO"]
    assert findings[0].reason.startswith("It is called CC and looks like MLO: it shows a pectoral muscle")
    assert findings[0].confidence > 0.9
    assert skipped == []


def test_a_view_that_makes_a_pair_needs_less_doubt_than_one_that_breaks_it(monkeypatch):
    table, pictures, groups = views(40)
    table.loc[1, "view"] = "CC"  # the first breast has two CC
    doubt = np.full(80, -10.0)
    doubt[[0, 1, 2, 4]] = [-3.0, -2.0, 5.0, 4.0]
    monkeypatch.setattr(sides_and_views, "wrong_view_log_odds", lambda *given: doubt)
    findings, _ = wrong_views(table, pictures, groups)
    assert [(each.image_id, each.confidence) for each in findings] == [("0MLO", 0.818), ("1CC", 0.818)]  # 1.5


def test_without_a_wrong_view_none_is_reported():
    assert wrong_views(*views(40)) == ([], [])


def test_too_few_patients_to_learn_the_views_are_counted():
    assert wrong_views(*views(10))[1][0].reason.startswith("At least 20 patients")


def test_patients_who_share_an_exposure_count_as_one():
    table, pictures, groups = views(22)
    joined = np.where(groups.astype(int) < 4, "0", groups)
    assert wrong_views(table, pictures, joined)[1][0].reason.startswith("At least 20 patients")


def test_a_store_of_one_view_is_skipped():
    table, pictures, groups = views(30)
    kept = (table["view"] == "CC").to_numpy()
    of_one = ViewPictures(pictures.features[kept], pictures.thumbnails[kept])
    assert wrong_views(table[kept], of_one, groups[kept])[1][0].check == "view"
