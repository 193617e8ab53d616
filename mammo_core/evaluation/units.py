"""Image predictions → breasts → patients.

A table of predictions has one row per image: patient_id, laterality, probability of the positive class in [0, 1], label (0
or 1, where known), exam_id (where the data set tells a patient's exams apart), and any other columns.
"""

import pandas as pd

from mammo_core.documents.units import Unit


def to_breasts(predictions: pd.DataFrame) -> pd.DataFrame:
    """Combine images into breasts, one a patient, exam and laterality.

    A breast has the mean probability of its images, and is positive if any of them is.

    Other columns take their first known value.
    """
    exam = ["exam_id"] if "exam_id" in predictions else []
    return _combine(predictions, ["patient_id", *exam, "laterality"], "mean")


def to_patients(predictions: pd.DataFrame) -> pd.DataFrame:
    """Combine images into breasts, and breasts into patients.

    A patient has the highest probability of her breasts in all exams, and is positive if any of them is.
    """
    return _combine(to_breasts(predictions), ["patient_id"], "max")


def to_unit(predictions: pd.DataFrame, unit: Unit) -> pd.DataFrame:
    """Return the predictions with one row per unit."""
    if unit == "breast":
        return to_breasts(predictions)
    if unit == "patient":
        return to_patients(predictions)
    return predictions.reset_index(drop=True)


def _combine(table: pd.DataFrame, keys: list[str], combination: str) -> pd.DataFrame:
    aggregation = {name: "first" for name in table.columns if name not in keys}
    aggregation["probability"] = combination
    if "label" in table:
        aggregation["label"] = "max"
    return table.groupby(keys, sort=True, as_index=False, dropna=False).agg(aggregation)
