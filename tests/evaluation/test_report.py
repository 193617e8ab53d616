import json

import pandas as pd
import pytest

from builders.predictions import predictions
from mammo_core.documents.estimate import Estimate
from mammo_core.documents.report import ConstantBaseline, EvaluationReport
from mammo_core.errors import DataError
from mammo_core.evaluation.intervals import MIN_PATIENTS
from mammo_core.evaluation.report import (
    at_operating_point,
    describe_difference,
    describe_image_over_age,
    evaluate,
    format_estimate,
    operating_intervals,
)
from mammo_core.evaluation.units import to_unit


def test_evaluate_reports_all_units_as_valid_json():
    report = evaluate(predictions(), operating_point=0.5, resamples=100)
    assert (report.unit, report.n, report.positives, report.patients) == ("breast", 240, 30, 120)
    assert report.units.image.n == 480
    assert report.units.patient.positives == 30
    assert report.auc.low <= report.auc.value <= report.auc.high
    confusion = report.operating_point.confusion
    assert confusion.tp + confusion.fn == 30
    assert confusion.tn + confusion.fp == 210
    assert report.baselines.prevalence == ConstantBaseline(auc=0.5, average_precision=0.125, accuracy=0.875)
    assert EvaluationReport.model_validate_json(json.dumps(report.to_json(), allow_nan=False)) == report


def test_evaluate_breast_is_a_breast_in_an_exam_where_the_table_tells_exams_apart():
    table = predictions()
    report = evaluate(table.assign(exam_id=table["view"]), operating_point=0.5, resamples=20)
    assert (report.n, report.units.patient.n, report.units.image.n) == (480, 120, 480)
    assert report.positives == 60


def test_report_without_schema_version_is_read_as_version_one():
    report = evaluate(predictions(patients=40), operating_point=0.5, resamples=20)
    document = report.to_json()
    del document["schema_version"]
    assert EvaluationReport.model_validate(document) == report


def test_report_by_unit_returns_evaluation_of_that_unit():
    report = evaluate(predictions(patients=40), operating_point=0.5, resamples=20)
    assert [report.by(unit).n for unit in ("image", "breast", "patient")] == [160, 80, 40]


def test_evaluate_always_negative_model_verdict_not_better_than_chance():
    report = evaluate(predictions().assign(probability=0.02), operating_point=0.5, resamples=100)
    assert report.auc == Estimate(value=0.5, low=0.5, high=0.5)
    assert report.accuracy == report.baselines.prevalence.accuracy
    assert report.verdict.startswith("Not distinguishable from chance")
    assert report.verdict.endswith("It almost always predicts negative.")


def test_evaluate_good_model_verdict_better_than_age():
    report = evaluate(predictions(), operating_point=0.5, resamples=200)
    assert report.verdict.startswith("Better than age alone (ΔAUC ")


def test_evaluate_age_only_model_verdict_not_better_than_age():
    table = predictions()
    table["age"] += 8 * table.groupby("patient_id")["label"].transform("max")
    report = evaluate(table.assign(probability=(table["age"] - 30) / 60), operating_point=0.5, resamples=200)
    assert report.verdict.startswith("Not distinguishable from age alone")


def test_evaluate_without_age_verdict_names_missing_baseline():
    report = evaluate(predictions().drop(columns="age"), operating_point=0.5, resamples=100)
    assert report.baselines.known() == {}
    assert report.verdict == (
        f"Better than chance (AUC {format_estimate(report.auc)}); there is no age to compare with."
    )


def test_evaluate_inverted_model_verdict_worse_than_chance():
    report = evaluate(predictions(signal=-0.15), operating_point=0.5, resamples=200)
    assert report.verdict.startswith("Worse than chance")


def test_evaluate_single_class_raises_data_error():
    with pytest.raises(DataError, match="only one class"):
        evaluate(predictions().assign(label=0), operating_point=0.5)


def test_at_operating_point_recomputes_only_threshold_fields():
    table = predictions(patients=40)
    report = evaluate(table, operating_point=0.5, resamples=20)
    moved = at_operating_point(report, to_unit(table, "breast"), "breast", 0.0, resamples=20)
    assert (moved.operating_point.threshold, moved.operating_point.recall_rate) == (0.0, 1.0)
    assert moved.accuracy == report.positives / report.n
    assert moved.pf1.at_threshold == pytest.approx(2 * report.positives / (report.n + report.positives))
    assert (moved.auc, moved.pf1.best, moved.baselines) == (report.auc, report.pf1.best, report.baselines)
    assert report.operating_point.threshold == 0.5  # the input is unchanged
    assert at_operating_point(moved, to_unit(table, "breast"), "breast", 0.5, resamples=20) == report


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.1, 0.3, "better than age alone (ΔAUC 0.20, 95 % CI 0.10 to 0.30)"),
        (-0.3, -0.1, "worse than age alone (ΔAUC 0.20, 95 % CI -0.30 to -0.10)"),
        (-0.1, 0.3, "not distinguishable from age alone (ΔAUC 0.20, 95 % CI -0.10 to 0.30)"),
        (None, None, "too few patients to compare with age alone (ΔAUC 0.20, no interval)"),
    ],
)
def test_describe_difference_depends_on_interval(low, high, text):
    assert describe_difference("age alone", Estimate(value=0.2, low=low, high=high)) == text


def test_format_estimate_undefined_value_or_interval_is_named():
    assert format_estimate(Estimate(value=0.5)) == "0.50, no interval"
    assert format_estimate(Estimate(value=None)) == "not defined"


def test_evaluate_image_and_age_tells_what_the_image_adds():
    table, validation = predictions(), predictions(seed=4)
    baselines = evaluate(table, operating_point=0.5, validation=validation, resamples=20).baselines
    assert baselines.image_over_age.value == pytest.approx(
        baselines.image_and_age.auc.value - baselines.age_only.auc.value
    )
    assert "image_and_age" not in baselines.known()
    assert describe_image_over_age(baselines).startswith("With age, the model reaches an AUC of ")
    without = evaluate(table, operating_point=0.5, resamples=20).baselines
    assert (without.image_and_age, without.image_over_age, describe_image_over_age(without)) == (None, None, None)


def patients(positive: int, negative: int) -> pd.DataFrame:
    """One breast a patient; every positive above every negative, and older."""
    count = positive + negative
    return pd.DataFrame(
        {
            "patient_id": [str(n) for n in range(count)],
            "laterality": "L",
            "label": [1] * positive + [0] * negative,
            "probability": [0.9] * positive + [0.1] * negative,
            "age": [60.0 + n % 3 for n in range(count)],
        }
    )


def test_evaluate_two_patients_gives_no_verdict_and_no_interval():
    report = evaluate(patients(1, 1), operating_point=0.5, resamples=20)
    assert report.verdict is None
    assert (
        report.verdict_reason
        == report.verdict_or_reason()
        == (
            "Too few patients for a verdict: 1 with a positive breast and 1 with a negative one; at least 5 of each are needed."
        )
    )
    assert report.units.patient.verdict_reason == (
        "Too few patients for a verdict: 1 positive and 1 negative; at least 5 of each are needed."
    )
    estimates = [
        *report.figures_of_merit().values(),
        *report.pf1_intervals.by_name().values(),
        *report.operating_point_intervals.by_name().values(),
        *dict(report.baselines.age_only).values(),
    ]
    assert {(figure.low, figure.high) for figure in estimates} == {(None, None)}
    assert report.auc.value == 1.0
    moved = at_operating_point(report, patients(1, 1), "breast", 0.95, resamples=20)
    assert (moved.verdict, moved.verdict_reason) == (None, report.verdict_reason)


def test_evaluate_least_number_of_patients_gives_verdict_and_intervals():
    report = evaluate(patients(MIN_PATIENTS, MIN_PATIENTS), operating_point=0.5, resamples=200)
    assert report.verdict.startswith("Better than age alone (ΔAUC ")
    assert report.verdict_reason is None
    assert report.auc.value == 1.0
    assert report.auc.low == pytest.approx(0.6427, abs=1e-4)  # not 1.00 to 1.00
    assert report.average_precision == Estimate(value=1.0)
    sensitivity = report.operating_point_intervals.sensitivity
    assert (sensitivity.value, sensitivity.low, sensitivity.high) == pytest.approx((1.0, 0.56552, 1.0), abs=1e-5)
    fewer = evaluate(patients(MIN_PATIENTS - 1, 30), operating_point=0.5, resamples=20)
    assert fewer.verdict is None


def test_operating_intervals_one_breast_a_patient_are_wilsons():
    table = patients(10, 20)
    table.loc[:1, "probability"] = 0.1  # two of ten missed
    intervals = operating_intervals(table, 0.5)
    assert intervals.sensitivity.value == 0.8
    assert (intervals.sensitivity.low, intervals.sensitivity.high) == pytest.approx((0.49016, 0.94331), abs=1e-5)
    assert (intervals.specificity.low, intervals.specificity.high) == pytest.approx((0.83887, 1.0), abs=1e-5)
    assert intervals.ppv.low == pytest.approx(0.67559, abs=1e-5)  # 8 of 8
    none = operating_intervals(table, 0.95)
    assert none.ppv == Estimate(value=None)
    assert none.sensitivity.low == 0.0
