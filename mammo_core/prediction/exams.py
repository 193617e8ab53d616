"""What a person dropped, as exams: each image once, with the views that the person says, and what is missing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import product, zip_longest

import numpy as np

from mammo_core.dataset.catalogue import hanging_order
from mammo_core.prediction.decode import DecodedImage
from mammo_core.prediction.results import UNKNOWN, ExamReport, Prediction

SIDES, STANDARD_VIEWS = ("R", "L"), ("CC", "MLO")
SAME_PICTURE = 4.0  # grey levels by which two encodings of an image may differ on average
VIEWS = (*STANDARD_VIEWS, "ML", "LM", "LMO", "AT")
Correction = tuple[str | None, str | None, str | None]  # patient, laterality and view
Row = tuple[Prediction | None, Prediction | None]


def mark_duplicates(images: list[Prediction]) -> list[Prediction]:
    """Let an image that was dropped twice count once: by its pixels, or by its SOP Instance UID, whatever its file is called.

    The repeat says so instead of an answer.
    """
    by_pixels: dict[str, int] = {}
    by_instance: dict[tuple[str | None, ...], list[tuple[int, DecodedImage]]] = {}
    found = []
    for number, image in enumerate(images, 1):
        upload, first = image.upload, None
        if upload:
            key = (upload.instance, upload.laterality, upload.view)
            instances = by_instance.setdefault(key, []) if upload.instance else []
            alike = (place for place, other in instances if _alike(upload, other))
            first = by_pixels.setdefault(upload.digest, next(alike, number))
            instances.append((number, upload))
        repeat = Prediction(image.file, error=f"This is the same image as file {first}; it counts once.")
        found.append(image if first in (None, number) else repeat)
    return found


def _alike(one: DecodedImage, other: DecodedImage) -> bool:
    """Return whether two files of one SOP Instance UID hold the same image: anonymisers give it to many."""
    return float(np.abs(one.thumbnail.astype(np.int16) - other.thumbnail).mean()) <= SAME_PICTURE


def apply_corrections(images: list[Prediction], said: Mapping[str, Correction]) -> list[Prediction]:
    """Give images the patient, laterality and view that a person says they have.

    Args:
        images: the predictions.
        said: what is said, by the digest of the image; images that aren't in it stay as they are.
    """

    def correct(image: Prediction) -> Prediction:
        if image.upload is None or image.upload.digest not in said:
            return image
        patient, laterality, view = said[image.upload.digest]
        return replace(image, upload=replace(image.upload, patient=patient, laterality=laterality, view=view))

    return [correct(image) for image in images]


def hang_exams(images: list[Prediction]) -> dict[str, list[Row]]:
    """Group readable images by patient as readers hang them.

    Returns:
        By patient: rows of an image of the right breast and one of the left (or of an unknown side), or None; CC first, then
        MLO, then any other view.
    """
    grouped: dict[str, dict[str, tuple[list[Prediction], list[Prediction]]]] = {}
    for image in images:
        if image.upload:
            views = grouped.setdefault(image.upload.patient or UNKNOWN, {})
            right, left = views.setdefault(image.upload.view or UNKNOWN, ([], []))
            (right if image.upload.laterality == "R" else left).append(image)
    return {
        patient: [row for view in sorted(views, key=hanging_order) for row in zip_longest(*views[view])]
        for patient, views in grouped.items()
    }


def exam_warnings(rows: list[Row]) -> list[str]:
    """Say what is unusual about an exam: standard views that are missing, views that are repeated, other views.

    Args:
        rows: of one patient, see `hang_exams`.
    """
    uploads = [image.upload for row in rows for image in row if image and image.upload]
    found = Counter((upload.laterality or UNKNOWN, upload.view or UNKNOWN) for upload in uploads)
    names = {key: " ".join(key) for key in found}
    unknown = sum(count for key, count in found.items() if UNKNOWN in key)
    missing = [" ".join(key) for key in product(SIDES, STANDARD_VIEWS) if key not in found]
    repeated = [f"{names[key]} ({count} times)" for key, count in found.items() if count > 1 and UNKNOWN not in key]
    other = sorted({view for _, view in found if view not in (*STANDARD_VIEWS, UNKNOWN)})
    texts = []
    if any(upload.patient is None for upload in uploads) and len(uploads) > 1:
        texts.append("These files name no patient: if they are of several, say so in the table of files.")
    if unknown:
        texts.append(f"Side or view unknown: {unknown} of {len(uploads)}; set them in the table of files.")
    elif missing:
        texts.append(f"Missing from the four standard views: {', '.join(missing)}.")
    if repeated:
        texts.append(f"Repeated: {', '.join(repeated)}.")
    if other:
        texts.append(f"Not among the standard views: {', '.join(other)}.")
    return texts


def strip_file_names(answer: ExamReport) -> ExamReport:
    """Return an answer without the names of the files, which may say who the patient is: they are numbered instead."""
    images = [replace(image, file=f"file {number}") for number, image in enumerate(answer.images, 1)]
    return replace(answer, images=images)
