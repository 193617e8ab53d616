import json

import numpy as np
import pandas as pd
import pytest

from mammo_core.assessment import compare
from mammo_core.errors import DataError
from mammo_core.evaluation import STATISTICS, evaluate, image_statistics
from mammo_core.evaluation.baselines import baseline_scores
from mammo_core.evaluation.report import verdict
from mammo_core.evaluation.subgroups import subgroups
from mammo_core.evaluation.tables import comparison_table, operating_table, report_table, subgroup_table


def predictions(patients: int = 120, signal: float = 0.5, seed: int = 0) -> pd.DataFrame:
    """Four images a patient; the right breast of every fourth is positive."""
    generator = np.random.default_rng(seed)
    table = pd.DataFrame({"patient_id": np.repeat(np.arange(patients), 4).astype(str)})
    table["image_id"] = [str(n) for n in range(len(table))]
    table["laterality"], table["view"] = ["L", "L", "R", "R"] * patients, ["CC", "MLO"] * 2 * patients
    table["label"] = ((np.arange(len(table)) // 4 % 4 == 0) & (table["laterality"] == "R")).astype(int)
    table["age"] = 58.0 + np.repeat(generator.integers(-10, 10, patients), 4)
    table["site_id"] = np.where(np.arange(len(table)) // 4 % 2 == 0, "1", "2")
    table["probability"] = np.clip(0.2 + signal * table["label"] + 0.1 * generator.standard_normal(len(table)), 0, 1)
    return table


def test_evaluate_reports_all_units_as_valid_json():
    report = evaluate(predictions(), operating_point=0.5, resamples=100)
    assert (report["unit"], report["n"], report["positives"], report["patients"]) == ("breast", 240, 30, 120)
    assert report["units"]["image"]["n"] == 480
    assert report["units"]["patient"]["positives"] == 30
    assert report["auc"]["low"] <= report["auc"]["value"] <= report["auc"]["high"]
    assert set(report["operating_point"]) == {
        "threshold",
        "sensitivity",
        "specificity",
        "recall_rate",
        "ppv",
        "confusion",
    }
    assert sum(report["operating_point"]["confusion"].values()) == 240
    assert set(report["pf1"]) == {"raw", "best", "best_threshold", "at_threshold"}
    assert report["baselines"]["prevalence"] == {"auc": 0.5, "average_precision": 0.125, "accuracy": 0.875}
    json.dumps(report, allow_nan=False)


def test_evaluate_always_negative_model_verdict_not_better_than_chance():
    report = evaluate(predictions().assign(probability=0.02), operating_point=0.5, resamples=100)
    assert report["auc"] == {"value": 0.5, "low": 0.5, "high": 0.5}
    assert report["accuracy"] == report["baselines"]["prevalence"]["accuracy"]
    assert report["verdict"].startswith("Not distinguishable from chance")
    assert report["verdict"].endswith("It answers almost always negative.")


def test_evaluate_good_model_verdict_better_than_age():
    report = evaluate(predictions(), operating_point=0.5, resamples=200)
    assert report["verdict"].startswith("Better than age alone (ΔAUC ")


def test_evaluate_age_only_model_verdict_not_better_than_age():
    table = predictions()
    table["age"] += 8 * table.groupby("patient_id")["label"].transform("max")
    report = evaluate(table.assign(probability=(table["age"] - 30) / 60), operating_point=0.5, resamples=200)
    assert report["verdict"].startswith("Not distinguishable from age alone")


def test_evaluate_single_class_raises_data_error():
    with pytest.raises(DataError, match="only one class"):
        evaluate(predictions().assign(label=0), operating_point=0.5)


def test_verdict_inverted_model_worse_than_chance():
    document = evaluate(predictions(signal=-0.15), operating_point=0.5, resamples=200)
    assert verdict(document).startswith("Worse than chance")


def test_compare_model_with_itself_gives_zero_difference():
    table = predictions()
    found = compare(table, table.sample(frac=1, random_state=1), "the other", resamples=100)
    assert found["gain"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert found["verdict"].startswith("Not distinguishable from the other")


def test_compare_better_model_verdict_better():
    better, worse = predictions(), predictions(signal=0.05, seed=1)
    assert compare(better, worse, "b", resamples=200)["verdict"].startswith("Better than b")


def test_compare_different_patients_raises_data_error():
    with pytest.raises(DataError, match="different patients"):
        compare(predictions(), predictions(patients=60), "b")


def test_subgroups_too_few_cases_have_no_auc():
    table = predictions()
    table.loc[:7, "site_id"] = "3"
    found = subgroups(table, resamples=50).set_index(["attribute", "group"])
    assert found.loc[("site_id", "3"), "auc"] is None
    assert found.loc[("site_id", "3"), "n"] == 4
    assert found.loc[("view", "CC"), "n"] == 240
    assert found.loc[("view", "CC"), "unit"] == "image"


def test_report_table_shows_values_with_intervals():
    report = evaluate(predictions(), operating_point=0.5, training=predictions(seed=3), resamples=50)
    table = report_table(report).set_index("measure")
    assert list(table) == ["this model", "always “negative”", "age alone"]
    auc = report["auc"]
    assert table.loc["ROC AUC", "this model"] == f"{auc['value']:.3f} ({auc['low']:.3f}–{auc['high']:.3f})"
    assert "too few" in set(subgroup_table(report)["AUC"]) | {"too few"}


def test_comparison_table_lists_models_side_by_side():
    reports = {
        name: evaluate(predictions(seed=seed), operating_point=0.5, resamples=50) for seed, name in enumerate("ab")
    }
    table = comparison_table(reports).set_index("model")
    assert list(table.index) == ["a", "b"]
    assert table.loc["a", "judged on"] == "240 breasts, 30 positive"
    assert table.loc["b", "ROC AUC"] == report_table(reports["b"]).set_index("measure").loc["ROC AUC", "this model"]


def test_operating_table_per_thousand_screens_matches_hand_calculation():
    units = pd.DataFrame({"label": [1] * 10 + [0] * 90, "probability": [0.9] * 8 + [0.1] * 2 + [0.9] * 9 + [0.1] * 81})
    table = operating_table(units, 0.5, 0.005).set_index("measure")["this model"]
    # sensitivity 0.8, specificity 0.9; of 1,000: 5 cancers, 4 found; 99.5 false alarms
    assert table.to_dict() == {
        "Sensitivity": "80.0 %",
        "Specificity": "90.0 %",
        "Recalled, in 1,000": "103.5",
        "Cancers found, in 1,000": "4.0",
        "Cancers missed, in 1,000": "1.0",
        "PPV1": "3.9 %",
    }


def test_image_statistics_match_hand_calculation():
    images = np.zeros((2, 4, 4), np.uint8)
    images[0, :2] = 51
    assert image_statistics(images).iloc[0].to_dict() == pytest.approx(
        dict(zip(STATISTICS, (0.5, 0.2, 0, *[0.2] * 7), strict=True)), abs=1e-12
    )
    assert image_statistics(images).iloc[1].tolist() == [0.0] * 10


def test_baseline_scores_are_fitted_on_training_part():
    table, training = predictions(), predictions(seed=9)
    training["age"] = 50.0 + 20 * training["label"]
    scores = baseline_scores(table, training)
    assert list(scores) == ["age_only"]
    assert np.corrcoef(scores["age_only"], table["age"])[0, 1] > 0.9
    assert baseline_scores(table.drop(columns="age"), None) == {}
