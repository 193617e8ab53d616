"""Tabulate exams, one row each, so that many can be looked through."""

from collections.abc import Sequence

import pandas as pd

from mammo_core.documents.prediction import describe_decision
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.exams import Exam, exam_warnings


def sort_exams(report: ExamReport, exams: Sequence[Exam]) -> list[Exam]:
    """Return exams by the probability of their patient, the highest first.

    Those without a result for a patient come last; of equal ones, the order stays.
    """

    def probability(exam: Exam) -> float:
        return max((patient.probability for patient in report.patient_predictions(exam.key)), default=-1)

    return sorted(exams, key=probability, reverse=True)


def exam_table(report: ExamReport, exams: Sequence[Exam]) -> pd.DataFrame:
    """Return patient, exam, probabilities, decision and warnings, one row per exam.

    Args:
        report: holds the predictions.
        exams: in the order of the rows.

    Returns:
        The probabilities of right and left breast and of the higher one, in [0, 1], are NaN where there is none.
    """
    rows = []
    for exam in exams:
        breasts = {breast.laterality: breast.probability for breast in report.breasts_of(exam.key)}
        patients = report.patient_predictions(exam.key)
        rows.append(
            {
                "patient": exam.patient,
                "exam": exam.title(),
                "right": breasts.get("R"),
                "left": breasts.get("L"),
                "highest": patients[0].probability if patients else None,
                "decision": describe_decision(patients[0].recall) if patients else "–",
                "remarks": " ".join(exam_warnings(exam.rows)),
            }
        )
    table = pd.DataFrame(rows, columns=["patient", "exam", "right", "left", "highest", "decision", "remarks"])
    return table.astype(dict.fromkeys(("right", "left", "highest"), float))
