"""Group image results into exams: a patient's images of one study.

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
from mammo_core.prediction.exam_order import exam_dates, order_exams, prior_exams
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.image_results import (
    NO_IDENTITY,
    UNKNOWN,
    DuplicateImage,
    ExamKey,
    ImagePrediction,
    ImageResult,
)

SIDES, STANDARD_VIEWS = ("R", "L"), ("CC", "MLO")
VIEWS = (*STANDARD_VIEWS, "ML", "LM", "LMO", "AT", "XCCL", "XCCM", "FB", "SIO", "ISO")
BY_FOLDER = "The file names neither patient nor study; it belongs to the other files in its folder."
NO_BREASTS = (
    "These files name neither patient nor study, and nothing else tells persons apart, so there are no results for breasts "
    "or patients. Set the patients in the table of files."
)
STUDY_OF_ITS_OWN = (
    "Each file of this patient has a study of its own, and their dates don't differ: they are taken as one exam."
)
SPELLINGS = "Files of one study spell the patient's identifier in capital and in small letters: they are one person's."
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


def join_by_folder(images: Sequence[ImageResult]) -> list[ImageResult]:
    """Join images that name neither patient nor study by their folders.

    Folders tell persons apart only where there are several beside each other, and a folder is one person's only if no view of
    a side repeats in an exam there: folders such as "positive" and "negative" hold the images of many.
    """
    unidentified = [
        one
        for one in images
        if isinstance(one, ImagePrediction) and one.exam_key == (UNKNOWN, None) and one.decoded.folder
    ]
    parents = {parent for image in unidentified for parent in image.decoded.parents}
    views = Counter(
        (image.decoded.folder_exam, image.decoded.laterality, image.decoded.view_name)
        for image in unidentified
        if not image.decoded.special_kind
    )
    of_many = {exam for (exam, _, _), count in views.items() if count > 1}
    folders = {image.decoded.folder for image in unidentified} - parents
    if len(folders) < 2:
        return list(images)

    def join(image: ImageResult) -> ImageResult:
        if not isinstance(image, ImagePrediction) or image.exam_key != (UNKNOWN, None):
            return image
        decoded = image.decoded
        if decoded.folder not in folders or decoded.folder_exam in of_many:
            return image
        return replace(image, decoded=replace(decoded, exam=decoded.folder_exam, notes=(*decoded.notes, BY_FOLDER)))

    return [join(image) for image in images]


def join_single_image_studies(images: Sequence[ImageResult]) -> list[ImageResult]:
    """Join a patient's studies of one image each to one exam a day.

    Some anonymisers give every file a StudyInstanceUID of its own. Where no image has a date, the studies are joined only if
    no view of a side repeats: otherwise they may be of several years.
    """
    of_patient: dict[str, list[DecodedImage]] = {}
    for image in images:
        if isinstance(image, ImagePrediction) and image.decoded.patient:
            of_patient.setdefault(image.decoded.patient, []).append(image.decoded)
    exams: dict[ExamKey, str] = {}
    for patient, decoded in of_patient.items():
        for day in _days(decoded):
            exams |= {(patient, image.exam): min(str(other.exam) for other in day) for image in day}

    def join(image: ImageResult) -> ImageResult:
        if not isinstance(image, ImagePrediction) or image.exam_key not in exams:
            return image
        decoded, exam = image.decoded, exams[image.exam_key]
        return replace(image, decoded=replace(decoded, exam=exam, notes=(*decoded.notes, STUDY_OF_ITS_OWN)))

    return [join(image) for image in images]


def _days(images: Sequence[DecodedImage]) -> list[list[DecodedImage]]:
    """Divide a patient's images into days with several studies of one image each.

    There are none if any study has several images.
    """
    studies, dates = {image.exam for image in images}, {image.date for image in images}
    if None in studies or len(studies) < len(images):
        return []
    if None in dates:
        views = [(image.laterality, image.view_name) for image in images if not image.special_kind]
        return [list(images)] if len(dates) == 1 < len(images) and len(set(views)) == len(views) else []
    days = [[image for image in images if image.date == date] for date in dates]
    return [day for day in days if len(day) > 1]


def join_spellings(images: Sequence[ImageResult]) -> list[ImageResult]:
    """Join patients of one study whose identifiers differ by case only.

    They are then one person in their other exams, too. Without a common study they may be two persons.
    """
    in_study: dict[tuple[str | None, str | None], set[str]] = {}
    for image in images:
        if isinstance(image, ImagePrediction) and image.decoded.patient and image.decoded.exam:
            decoded = image.decoded
            in_study.setdefault((decoded.caseless, decoded.exam), set()).add(str(decoded.patient))
    joined: dict[str | None, set[str]] = {}
    for (caseless, _), patients in in_study.items():
        if caseless and len(patients) > 1:
            joined.setdefault(caseless, set()).update(patients)

    def join(image: ImageResult) -> ImageResult:
        if not isinstance(image, ImagePrediction) or image.decoded.patient not in joined.get(
            image.decoded.caseless, ()
        ):
            return image
        decoded = image.decoded
        return replace(
            image,
            decoded=replace(decoded, patient=min(joined[decoded.caseless]), notes=(*decoded.notes, SPELLINGS)),
        )

    return [join(image) for image in images]


def complete_issuers(images: Sequence[ImageResult]) -> list[ImageResult]:
    """Give images without an issuer of the patient's identifier that of their study.

    Images of one study and one identifier are of one person; two issuers are two persons.
    """
    known: dict[tuple[str | None, str | None], set[str]] = {}
    for image in images:
        if isinstance(image, ImagePrediction) and image.decoded.patient not in (None, image.decoded.identifier):
            decoded = image.decoded
            known.setdefault((decoded.identifier, decoded.exam), set()).add(str(decoded.patient))

    def complete(image: ImageResult) -> ImageResult:
        if not isinstance(image, ImagePrediction) or not image.decoded.exam:
            return image
        persons = known.get((image.decoded.patient, image.decoded.exam), set())
        if len(persons) != 1 or image.decoded.patient in persons:
            return image
        return replace(image, decoded=replace(image.decoded, patient=min(persons)))

    return [complete(image) for image in images]


def leave_out_substitutes(images: Sequence[ImageResult]) -> list[ImageResult]:
    """Leave out images that stand for a plain one, where that is in the exam.

    Such as a raw image, a synthetic one, or a slice of tomosynthesis beside the plain image of the same side and view.
    """

    def view_of(image: ImagePrediction) -> tuple[ExamKey, str | None, str | None]:
        return image.exam_key, image.decoded.laterality, image.decoded.view_name

    predictions = [image for image in images if isinstance(image, ImagePrediction) and not image.decoded.special_kind]
    plain = {view_of(image) for image in predictions if not image.decoded.substitute_kind}

    def leave_out(image: ImageResult) -> ImageResult:
        if not isinstance(image, ImagePrediction) or image.decoded.special_kind:
            return image
        if not image.decoded.substitute_kind or view_of(image) not in plain:
            return image
        return replace(image, decoded=replace(image.decoded, special_kind=image.decoded.substitute_kind))

    return [leave_out(image) for image in images]


@dataclass(frozen=True)
class Exam:
    """The images of one exam, hung.

    Attributes:
        key: patient and exam.
        date: as YYYY-MM-DD, or None where unknown.
        prior: number of the patient's newer exams, counted from the newest; 0 if it is the newest, or can't be compared.
        several: whether the report holds other exams of this patient.
        rows: in hanging order.
    """

    key: ExamKey
    date: str | None
    prior: int
    several: bool
    rows: list[Row]

    @property
    def patient(self) -> str:
        """Pseudonym of the patient, or "unknown"."""
        return self.key[0]

    @property
    def name(self) -> str:
        """A name that is unique in the report and holds no date."""
        patient, exam = self.key
        return f"{patient}-{exam}" if self.several and exam else patient

    def title(self, *, dates: bool = True) -> str:
        """Return which exam it is, such as "Prior exam of 2021-03-04".

        The only exam of a patient has no title if its date is unknown.

        Args:
            dates: whether the date may be shown; otherwise priors are numbered.
        """
        if self.date and dates:
            return f"{'Prior exam' if self.prior else 'Exam'} of {self.date}"
        if not self.several:
            return ""
        if not self.date:
            return "Exam without a date"
        return f"Prior exam {self.prior}" if self.prior else "Newest exam"


def hang_exams(images: Sequence[ImageResult]) -> list[Exam]:
    """Group predictions by patient and exam, and hang each exam.

    Returns:
        The exams of each patient, the newest first.
    """
    predictions = [image for image in images if isinstance(image, ImagePrediction)]
    grouped: dict[ExamKey, list[ImagePrediction]] = {}
    for image in predictions:
        grouped.setdefault(image.exam_key, []).append(image)
    dates = exam_dates(predictions)
    priors, exams_of = prior_exams(dates), Counter(patient for patient, _ in grouped)
    passed: Counter[str] = Counter()
    exams = []
    for key in order_exams(grouped, dates):
        passed[key[0]] += key in priors
        exams.append(
            Exam(
                key=key,
                date=dates.get(key),
                prior=passed[key[0]] if key in priors else 0,
                several=exams_of[key[0]] > 1,
                rows=hang_images(grouped[key], lambda image: (image.decoded.laterality, image.decoded.view_name)),
            )
        )
    return exams


def exam_warnings(rows: Sequence[Row]) -> list[str]:
    """Return sentences about what is unusual in an exam.

    Missing, repeated and non-standard views are unusual, and images that aren't counted.

    Args:
        rows: the rows of one exam, see `hang_exams`.
    """
    images = [image for row in rows for image in row if image]
    shown = [image.decoded for image in images if image.decoded.special_kind]
    full = [image.decoded for image in images if not image.decoded.special_kind]
    counts = Counter((image.laterality or UNKNOWN, image.view_name or UNKNOWN) for image in full)
    unknown = sum(count for key, count in counts.items() if UNKNOWN in key)
    missing = [" ".join(key) for key in product(SIDES, STANDARD_VIEWS) if key not in counts]
    repeated = [(" ".join(key), count) for key, count in counts.items() if count > 1 and UNKNOWN not in key]
    other = sorted({view for _, view in counts if view not in (*STANDARD_VIEWS, UNKNOWN)})
    warnings = []
    if any(image.not_counted == NO_IDENTITY for image in images):
        warnings.append(NO_BREASTS)
    elif any(image.decoded.patient is None for image in images) and len(images) > 1:
        warnings.append("These files name no patient; they are joined by their study, or by their folder.")
    if unknown:
        warnings.append(f"Side or view unknown: {unknown} of {len(full)}; set them in the table of files.")
    elif missing:
        warnings.append(f"Missing view{'s' if len(missing) > 1 else ''}: {', '.join(missing)}.")
    warnings += [f"{name} appears {'twice' if count == 2 else f'{count} times'}." for name, count in repeated]
    if other:
        warnings.append(f"Not among the standard views: {', '.join(other)}.")
    kinds = [f"{' '.join(filter(None, (one.laterality, one.view_name)))} ({one.special_kind})".strip() for one in shown]
    if kinds:
        warnings.append(f"Shown and not counted: {', '.join(kinds)}.")
    return warnings


def strip_file_names(report: ExamReport) -> ExamReport:
    """Return a report whose files are numbered: their names may identify the patient.

    Notes are left out, because they name archives.
    """
    images = tuple(replace(image, file=f"file {number}") for number, image in enumerate(report.images, 1))
    return replace(report, images=images, notes=())
