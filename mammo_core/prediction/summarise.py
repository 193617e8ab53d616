"""Combine the predictions for images into breasts and patients, exam by exam."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from mammo_core.documents.prediction import BreastPrediction, PatientPrediction
from mammo_core.evaluation.units import to_breasts, to_patients
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.exam_order import exam_dates, order_exams
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.image_results import ImageResult


def summarise(images: Sequence[ImageResult], bundle: Bundle) -> ExamReport:
    """Combine image predictions into breasts and patients, in each exam.

    A breast's probability is the mean over its images in an exam, a patient's the highest of their breasts in it. Prior exams
    have predictions of their own and take no part in that of the current one.
    """
    report = ExamReport(bundle.name, bundle.threshold, tuple(images))
    counted = [image for image in report.predictions if image.not_counted is None]
    if not counted:
        return report
    dates = exam_dates(report.predictions)
    exams = order_exams(sorted({image.exam_key for image in counted}, key=lambda key: (key[0], key[1] or "")), dates)
    numbers = {key: number for number, key in enumerate(exams)}
    table = pd.DataFrame(
        [
            {
                "patient_id": numbers[image.exam_key],
                "laterality": image.decoded.laterality,
                "probability": image.probability,
                "images": 1,
                "out_of_distribution": image.out_of_distribution,
                "no_decision": image.no_decision,
            }
            for image in counted
        ]
    )

    def of_exam(row: dict[str, Any]) -> dict[str, Any]:
        patient, exam = exams[row.pop("patient_id")]
        return {**row, "patient": patient, "exam": exam, "date": dates.get((patient, exam))}

    breasts = _combine(table, to_breasts, ["patient_id", "laterality"], bundle.threshold)
    patients = _combine(table, to_patients, ["patient_id"], bundle.threshold)
    return replace(
        report,
        breasts=tuple(BreastPrediction(**of_exam(row)) for row in breasts),
        patients=tuple(PatientPrediction(**of_exam(row)) for row in patients),
    )


def _combine(
    table: pd.DataFrame, combine: Callable[[pd.DataFrame], pd.DataFrame], keys: list[str], threshold: float
) -> list[dict[str, Any]]:
    """Combine a table of images into one record for each unit.

    Args:
        table: one row per image; patient_id numbers the exams.
        combine: computes the probability of each unit.
        keys: columns that identify the unit.
        threshold: the operating point.

    Returns:
        Records with the keys, images, probability, recall, out_of_distribution and no_decision.
    """
    counts = table.groupby(keys, as_index=False).agg(
        {
            "images": "sum",
            "out_of_distribution": "max",
            "no_decision": lambda reasons: max(reasons.dropna(), default=None),
        }
    )
    units = counts.merge(combine(table)[[*keys, "probability"]], on=keys, validate="one_to_one")
    units["recall"] = (units["probability"] >= threshold).astype(object).mask(units["no_decision"].notna(), None)
    units["no_decision"] = units["no_decision"].astype(object).where(units["no_decision"].notna(), None)
    rows: list[dict[str, Any]] = units.to_dict("records")
    return rows
