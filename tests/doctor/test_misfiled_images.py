import numpy as np
import pytest

from builders.doctor import manifest
from mammo_core.doctor import misfiled_images as module
from mammo_core.doctor.misfiled_images import misfiled_images
from mammo_core.doctor.view_classifier import ViewPictures

PATIENTS = 120


def images(patients=PATIENTS, sides=("L", "R"), pixels=None):
    """Return manifest, pictures and groups of patients with CC and MLO of each side, whose features tell them apart.

    Args:
        patients: their number.
        sides: of each.
        pixels: of which other image an image is another exposure, by position; of nobody's breast with None.
    """
    generator = np.random.default_rng(4)
    rows, features = [], []
    for patient in range(patients):
        own = generator.normal(size=40)
        for side in sides:
            of_breast = own + 0.1 * generator.normal(size=40)
            for view in ("CC", "MLO"):
                rows.append({"patient_id": f"p{patient}", "laterality": side, "view": view, "image_id": str(len(rows))})
                features.append(of_breast)
    values = np.array(features)
    for row, other in (pixels or {}).items():
        values[row] = generator.normal(size=40) if other is None else features[other]
    values = (values + 0.3 * generator.normal(size=values.shape)).astype(np.float32)
    table = manifest(rows)
    pictures = ViewPictures(values, np.full((len(rows), 64, 64), 90, np.uint8))
    return table, pictures, table["patient_id"].to_numpy(str)


def test_exchanged_images_are_reported_with_each_other():
    findings, skipped = misfiled_images(*images(pixels={5: 13, 13: 5}))
    assert {(each.image_id, each.nearer, each.nearer_patient, each.exchanged) for each in findings} == {
        ("5", "13", "p3", True),
        ("13", "5", "p1", True),
    }
    first = next(each for each in findings if each.image_id == "5")
    assert (first.patient_id, first.compared, first.either) == ("p1", "4", False)
    assert first.confidence > 0.95
    assert first.reason == (
        "It seems to show another patient's breast: it doesn't fit the 3 other images of its patient. Exchanged with image 13, "
        "both would fit."
    )
    assert skipped == []


def test_image_of_another_patient_of_the_store_names_that_one():
    findings, _ = misfiled_images(*images(pixels={5: 13}))
    assert [(each.image_id, each.nearer_patient, each.exchanged) for each in findings] == [("5", "p3", False)]
    assert findings[0].nearer == "12"  # the same side, the other view
    assert findings[0].reason.endswith("It fits the patient of image 12 better.")


def test_image_of_nobody_in_the_store_names_nobody():
    findings, _ = misfiled_images(*images(pixels={5: None}))
    assert [(each.image_id, each.nearer, each.nearer_patient) for each in findings] == [("5", None, None)]
    assert findings[0].reason.endswith("it doesn't fit the 3 other images of its patient.")


def test_sound_images_are_not_reported():
    assert misfiled_images(*images()) == ([], [])


def test_of_two_images_either_may_be_the_wrong_one():
    findings, _ = misfiled_images(*images(patients=300, sides=("L",), pixels={5: 13, 13: 5}))
    assert {each.patient_id for each in findings} == {"p2", "p6"}
    assert all(each.either and {each.image_id, each.compared} in ({"4", "5"}, {"12", "13"}) for each in findings)
    assert findings[0].reason.startswith(
        "It and the only other image of its patient seem to show two patients' breasts"
    )


def test_patients_who_share_an_exposure_are_not_compared():
    table, pictures, groups = images(pixels={5: 13})
    joined = np.where(groups == "p3", "p1", groups)
    findings, _ = misfiled_images(table, pictures, joined)
    assert [(each.image_id, each.nearer) for each in findings] == [("5", None)]


def test_doubted_and_unusual_views_and_lone_images_are_counted_and_not_reported():
    table, pictures, groups = images(pixels={5: 13})
    table.loc[[0, 1, 2], "view"] = "AT"  # the first patient has one comparable image left
    findings, skipped = misfiled_images(table, pictures, groups, {"5"})
    assert findings == []
    assert skipped[0].check == "patient"
    assert skipped[0].reason.startswith("5 images aren't compared with others of the patient")


def test_too_few_breasts_are_counted():
    findings, skipped = misfiled_images(*images(patients=49))
    assert findings == []
    assert skipped[0].reason == "At least 100 breasts with two images, CC or MLO, are needed to learn what these share."
    assert misfiled_images(*images(patients=50))[1] == []
    assert misfiled_images(*images(patients=1))[1] == skipped


def test_patients_without_a_side_are_compared():
    table, pictures, groups = images(pixels={5: 13, 13: 5})
    findings, _ = misfiled_images(table.assign(laterality=None), pictures, groups)
    assert {each.image_id for each in findings} == {"5", "13"}


def test_rows_of_any_index_are_reported_by_image():
    table, pictures, groups = images(pixels={5: 13, 13: 5})
    findings, _ = misfiled_images(table.set_index(table.index + 1000), pictures, groups)
    assert {each.image_id for each in findings} == {"5", "13"}


@pytest.mark.parametrize("size", [1, 7])
def test_batches_give_the_same(monkeypatch, size):
    given = images(pixels={5: 13, 20: None})
    expected = misfiled_images(*given)
    monkeypatch.setattr(module, "BATCH", size)
    assert misfiled_images(*given) == expected
