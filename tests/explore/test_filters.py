import pytest

from mammo_core.explore.filters import (
    NOT_KNOWN,
    Filters,
    age_limits,
    apply_filters,
    describe_filters,
    filter_images,
    filter_options,
)


def images(table, unit="image", **filters):
    return filter_images(table, Filters(**filters), unit)["image_id"].tolist()


def test_filter_images_default_keeps_all_images(small):
    assert len(images(small)) == 12


def test_filter_images_combines_values_by_or_and_columns_by_and(small):
    assert images(small, values={"density": ["B", "C"], "laterality": ["R"]}) == ["13", "14", "22"]
    assert images(small, values={"density": [NOT_KNOWN], "view": ["MLO"]}) == ["42"]
    assert images(small, values={"implant": ["1"]}) == ["21", "22"]
    assert images(small, values={"machine_id": []}) == small["image_id"].tolist()


def test_filter_images_age_range_is_inclusive_and_drops_unknown_ages(small):
    assert images(small, ages=(50, 60)) == ["11", "12", "13", "14", "21", "22"]
    assert images(small, ages=(0, 130)) == [name for name in small["image_id"] if name not in {"31", "32"}]


@pytest.mark.parametrize(("unit", "positive", "negative"), [
    ("image", ["11", "12", "51"], ["13", "14", "21", "22", "31", "32"]),
    ("breast", ["11", "12", "51"], ["13", "14", "21", "22", "31", "32"]),
    ("patient", ["11", "12", "13", "14", "51"], ["21", "22", "31", "32"]),
])  # fmt: skip
def test_filter_images_label_is_by_unit(small, unit, positive, negative):
    assert images(small, unit, label="positive") == positive
    assert images(small, unit, label="negative") == negative


def test_filter_images_label_applies_after_the_other_filters(small):
    assert images(small, "patient", values={"laterality": ["R"]}, label="negative") == ["13", "14", "22", "32"]


def test_apply_filters_returns_images_and_units(small):
    selection = apply_filters(small, Filters({"site_id": ["2"]}), "patient")
    assert len(selection.images) == 6
    assert selection.rows["patient_id"].tolist() == ["3", "4", "5"]
    assert apply_filters(small, Filters({"site_id": ["9"]}), "patient").images.empty


def test_filter_options_are_the_values_present(small):
    assert filter_options(small) == {
        "site_id": ["1", "2"],
        "machine_id": ["8", "21", "49"],
        "view": ["CC", "MLO"],
        "laterality": ["R", "L"],
        "density": ["B", "C", NOT_KNOWN],
        "BIRADS": ["0", "1", "2", NOT_KNOWN],
        "implant": ["0", "1"],
    }
    assert "density" not in filter_options(small[small["site_id"] == "2"])


def test_age_limits_are_whole_years(small):
    assert age_limits(small) == (50, 70)
    assert age_limits(small.assign(age=49.5)) == (49, 50)
    assert age_limits(small.assign(age=50.0)) is None
    assert age_limits(small.drop(columns="age")) is None


def test_describe_filters_names_what_is_kept():
    assert describe_filters(Filters()) == "no filter"
    filters = Filters({"site_id": ["1", "2"], "implant": ["0"], "BIRADS": ["1"], "view": []}, (50, 70), "negative")
    assert describe_filters(filters) == "site 1 or 2, no implant, BI-RADS 1 negative, age 50–70, negative"
    assert filters.active
    assert not Filters({"view": []}).active


def test_selection_knows_whether_both_labels_are_left(small):
    assert apply_filters(small, Filters(), "breast").both_labels
    assert not apply_filters(small, Filters(label="positive"), "breast").both_labels
    assert apply_filters(small, Filters(), "breast").classes["total"].tolist() == [12, 9, 5]
