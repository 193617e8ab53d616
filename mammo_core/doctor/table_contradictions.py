"""Find images whose columns contradict each other."""

from collections.abc import Iterator

import pandas as pd

from mammo_core.documents.doctor_report import ImageFinding

AGE, LABEL = "age", "label"
SURE = 0.99
MAX_YEARS = 1.0  # by which ages within one exam may differ: a birthday lies between two visits that count as one


def table_contradictions(manifest: pd.DataFrame) -> list[ImageFinding]:
    """Return the images whose age or label contradicts other columns or other images.

    Args:
        manifest: of a store; columns that it lacks are not checked.
    """
    return [*_ages(manifest), *_labels_of_breasts(manifest), *_invasive(manifest)]


def exam_of(manifest: pd.DataFrame) -> pd.Series:
    """Return the exam of each image, as text.

    A patient has one unless the data set tells exams apart.
    """
    patient = manifest["patient_id"].astype("str")
    return patient + "/" + manifest["exam_id"].astype("str") if "exam_id" in manifest else patient


def finding(row: pd.Series, check: str, reason: str, confidence: float) -> ImageFinding:
    """Return a finding on the image of a manifest's row."""
    return ImageFinding(
        image_id=str(row["image_id"]),
        reason=reason,
        confidence=round(float(confidence), 3),
        patient_id=str(row["patient_id"]),
        check=check,
    )


def _ages(manifest: pd.DataFrame) -> Iterator[ImageFinding]:
    """Yield the images whose age isn't that of most images of their exam."""
    if "age" not in manifest:
        return
    ages = manifest["age"].astype("float64").groupby(exam_of(manifest))
    spread = ages.transform("max") - ages.transform("min")
    typical = ages.transform("median")
    for row in manifest.index[(spread > MAX_YEARS) & ((manifest["age"] - typical).abs() >= MAX_YEARS / 2)]:
        age = float(manifest.loc[row, "age"])
        yield finding(
            manifest.loc[row], AGE, f"It states an age of {age:g}, and other images of its exam another.", SURE
        )


def _labels_of_breasts(manifest: pd.DataFrame) -> Iterator[ImageFinding]:
    """Yield the images of breasts that are labelled both ways."""
    labelled = manifest[manifest["label"].notna() & manifest["laterality"].notna()]
    breast = [exam_of(labelled), labelled["laterality"].astype("str")]
    mixed = labelled.groupby(breast)["label"].transform("nunique") > 1
    for row in labelled.index[mixed]:
        label = "positive" if labelled.loc[row, "label"] == 1 else "negative"
        yield finding(labelled.loc[row], LABEL, f"It is labelled {label}, and another image of its breast isn't.", SURE)


def _invasive(manifest: pd.DataFrame) -> Iterator[ImageFinding]:
    """Yield the images that are called invasive cancer and labelled negative."""
    if "invasive" not in manifest:
        return
    wrong = (manifest["invasive"] == 1).fillna(False) & (manifest["label"] == 0).fillna(False)
    for row in manifest.index[wrong.to_numpy(bool)]:
        yield finding(manifest.loc[row], LABEL, "It is labelled negative, and its cancer is called invasive.", SURE)
