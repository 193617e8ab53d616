import pandas as pd
import pytest

from builders.predictions import predictions
from mammo_core.documents.estimate import Estimate
from mammo_core.documents.report import Subgroup
from mammo_core.evaluation.report import evaluate
from mammo_core.evaluation.tables import (
    MEANINGS,
    TITLES,
    comparison_table,
    describe_differences,
    describe_few,
    divide_measures,
    explain_measures,
    format_ci,
    format_difference,
    format_interval,
    format_p_value,
    name_attribute,
    operating_table,
    report_table,
    split_few,
    subgroup_table,
)


def test_format_ci_shows_value_with_interval():
    assert format_ci(Estimate(value=0.83, low=0.79, high=0.8704)) == "0.830 (0.790–0.870)"
    assert format_ci(Estimate(value=0.83)) == "0.830 (no interval)"
    assert format_ci(Estimate(value=None)) == "–"


def test_report_table_has_a_column_for_each_known_baseline():
    report = evaluate(predictions(), operating_point=0.5, training=predictions(seed=3), resamples=50)
    table = report_table(report).set_index("measure")
    assert list(table) == ["this model", "always “negative”", "age alone"]
    assert list(table.index) == [
        "ROC AUC",
        "Average precision",
        "Sensitivity at 90 % specificity",
        "Partial AUC, specificity ≥ 90 %",
        "Brier score (lower is better)",
        "pF1, probabilities as they are",
        "pF1 at its best threshold",
        "pF1 at the operating point",
        "Sensitivity at the operating point",
        "Specificity at the operating point",
        "Recall rate at the operating point",
        "PPV1 at the operating point",
        "Accuracy at the operating point",
    ]
    assert table.loc["ROC AUC"].tolist() == [format_ci(report.auc), "0.500", format_ci(report.baselines.age_only.auc)]
    assert table.loc["pF1 at the operating point"].tolist() == [format_ci(report.pf1_intervals.at_threshold), "–", "–"]
    assert table.loc["Accuracy at the operating point"].tolist() == [f"{report.accuracy:.3f}", "0.875", "–"]


def test_comparison_table_lists_models_side_by_side():
    reports = {
        name: evaluate(predictions(seed=seed), operating_point=0.5, resamples=50) for seed, name in enumerate("ab")
    }
    table = comparison_table(reports).set_index("model")
    assert list(table.index) == ["a", "b"]
    assert table.loc["a", "evaluated on"] == "240 breasts, 30 positive"
    assert table.loc["b", "ROC AUC"] == format_ci(reports["b"].auc)


def test_subgroup_table_group_without_auc_says_too_few():
    rows = (
        Subgroup(
            attribute="site_id",
            group="1",
            unit="breast",
            n=40,
            positives=12,
            auc=Estimate(value=0.8, low=0.7, high=0.9),
        ),
        Subgroup(attribute="site_id", group="2", unit="breast", n=9, positives=1, auc=None),
    )
    assert subgroup_table(rows).to_dict("list") == {
        "attribute": ["site", "site"],
        "group": ["1", "2"],
        "unit": ["breast", "breast"],
        "n": [40, 9],
        "positives": [12, 1],
        "AUC": ["0.800 (0.700–0.900)", "too few"],
    }


def test_subgroup_table_shows_differences_where_groups_were_compared():
    auc, difference = Estimate(value=0.8), Estimate(value=-0.1, low=-0.2, high=-0.01)
    known = {"unit": "breast", "n": 40, "positives": 12, "auc": auc}
    rows = (
        Subgroup(attribute="site_id", group="<1>", **known, difference=difference, p_value=0.0004),
        Subgroup(attribute="density", group="A", **known, difference=difference, p_value=0.3),
        Subgroup(attribute="density", group="B", **known),
    )
    table = subgroup_table(rows)
    assert table["ΔAUC to the rest"].tolist() == [*["-0.100 (-0.200 to -0.010)"] * 2, "too few"]
    assert table["p, corrected"].tolist() == ["< 0.001", "0.300", "–"]
    assert describe_differences(rows) == (
        "Different from the rest: site <1> (ΔAUC -0.100, p < 0.001). 2 groups were compared with the rest, and p values "
        "corrected for their number (Holm)."
    )
    assert describe_differences(rows[1:]).startswith("No group is shown to differ from the rest. 1 group was compared")
    assert describe_differences(rows[2:]) == "Too few units to compare a group with the rest."


def test_format_difference_separates_negative_bounds():
    assert format_difference(Estimate(value=-0.1, low=-0.2, high=-0.01)) == "-0.100 (-0.200 to -0.010)"
    assert format_difference(Estimate(value=0.1)) == "0.100 (no interval)"
    assert format_difference(Estimate(value=None)) == "–"


def test_format_p_value_shows_the_smallest_as_such():
    assert [format_p_value(value) for value in (0.00099, 0.001, 0.0312)] == ["< 0.001", "0.001", "0.031"]


def test_name_attribute_is_in_plain_words():
    assert [name_attribute(name) for name in ("site_id", "body_part_thickness")] == ["site", "body part thickness"]


def test_operating_table_per_thousand_screens_matches_hand_calculation():
    scores = [0.9] * 8 + [0.1] * 2 + [0.9] * 9 + [0.1] * 81
    units = pd.DataFrame({"patient_id": range(100), "label": [1] * 10 + [0] * 90, "probability": scores})
    table = operating_table(units, {"new": 0.5, "now": 0.95}, 0.005).set_index("measure")
    # sensitivity 0.8, specificity 0.9; of 1,000: 5 cancers, 4 detected; 99.5 false positives
    assert table["new"].to_dict() == {
        "Sensitivity": "80.0 % (49.0–94.3)",
        "Specificity": "90.0 % (82.1–94.6)",
        "Recalled, in 1,000": "103.5 (55.7–183.1)",
        "Cancers detected, in 1,000": "4.0 (2.5–4.7)",
        "Cancers missed, in 1,000": "1.0 (0.3–2.5)",
        "PPV1": "3.9 % (1.4–8.1)",
        "With cancer: recalled, missed": "8, 2",
        "Without: recalled, not recalled": "9, 81",
    }
    assert table["now"].tolist()[-2:] == ["0, 10", "0, 90"]
    assert table["readers (BCSC)"].tolist() == ["86.9 %", "88.9 %", "116.0", "5.1", "–", "4.4 %", "–", "–"]


def test_operating_table_without_negatives_shows_dashes():
    units = pd.DataFrame({"patient_id": ["1", "2"], "label": [1, 1], "probability": [0.9, 0.1]})
    assert operating_table(units, {"new": 0.5}, 0.005)["new"].tolist() == [
        "50.0 % (no interval)",
        *["–"] * 5,
        "1, 1",
        "0, 0",
    ]


def test_divide_measures_explains_the_rarer_ones_and_drops_empty_columns():
    table = pd.DataFrame(
        {"measure": [TITLES["auc"], TITLES["brier"]], "this model": ["0.9", "0.1"], "age alone": ["0.6", "–"]}
    )
    first, others = divide_measures(table)
    assert first.to_dict("list") == {"measure": ["ROC AUC"], "this model": ["0.9"], "age alone": ["0.6"]}
    assert list(others) == ["measure", "this model", "meaning"]
    assert others["meaning"].tolist() == ["mean squared error of the probabilities"]
    assert explain_measures()["measure"].tolist()[0] == "ROC AUC"
    assert MEANINGS.keys() == TITLES.keys()


def test_split_few_counts_groups_without_auc():
    large = Subgroup(
        attribute="site_id", group="1", unit="breast", n=90, positives=30, auc=Estimate(value=0.8, low=0.7, high=0.9)
    )
    few = Subgroup(attribute="site_id", group="2", unit="breast", n=3, positives=1, auc=None)
    assert split_few((few, large)) == ((large,), 1)


def test_describe_few_names_no_unit():
    assert describe_few(1) == "1 group is too small for an AUC"
    assert describe_few(1234) == "1,234 groups are too small for an AUC"


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        (Estimate(value=0.8, low=0.7, high=0.9), "95 % interval 0.700–0.900"),
        (Estimate(value=0.8), "no interval"),
    ],
)
def test_format_interval_names_the_interval_only_where_there_is_one(figure, expected):
    assert format_interval(figure) == expected
