from builders.predictions import predictions
from builders.store_evaluations import make_store_evaluation
from mammo_core.documents.estimate import Estimate
from mammo_core.evaluation.elsewhere_tables import HOME, describe_shift, elsewhere_table, format_points, shift_table
from mammo_core.evaluation.report import evaluate
from mammo_core.evaluation.tables import format_ci, format_share

EVALUATION = make_store_evaluation()


def test_elsewhere_table_shows_data_side_by_side():
    home = evaluate(predictions(), operating_point=0.3, resamples=20)
    table = elsewhere_table(home, {"a": EVALUATION.report})
    assert table["data"].tolist() == [HOME, "a"]
    assert table["AUC"].tolist() == [format_ci(home.auc), format_ci(EVALUATION.report.auc)]
    assert table["positive"].tolist() == ["30 (12.5 %)"] * 2
    assert table["sensitivity"].iloc[1] == format_share(EVALUATION.report.operating_point_intervals.sensitivity)


def test_shift_table_has_points_with_intervals():
    (row,) = shift_table({"a": EVALUATION.shift}).to_dict("records")
    sensitivity = next(shift for shift in EVALUATION.shift if shift.measure == "sensitivity")
    assert row["sensitivity"] == format_points(sensitivity.difference)
    assert list(row) == ["data", "recall rate", "sensitivity", "specificity", "PPV1"]


def test_format_points_with_and_without_interval():
    assert format_points(Estimate(value=0.03, low=0.005, high=0.055)) == "+3.0 points (0.5 to 5.5)"
    assert format_points(Estimate(value=-0.03)) == "-3.0 points (no interval)"
    assert format_points(Estimate(value=None)) == "–"


def test_describe_shift_names_clear_differences_only():
    text = describe_shift(EVALUATION)
    assert text.startswith("At the threshold 0.300, which was chosen at home, the recall rate is lower by ")
    assert "the sensitivity is lower by" in text
    assert "specificity" not in text
    same = EVALUATION.model_copy(update={"shift": tuple(s for s in EVALUATION.shift if s.measure == "specificity")})
    assert "no share is shown to differ from home" in describe_shift(same)
    own = EVALUATION.model_copy(update={"shift": ()})
    assert describe_shift(own).startswith("These data hold patients of the model's own report")
