import pytest

from builders.doctor import manifest
from mammo_core.doctor.table_contradictions import exam_of, table_contradictions


def test_sound_images_contradict_nothing():
    rows = [{"laterality": side, "label": int(side == "R"), "invasive": int(side == "R")} for side in "LLRR"]
    assert table_contradictions(manifest(rows)) == []


def test_the_age_that_differs_from_most_of_the_exam_is_reported():
    findings = table_contradictions(manifest([{"age": 60.0}, {"age": 60.0}, {"age": 72.0}]))
    assert [(each.image_id, each.check) for each in findings] == [("2", "age")]
    assert findings[0].reason == "It states an age of 72, and other images of its exam another."


def test_ages_of_two_exams_may_differ():
    table = manifest([{"age": 60.0, "exam_id": "1"}, {"age": 64.0, "exam_id": "2"}])
    assert table_contradictions(table) == []
    assert exam_of(table).tolist() == ["1/1", "1/2"]


def test_a_breast_labelled_both_ways_is_reported():
    findings = table_contradictions(manifest([{"label": 1}, {"label": 0}, {"laterality": "R", "label": 0}]))
    assert [each.image_id for each in findings] == ["0", "1"]
    assert findings[0].reason == "It is labelled positive, and another image of its breast isn't."


def test_an_invasive_cancer_labelled_negative_is_reported():
    assert [each.image_id for each in table_contradictions(manifest([{"invasive": 1}]))] == ["0"]


@pytest.mark.parametrize("column", ["age", "invasive"])
def test_a_column_that_is_missing_is_not_checked(column):
    assert table_contradictions(manifest([{}, {}]).drop(columns=column)) == []
