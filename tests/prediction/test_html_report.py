import re
from datetime import date

import pytest

from builders.phantom_files import input_files, letter
from builders.predicted_images import decoded_image, image_prediction
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.exams import strip_file_names
from mammo_core.prediction.html_report import report_html
from mammo_core.prediction.image_results import UNLIKE
from mammo_core.prediction.predict import predict_exams
from mammo_core.prediction.summarise import summarise


@pytest.fixture
def report(finished, exam, trained, sandbox) -> ExamReport:
    files = [*input_files(exam, name="name-{image_id}"), letter()]
    return predict_exams(finished, files, trained, sandbox)


def test_report_html_is_self_contained(report, trained):
    text = report_html(report, trained.bundle, 0.6, today=date(2026, 11, 6))
    assert "Not a medical device" in text
    assert "data:image/png;base64," in text
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']?http", text)
    assert (
        f"<h1>AI reading of patient {report.patients[0].patient}, 6 Nov 2026, model {trained.bundle.name}</h1>" in text
    )
    assert all(f"{breast.probability:.3f}" in text for breast in report.breasts)
    assert report.images[-1].error in text.replace("&#x27;", "'")


@pytest.mark.parametrize("named", [False, True])
def test_report_html_shows_file_names_only_if_kept(report, trained, named):
    text = report_html(report if named else strip_file_names(report), trained.bundle, 0.6)
    assert ("name-" in text) == named
    assert ("file 1" in text) != named


def test_report_html_without_images(trained):
    text = report_html(ExamReport("trained", 0.5), trained.bundle, 0.5, today=date(2026, 11, 6))
    assert f"<h1>AI reading, 6 Nov 2026, model {trained.bundle.name}</h1>" in text
    assert "Images" in text


def test_report_html_states_the_decision_for_each_unit(trained):
    images = [
        image_prediction(decoded_image("R"), probability=1.0),
        image_prediction(decoded_image("L", seed=1), probability=0.0),
        image_prediction(decoded_image("L", seed=2, patient="q"), probability=1.0, ood_score=2.0),
    ]
    text = report_html(summarise(images, trained.bundle), trained.bundle, 0.0)
    decisions = re.findall(r"<td>(recall|no recall|no decision[^<]*)</td>", text)
    # right breast, left breast and patient p; left breast and patient q
    assert decisions == ["recall", "no recall", "recall", *[f"no decision: {UNLIKE}"] * 2]
    images = [image_prediction(decoded_image("R"), probability=1.0, beyond_model=True)]
    text = report_html(summarise(images, trained.bundle), trained.bundle, 0.0)
    assert text.count("<td>no decision: this model has only seen synthetic images</td>") == 2
    assert "<td>recall</td>" not in text
    assert "of validation" not in text


@pytest.mark.parametrize(
    ("dates", "titles"),
    [
        (True, ["Patient p · Exam of 2023-05-06", "Patient p · Prior exam of 2021-03-04"]),
        (False, ["Patient p · Newest exam", "Patient p · Prior exam 1"]),
    ],
)
def test_report_html_has_a_section_for_each_exam_with_dates_only_if_kept(trained, dates, titles):
    images = [
        image_prediction(decoded_image("R", exam="a", date="2021-03-04"), probability=1.0),
        image_prediction(decoded_image("R", seed=1, exam="b", date="2023-05-06"), probability=0.25),
    ]
    text = report_html(summarise(images, trained.bundle), trained.bundle, 0.0, dates=dates)
    assert re.findall(r"<h2>(Patient [^<]*)</h2>", text) == titles
    assert ("2021-03-04" in text) == dates
