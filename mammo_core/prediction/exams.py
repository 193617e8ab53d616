"""Group image results into exams.

Duplicates are marked, corrections applied and views hung, and warnings name what is unusual.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product, zip_longest
from typing import TypeVar

import numpy as np

from mammo_core.dataset.catalogue import hanging_order
from mammo_core.prediction.decode import DecodedImage
from mammo_core.prediction.results import UNKNOWN, DuplicateImage, ExamReport, ImagePrediction, ImageResult

SIDES, STANDARD_VIEWS = ("R", "L"), ("CC", "MLO")
VIEWS = (*STANDARD_VIEWS, "ML", "LM", "LMO", "AT")
MAX_DIFFERENCE = 4.0  # grey levels by which two encodings of one image may differ on average

Row = tuple[ImagePrediction | None, ImagePrediction | None]  # right breast, left breast
ImageT = TypeVar("ImageT")


@dataclass(frozen=True)
class Correction:
    """Patient, laterality and view set by the user; None where unknown.

    They replace those of the file.
    """

    patient: str | None
    laterality: str | None
    view: str | None


def mark_duplicates(images: Sequence[ImageResult]) -> list[ImageResult]:
    """Replace each repeated image by a `DuplicateImage`, so that it counts once.

    Two files hold the same image if their pixels are identical, or if they share SOP Instance UID, laterality and view and
    their pixels are similar. The names of the files don't matter.
    """
    by_pixels: dict[str, int] = {}
    by_instance: dict[tuple[str | None, ...], list[tuple[int, DecodedImage]]] = {}
    results: list[ImageResult] = []
    for number, image in enumerate(images, 1):
        original = number
        if isinstance(image, ImagePrediction):
            decoded = image.decoded
            identity = (decoded.instance, decoded.laterality, decoded.view)
            instances = by_instance.setdefault(identity, []) if decoded.instance else []
            alike = (earlier for earlier, other in instances if _alike(decoded, other))
            original = by_pixels.setdefault(decoded.digest, next(alike, number))
            instances.append((number, decoded))
        results.append(image if original == number else DuplicateImage(image.file, image.key, original))
    return results


def _alike(left: DecodedImage, right: DecodedImage) -> bool:
    """Return whether two files with the same SOP Instance UID hold the same image.

    The UID alone doesn't show it, because some anonymisers give all files the same one.
    """
    return float(np.abs(left.thumbnail.astype(np.int16) - right.thumbnail).mean()) <= MAX_DIFFERENCE


def apply_corrections(images: Sequence[ImageResult], corrections: Mapping[str, Correction]) -> list[ImageResult]:
    """Give images the patient, laterality and view that the user has set.

    Args:
        images: one result per file.
        corrections: by the digest of the image; other images stay as they are.
    """

    def correct(image: ImageResult) -> ImageResult:
        if not isinstance(image, ImagePrediction) or image.decoded.digest not in corrections:
            return image
        correction = corrections[image.decoded.digest]
        return image.with_labels(correction.patient, correction.laterality, correction.view)

    return [correct(image) for image in images]


def hang_images(
    images: Iterable[ImageT], side_and_view: Callable[[ImageT], tuple[str | None, str | None]]
) -> list[tuple[ImageT | None, ImageT | None]]:
    """Order a patient's images as readers hang them.

    Args:
        images: in any form.
        side_and_view: returns the laterality and the view of an image; None where unknown.

    Returns:
        Rows of an image of the right breast and one of the left (or of an unknown side), or None; CC first, then MLO, then
        any other view. Further images of a view follow its first.
    """
    views: dict[str, tuple[list[ImageT], list[ImageT]]] = {}
    for image in images:
        side, view = side_and_view(image)
        right, left = views.setdefault(view or UNKNOWN, ([], []))
        (right if side == "R" else left).append(image)
    return [row for view in sorted(views, key=hanging_order) for row in zip_longest(*views[view])]


def hang_exams(images: Sequence[ImageResult]) -> dict[str, list[Row]]:
    """Group predictions by patient, each patient's in hanging order."""
    grouped: dict[str, list[ImagePrediction]] = {}
    for image in images:
        if isinstance(image, ImagePrediction):
            grouped.setdefault(image.decoded.patient or UNKNOWN, []).append(image)
    return {
        patient: hang_images(predictions, lambda image: (image.decoded.laterality, image.decoded.view))
        for patient, predictions in grouped.items()
    }


def exam_warnings(rows: Sequence[Row]) -> list[str]:
    """Return sentences about what is unusual in an exam.

    Missing, repeated and non-standard views are unusual.

    Args:
        rows: the rows of one patient, see `hang_exams`.
    """
    images = [image.decoded for row in rows for image in row if image]
    counts = Counter((image.laterality or UNKNOWN, image.view or UNKNOWN) for image in images)
    unknown = sum(count for key, count in counts.items() if UNKNOWN in key)
    missing = [" ".join(key) for key in product(SIDES, STANDARD_VIEWS) if key not in counts]
    repeated = [(" ".join(key), count) for key, count in counts.items() if count > 1 and UNKNOWN not in key]
    other = sorted({view for _, view in counts if view not in (*STANDARD_VIEWS, UNKNOWN)})
    warnings = []
    if any(image.patient is None for image in images) and len(images) > 1:
        warnings.append(
            "These files name no patient. If they belong to several, set the patients in the table of files."
        )
    if unknown:
        warnings.append(f"Side or view unknown: {unknown} of {len(images)}; set them in the table of files.")
    elif missing:
        warnings.append(f"Missing view{'s' if len(missing) > 1 else ''}: {', '.join(missing)}.")
    warnings += [f"{name} appears {'twice' if count == 2 else f'{count} times'}." for name, count in repeated]
    if other:
        warnings.append(f"Not among the standard views: {', '.join(other)}.")
    return warnings


def strip_file_names(report: ExamReport) -> ExamReport:
    """Return a report whose files are numbered: their names may identify the patient.

    Notes are left out, because they name archives.
    """
    images = tuple(replace(image, file=f"file {number}") for number, image in enumerate(report.images, 1))
    return replace(report, images=images, notes=())
