"""An exam report as one self-contained HTML file."""

import base64
from collections.abc import Mapping
from html import escape

import pandas as pd

from mammo_core.documents.html import as_html_table, page
from mammo_core.evaluation.operating import describe_percentile
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.exams import Row, exam_warnings
from mammo_core.prediction.rendering import exam_picture, to_png
from mammo_core.prediction.results import ExamReport


def answer_html(answer: ExamReport, exams: Mapping[str, list[Row]], bundle: Bundle, opacity: float) -> str:
    """Return an answer as one HTML file that needs nothing else.

    Args:
        answer: what is reported, with or without the names of files.
        exams: its images by patient, see `mammo_core.prediction.exams.hang_exams`.
        bundle: the model.
        opacity: of the heat, in [0, 1].
    """
    data = bundle.card["data"]
    parts = [
        "<h1>Answer of a model to mammograms</h1>",
        *(f"<p class=limit>{escape(limit)}</p>" for limit in bundle.card["limits"]),
        f"<p>Model {escape(bundle.name)}, {escape(bundle.card['network'])} network, trained on {escape(data['dataset'])}. "
        f"A breast is the mean of its images, a patient the highest breast; recall from {answer.threshold:.3f}.</p>",
    ]
    validation = bundle.validation()
    for patient, rows in exams.items():
        picture = base64.b64encode(to_png(exam_picture(rows, answer, opacity))).decode()
        parts += [
            f"<h2>Patient {escape(patient)}</h2>",
            as_html_table(_units(answer, patient, validation)),
            *(f"<p>{escape(remark)}</p>" for remark in exam_warnings(rows)),
            f'<img alt="Views with heatmaps" style="max-width:100%" src="data:image/png;base64,{picture}">',
        ]
    images = pd.DataFrame(
        [image.to_json() | {"heat outside the breast": image.cam_outside_breast()} for image in answer.images]
    )
    parts += ["<h2>Images</h2>", as_html_table(_shown(images))]
    return page("Answer of a model to mammograms", parts)


def _units(answer: ExamReport, patient: str, validation: pd.DataFrame) -> pd.DataFrame:
    """Return a table for people: the patient and each breast, and where they lie among the validation part."""
    breasts = answer.breasts[answer.breasts["patient"] == patient]
    patient_rows = answer.patients[answer.patients["patient"] == patient].assign(laterality="patient, highest breast")
    table = pd.concat([breasts, patient_rows]).drop(columns="patient").rename(columns={"laterality": "breast"})
    places = [describe_percentile(validation, value, "breast") for value in breasts["probability"]]
    places += [describe_percentile(validation, value, "patient") for value in patient_rows["probability"]]
    return _shown(table.assign(place=places))


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    words = {
        "probability": lambda value: "–" if pd.isna(value) else f"{value:.3f}",
        "heat outside the breast": lambda value: "–" if pd.isna(value) else f"{value:.0%}",
        "recall": {True: "yes", False: "no"}.get,
        "out_of_distribution": {True: "yes: no basis", False: "no"}.get,
    }
    return table.assign(**{name: table[name].map(word) for name, word in words.items() if name in table})
