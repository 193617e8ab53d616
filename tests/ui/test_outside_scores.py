"""Outside scores on the Models page, with the real core: what is taken, what is wrong with a file, what is shown."""

import io
import logging

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from builders.app import figures, open_page, plain, widget, without_error
from builders.models import write_model
from builders.predictions import predictions
from builders.scores import both_sides, csv_bytes, image_scores, labelled_set
from mammo_core.assessment.score_evaluation import evaluate_scores
from mammo_core.assessment.score_file import guess_columns, open_score_file, read_scores
from mammo_core.assessment.score_match import match_scores
from mammo_core.errors import AccessError, DataError
from mammo_core.evaluation.tables import divide_measures, report_table
from mammo_core.models.registry import activate
from ui import outside_scores
from ui.outside_scores import ATTRIBUTED, EVALUATED, FILE, GROUPED, NAME

PART = {"part": "Outside scores"}


@pytest.fixture
def table():
    return predictions(patients=40, signal=0.1)


@pytest.fixture
def data(workspace, table):
    """A workspace with a labelled data set and one model."""
    labelled_set(workspace, table)
    write_model(workspace.models / "mine")
    activate(workspace, "mine")
    return workspace


def opened() -> AppTest:
    return without_error(open_page("models", PART))


def upload(app: AppTest, data: bytes, name: str = "scores.csv") -> AppTest:
    uploader = app.file_uploader[0]
    uploader.set_value([(name, data, "text/csv")] if isinstance(uploader.value, list) else (name, data, "text/csv"))
    app.run()
    assert not app.exception
    return app


def test_page_without_a_file_says_what_is_taken_and_what_becomes_of_it(data):
    app = opened()
    assert [uploader.label for uploader in app.file_uploader] == ["Drop a CSV file with the scores of any model"]
    (caption,) = app.caption
    assert "breast_cancer_classifier" in plain(caption.value)
    assert "Nothing is trained or executed." in caption.value
    assert not app.dataframe


def test_page_without_data_sets_leads_to_data(workspace):
    app = opened()
    assert "no data set with labels yet" in app.info[0].value
    assert [link.label for link in app.get("page_link")] == ["Go to Data"]
    assert not app.file_uploader


def test_scores_are_reported_like_a_model(data, table):
    app = without_error(upload(opened(), csv_bytes(image_scores(table))))
    file = open_score_file(csv_bytes(image_scores(table)))
    scored = match_scores(data, labelled_set(data, table, "same"), read_scores(file, guess_columns(file.names)))
    report = evaluate_scores(scored)
    assert plain(app.info[0].value) == report.verdict
    first, others = divide_measures(report_table(report))
    assert app.dataframe[0].value.equals(first)
    assert app.dataframe[2].value.equals(others)
    titles = {plain(text.value) for text in app.markdown}
    assert titles >= {
        "**ROC curve**",
        "**Precision and recall**",
        "**Calibration**",
        "**Probabilities of breasts, by label**",
    }
    assert len(figures(app)) == 5
    assert plain(app.warning[0].value) == "Not comparable with mine: it was evaluated on none of the scored breasts."
    shown = " ".join(plain(text.value) for text in app.markdown)
    assert all(note in shown for note in report.notes)
    app.segmented_control(key="unit of the scores").set_value("patient").run()
    assert app.dataframe[0].value.equals(divide_measures(report_table(report.units.patient))[0])


def test_subgroups_by_a_chosen_column_are_shown_and_go_into_the_downloads(data, table, monkeypatch):
    race = (table["patient_id"].astype(int) // 4 % 2).map({0: "a", 1: "b"})
    labelled_set(data, table.assign(race=race, PatientName="Doe^" + table["patient_id"]), "another")
    app = upload(opened(), csv_bytes(image_scores(table)))
    app.selectbox(key="data set of scores").set_value("another").run()
    without_error(app)
    groups = widget(app, "multiselect", "Groups by")
    assert "race" in groups.options
    assert "PatientName" not in groups.options
    taken = []
    monkeypatch.setattr(outside_scores, "offer_report", taken.append)
    groups.set_value(["race"]).run()
    without_error(app)
    assert {(row.attribute, row.group) for row in taken[0].subgroups} == {("race", "a"), ("race", "b")}
    assert app.dataframe[-1].value["attribute"].tolist() == ["race", "race"]
    widget(app, "button", "Clear").click().run()
    assert not [key for key in (EVALUATED, ATTRIBUTED, GROUPED) if key in app.session_state]


def test_columns_that_cannot_be_read_leave_the_report(data, table, monkeypatch):
    def fail(*_):
        raise DataError("acquisition.parquet isn't readable.")

    monkeypatch.setattr(outside_scores, "scored_with_attributes", fail)
    app = upload(opened(), csv_bytes(image_scores(table)))
    assert [plain(error.value) for error in app.error] == ["acquisition.parquet isn't readable."]
    assert [button.label for button in app.download_button][-2:] == ["CSV", "HTML report"]


def test_columns_can_be_chosen_and_a_ranking_has_no_calibration(data, table):
    scores = image_scores(table).rename(columns={"image_id": "Bild", "score": "Wert"})
    app = upload(opened(), csv_bytes(scores.assign(Wert=scores["Wert"] * 9)))
    assert [plain(error.value) for error in app.error] == [
        "Which column holds the scores isn't clear. Choose it, or those of the left and right breast (--columns score=NAME)."
    ]
    widget(app, "selectbox", "Score").set_value("Wert")
    widget(app, "selectbox", "Image").set_value("Bild").run()
    without_error(app)
    assert "Each score is of one image." in [caption.value for caption in app.caption]
    titles = [plain(text.value) for text in app.markdown]
    assert "**Calibration**" not in titles
    assert "**Scores of breasts, by label**" in titles


def test_threshold_is_taken_and_can_be_left_to_the_data(data, table):
    app = upload(opened(), csv_bytes(image_scores(table)))
    notes = [plain(text.value) for text in app.markdown]
    assert any("chosen at 90 % specificity on these same breasts" in note for note in notes)
    app.number_input[0].set_value(0.25).run()
    without_error(app)
    assert not any("chosen at 90 %" in plain(text.value) for text in app.markdown)


def test_file_without_patients_asks_for_their_order(data, table, tmp_path):
    app = upload(opened(), csv_bytes(both_sides(table, tmp_path / "order.txt")))
    assert ["has 40 rows, and the list of patients 0" in error.value for error in app.error] == [True]
    app.text_area[0].set_value((tmp_path / "order.txt").read_text()).run()
    without_error(app)
    assert any("80 breasts (10 positive) of 40 patients" in caption.value for caption in app.caption)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\x03\x04", "This is a spreadsheet program's own file. Save the sheet as CSV, and take that."),
        (b"\n", "This file isn't readable as a CSV file with a header line."),
        ((",".join("a" * 300) + "\n").encode(), "This file has 300 columns; at most 100 are read. Leave some out."),
    ],
)
def test_file_that_is_no_table_of_scores_is_one_error_and_another_may_follow(data, table, content, sentence):
    app = upload(opened(), content)
    assert [plain(error.value) for error in app.error] == [sentence]
    without_error(upload(app, csv_bytes(image_scores(table))))
    assert app.dataframe


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("image_id,score\nx,0.5\n", "None of the 1 scores is of one of the images of set."),
        ("image_id,score\n0,high\n", "1 of 1 scores are no finite numbers, the first in line 2."),
        ("image_id,score\n0,0.5\n0,0.6\n", "1 images have several different scores"),
        ("image_id,score\n0,0.5\n", "The scored images all have the same label in set"),
    ],
)
def test_scores_that_cannot_be_evaluated_are_one_error_beside_the_choices(data, rows, sentence):
    app = upload(opened(), rows.encode())
    assert [plain(error.value).startswith(sentence) for error in app.error] == [True]
    assert app.selectbox
    assert not app.dataframe


def test_upload_is_requested_first_and_a_refusal_keeps_nothing(data, table, monkeypatch):
    requested = []

    def deny(action, name):
        requested.append((action, name))
        raise AccessError("Your role doesn't allow this.")

    monkeypatch.setattr(outside_scores, "request", deny)
    app = upload(opened(), csv_bytes(image_scores(table)))
    assert requested == [("evaluate scores", "1 file")]
    assert [plain(error.value) for error in app.error] == ["Your role doesn't allow this."]
    assert FILE not in app.session_state


def test_clear_forgets_file_and_report(data, table):
    app = upload(opened(), csv_bytes(image_scores(table)))
    app.button(key="clear scores").click().run()
    without_error(app)
    assert app.file_uploader
    assert not app.dataframe
    assert [key for key in (FILE, NAME, EVALUATED) if key in app.session_state] == []


def test_file_stays_while_other_pages_are_visited(data, table):
    app = upload(opened(), csv_bytes(image_scores(table)))
    app.switch_page("pages/overview.py").run()
    app.switch_page("pages/models.py")
    app.query_params.update(PART)
    without_error(app.run())
    app.segmented_control(key="part").set_value("Outside scores").run()
    assert next(text.value for text in app.markdown) == "**scores.csv**"


def test_hostile_names_are_shown_as_they_are_and_nothing_reaches_the_log(data, table, caplog, capfd):
    hostile = "![x](http://host/p.png)"
    scores = image_scores(table).rename(columns={"image_id": hostile}).assign(**{"<img src=x>": "=SECRET()"})
    scores[hostile] = "SECRET-" + scores[hostile]
    with caplog.at_level(logging.DEBUG):
        app = upload(opened(), csv_bytes(scores), f"{hostile}.csv".replace("/", "_"))
        widget(app, "selectbox", "Image").set_value(hostile).run()
    assert not app.exception
    assert [plain(error.value)[:4] for error in app.error] == ["None"]
    texts = [element.value for element in [*app.markdown, *app.caption, *app.error]]
    assert not any("![x](" in text for text in texts)
    assert "SECRET" not in "".join((*texts, *capfd.readouterr(), caplog.text))


def test_exports_hold_the_figures_and_no_identifier(data, table, monkeypatch):
    offered = {}

    def keep(label, content, name, *_, **__):
        if name.startswith("outside-scores"):
            offered[name] = content()

    monkeypatch.setattr(st, "download_button", keep)
    without_error(upload(opened(), csv_bytes(image_scores(table))))
    charts = ("roc-curve", "precision-and-recall", "calibration", "probabilities-of-breasts-by-label")
    assert set(offered) >= {"outside-scores.csv", "outside-scores.html"} | {
        f"outside-scores-by-breast-{chart}.{kind}" for chart in charts for kind in ("csv", "html")
    }
    assert "ROC AUC" in pd.read_csv(io.StringIO(offered["outside-scores.csv"]))["measure"].tolist()
    assert "<h2>By breast</h2>" in offered["outside-scores.html"]
