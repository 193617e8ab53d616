"""An exam report as one self-contained HTML file."""

import base64
from datetime import date
from html import escape

import pandas as pd

from mammo_core.documents.prediction import BreastPrediction, PatientPrediction, describe_decision
from mammo_core.documents.units import Unit
from mammo_core.evaluation.html import as_html_table, page
from mammo_core.evaluation.operating import describe_percentile
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.exam_report import ExamReport, image_entry
from mammo_core.prediction.exams import Exam, exam_warnings, hang_exams
from mammo_core.prediction.image_results import ExamKey, ImagePrediction
from mammo_core.prediction.rendering import cam_legend, exam_picture, to_png

SIDES = {"R": "Right breast", "L": "Left breast"}


def report_html(
    report: ExamReport, bundle: Bundle, opacity: float, *, dates: bool = False, today: date | None = None
) -> str:
    """Return a report as one HTML file that needs no other file.

    Args:
        report: the results, with or without the names of files.
        bundle: the model.
        opacity: of the heatmap, in [0, 1].
        dates: whether to show the dates of exams.
        today: when the report is made; None takes this day.
    """
    exams = hang_exams(report.images)
    patients = ", ".join(dict.fromkeys(exam.patient for exam in exams))
    day = today or date.today()
    made = f"{day.day} {day:%b %Y}, model {bundle.name}"
    title = f"AI reading of patient {patients}, {made}" if exams else f"AI reading, {made}"
    data = bundle.card.data
    parts = [
        f"<h1>{escape(title)}</h1>",
        *(f"<p class=limit>{escape(limit)}</p>" for limit in bundle.card.limits),
        f"<p>Model {escape(bundle.name)}, {escape(bundle.card.network)} network, trained on {escape(data.dataset)}. "
        f"A breast's probability is the mean over its images in an exam, a patient's that of the higher breast; "
        f"recall threshold {report.threshold:.3f}.</p>",
    ]
    if opacity and any(image.cam is not None for image in report.predictions):
        legend = base64.b64encode(to_png(cam_legend(opacity))).decode()
        parts.append(
            f'<p>Heatmap: adds nothing <img alt="Colours of the heatmap, low to high" src="data:image/png;base64,{legend}"> '
            "adds much to the probability.</p>"
        )
    validation = bundle.validation_predictions()
    for exam in exams:
        parts += _exam_section(report, exam, exam.title(dates=dates), validation, opacity)
    parts += ["<h2>Images</h2>", as_html_table(_image_table(report))]
    return page(title, parts)


def _exam_section(report: ExamReport, exam: Exam, title: str, validation: pd.DataFrame, opacity: float) -> list[str]:
    """Return the HTML of one exam: table, warnings and picture."""
    picture = base64.b64encode(to_png(exam_picture(exam.rows, report, opacity))).decode()
    return [
        f"<h2>{escape(' · '.join(filter(None, [f'Patient {exam.patient}', title])))}</h2>",
        as_html_table(_unit_table(report, exam.key, validation)),
        *(f"<p>{escape(warning)}</p>" for warning in exam_warnings(exam.rows)),
        f'<img alt="Views with heatmaps" style="max-width:100%" src="data:image/png;base64,{picture}">',
    ]


def _unit_table(report: ExamReport, key: ExamKey, validation: pd.DataFrame) -> pd.DataFrame:
    """Compare the predictions for breasts and patient with the validation part.

    Returns:
        One row per breast and one for the patient.
    """
    rows = [
        {
            "breast": SIDES[breast.laterality],
            **_unit_columns(breast),
            "compared with validation": _compare(validation, breast, "breast"),
        }
        for breast in report.breasts_of(key)
    ]
    rows += [
        {
            "breast": "Patient (highest breast)",
            **_unit_columns(unit),
            "compared with validation": _compare(validation, unit, "patient"),
        }
        for unit in report.patient_predictions(key)
    ]
    return pd.DataFrame(rows)


def _compare(validation: pd.DataFrame, prediction: BreastPrediction | PatientPrediction, unit: Unit) -> str:
    """Compare a probability with the validation part, if it means anything."""
    return "–" if prediction.no_decision else describe_percentile(validation, prediction.probability, unit)


def _unit_columns(unit: BreastPrediction | PatientPrediction) -> dict[str, str]:
    return {
        "images": str(unit.images),
        "probability": f"{unit.probability:.3f}",
        "decision": describe_decision(unit.recall, unit.no_decision),
        "like the training images": _describe_distribution(unit.out_of_distribution),
    }


def _image_table(report: ExamReport) -> pd.DataFrame:
    """Return one row per image, in words."""
    rows = []
    for image in report.images:
        entry = image_entry(image)
        outside = image.cam_outside_breast() if isinstance(image, ImagePrediction) else None
        rows.append(
            {
                "file": entry.file,
                "patient": entry.patient,
                "side": entry.laterality,
                "view": image.decoded.view_name if isinstance(image, ImagePrediction) else None,
                "probability": None if entry.probability is None else f"{entry.probability:.3f}",
                "heatmap outside the breast": None if outside is None else f"{100 * outside:.0f} %",
                "like the training images": _describe_distribution(entry.out_of_distribution),
                "problem": entry.error or (image.not_counted if isinstance(image, ImagePrediction) else None),
            }
        )
    return pd.DataFrame(rows).fillna("–")


def _describe_distribution(out_of_distribution: bool | None) -> str:
    return {None: "–", True: "no: the probability has no basis", False: "yes"}[out_of_distribution]
