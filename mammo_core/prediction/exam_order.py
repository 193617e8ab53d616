"""Order the exams of each patient by date, and tell the current one from priors."""

from collections.abc import Iterable, Mapping, Sequence

from mammo_core.prediction.image_results import UNKNOWN, ExamKey, ImagePrediction


def exam_dates(images: Sequence[ImagePrediction]) -> dict[ExamKey, str]:
    """Return the date of each exam that has one: the latest, if its images differ."""
    dates: dict[ExamKey, str] = {}
    for image in images:
        if image.decoded.date:
            dates[image.exam_key] = max(image.decoded.date, dates.get(image.exam_key, ""))
    return dates


def prior_exams(dates: Mapping[ExamKey, str]) -> set[ExamKey]:
    """Return the exams of patients who have a newer one.

    Exams of unknown patients aren't compared: they may be of different persons.
    """
    newest: dict[str, str] = {}
    for (patient, _), date in dates.items():
        newest[patient] = max(date, newest.get(patient, ""))
    return {key for key, date in dates.items() if key[0] != UNKNOWN and date < newest[key[0]]}


def order_exams(keys: Iterable[ExamKey], dates: Mapping[ExamKey, str]) -> list[ExamKey]:
    """Order exams so that those of a patient follow each other, the newest first.

    Patients keep the order of their first exam; exams without a date come last.
    """
    keys = list(keys)
    patients = {patient: number for number, patient in enumerate(dict.fromkeys(patient for patient, _ in keys))}
    newest_first = sorted(keys, key=lambda key: dates.get(key, ""), reverse=True)  # stable
    return sorted(newest_first, key=lambda key: patients[key[0]])
