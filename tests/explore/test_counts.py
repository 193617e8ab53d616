import json

import pytest

from mammo_core.explore.counts import (
    class_counts,
    counts,
    difficult_negatives,
    funnel,
    images_per_unit,
    missing_by_site,
    summary,
)
from mammo_core.explore.filters import Filters, apply_filters

REQUIRED = ["patient_id", "image_id", "laterality", "view"]


def rows(table, unit):
    return apply_filters(table, Filters(), unit).rows


def test_class_counts_by_unit(small):
    classes = class_counts(small)
    shown = classes[["unit", "total", "negative", "positive", "unlabelled"]].to_numpy().tolist()
    assert shown == [["image", 12, 6, 3, 3], ["breast", 9, 5, 2, 2], ["patient", 5, 2, 2, 1]]
    assert classes["share"].tolist() == [3 / 9, 2 / 7, 2 / 4]
    assert (classes["low"] < classes["share"]).all()
    assert (classes["share"] < classes["high"]).all()


def test_class_counts_without_labels_have_no_share(small):
    classes = class_counts(small[REQUIRED])
    assert classes["total"].tolist() == [12, 9, 5]
    assert classes["unlabelled"].tolist() == [12, 9, 5]
    assert classes[["share", "low", "high"]].isna().all(axis=None)


def test_summary_is_exact_and_json_serialisable(small):
    document = json.loads(json.dumps(summary(small).to_json(), allow_nan=False))
    assert (document["images"], document["breasts"], document["patients"]) == (12, 9, 5)
    assert document["positive"] == {"images": 3, "breasts": 2, "patients": 2}
    assert document["age"]["negative"] == {"n": 4, "mean": 55.0, "median": 55.0, "std": pytest.approx(5.7735, abs=1e-4)}
    assert document["age"]["positive"] == {
        "n": 3,
        "mean": 190 / 3,
        "median": 60.0,
        "std": pytest.approx(5.7735, abs=1e-4),
    }
    assert document["views"] == {"CC": 9, "MLO": 3}
    assert document["sites"] == {"1": 6, "2": 6}
    assert document["machines"] == {"49": 6, "21": 5, "8": 1}
    assert document["density"] == {"B": 4, "C": 2}
    assert document["birads"] == {"0": 3, "1": 2, "2": 1}
    assert {name: number for name, number in document["missing"].items() if number} == {
        "density": 6, "cancer": 3, "biopsy": 3, "invasive": 3, "difficult_negative_case": 3, "age": 2, "BIRADS": 6, "file": 12
    }  # fmt: skip


def test_summary_with_required_columns_only(small):
    document = json.loads(json.dumps(summary(small[REQUIRED]).to_json(), allow_nan=False))
    assert document["positive"] == {"images": None, "breasts": None, "patients": None}
    assert document["age"]["positive"] == {"n": 0, "mean": None, "median": None, "std": None}
    assert document["sites"] == {}
    assert document["missing"]["age"] == 12


def test_counts_ignore_missing_values(small):
    assert counts(small["density"]) == {"B": 4, "C": 2}


@pytest.mark.parametrize(("unit", "expected"), [
    ("image", {1: 1, 2: 2, 3: 1, 4: 1}),
    ("breast", {1: 6, 2: 3}),
    ("patient", {1: 1, 2: 2, 3: 1, 4: 1}),
])  # fmt: skip
def test_images_per_unit(small, unit, expected):
    number = images_per_unit(small, unit)
    assert dict(zip(number["images"], number["number"], strict=True)) == expected


def test_missing_by_site_shares_by_column(small):
    missing = missing_by_site(rows(small, "image"))
    assert list(missing) == ["all", "site 1", "site 2"]
    assert missing.loc["density"].tolist() == [0.5, 0.0, 1.0]
    assert missing.loc["age"].tolist() == [2 / 12, 0.0, 2 / 6]
    assert missing.loc["cancer"].tolist() == [3 / 12, 0.0, 3 / 6]
    patients = missing_by_site(rows(small, "patient"))
    assert patients.loc["density"].tolist() == [3 / 5, 0.0, 1.0]
    assert patients.loc["age"].tolist() == [1 / 5, 0.0, 1 / 3]
    assert "laterality" not in patients.index


def test_missing_by_site_sorts_sites_numerically(small):
    small["site_id"] = small["site_id"].replace({"1": "10"})
    assert list(missing_by_site(rows(small, "image"))) == ["all", "site 2", "site 10"]
    assert list(missing_by_site(small[REQUIRED])) == ["all"]


@pytest.mark.parametrize(("unit", "expected"), [
    ("image", [12, 4, 3, 2]), ("breast", [9, 3, 2, 1]), ("patient", [5, 3, 2, 1])
])  # fmt: skip
def test_funnel_counts_by_unit(small, unit, expected):
    steps = funnel(rows(small, unit))
    assert steps["step"].tolist() == ["all", "biopsy", "cancer", "invasive"]
    assert steps["number"].tolist() == expected


def test_difficult_negatives_by_site(small):
    kinds = difficult_negatives(rows(small, "breast")).set_index("site")
    assert kinds.loc["1"].to_dict() == {
        "positive": 1, "difficult positive": 0, "difficult negative": 1, "other negative": 2
    }  # fmt: skip
    assert kinds.loc["2"].to_dict() == {
        "positive": 1, "difficult positive": 0, "difficult negative": 0, "other negative": 2
    }  # fmt: skip
    without_sites = small.drop(columns="site_id")
    assert difficult_negatives(rows(without_sites, "breast"))["site"].tolist() == ["all"]
