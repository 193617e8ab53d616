import io
from html import escape

import pandas as pd
import pytest

from builders.models import write_model
from builders.predictions import predictions
from builders.scores import csv_bytes, image_scores, labelled_set
from mammo_core.assessment.score_evaluation import compare_scores, evaluate_scores, with_comparisons
from mammo_core.assessment.score_exports import (
    comparison_rows,
    describe_scored,
    score_report_csv,
    score_report_html,
)
from mammo_core.assessment.score_file import guess_columns, open_score_file, read_scores
from mammo_core.assessment.score_match import match_scores
from mammo_core.evaluation.tables import format_ci


@pytest.fixture
def report(workspace):
    table = predictions(patients=60, signal=0.1)
    table["patient_id"] = "secret-" + table["patient_id"]
    table["site_id"] = "<b>site</b>"
    catalogue = labelled_set(workspace, table, "a <i>")
    file = open_score_file(csv_bytes(image_scores(table)))
    scored = match_scores(workspace, catalogue, read_scores(file, guess_columns(file.names)))
    model = write_model(workspace.models / "mine")
    return with_comparisons(evaluate_scores(scored, resamples=20), [compare_scores(scored, model, 20)])


def test_html_has_every_unit_note_and_comparison_and_no_identifier(report):
    html = score_report_html(report)
    for unit, figures in report.reports().items():
        assert f"<h2>By {unit}</h2>" in html
        assert format_ci(figures.auc) in html
    assert all(escape(note) in html for note in report.notes)
    assert "Not comparable with mine" in html
    assert "Not a medical device" in html
    assert "secret" not in html


def test_html_escapes_names(report):
    html = score_report_html(report)
    assert "<b>site" not in html
    assert "<i>" not in html
    assert "a &lt;i&gt;" in html


def test_csv_has_a_row_per_unit_and_figure_and_no_identifier(report):
    text = score_report_csv(report)
    table = pd.read_csv(io.StringIO(text))
    assert list(table.columns[:4]) == ["unit", "units", "positives", "measure"]
    auc = table[table["measure"] == "ROC AUC"].set_index("unit")
    assert auc["this model"].to_dict() == {unit: format_ci(figures.auc) for unit, figures in report.reports().items()}
    assert auc["units"].to_dict() == {"image": 240, "breast": 120, "patient": 60}
    assert "secret" not in text


def test_describe_scored_counts_units_and_patients(report):
    assert describe_scored(report, "breast") == (
        "a <i>: 120 breasts (15 positive) of 60 patients. 95 % intervals over patients."
    )


def test_comparison_rows_have_verdict_and_figures(report):
    (row,) = comparison_rows(report).to_dict("records")
    assert (row["model"], row["compared on"]) == ("mine", "0 breasts")
    assert row["verdict"].startswith("Not comparable with mine")
