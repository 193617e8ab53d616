"""Tell the images that count for a breast from those that only accompany an exam."""

import math
import re

from pydicom.dataset import Dataset

from mammo_core.dicom.views import find_words, read_words

# Largest magnification of a contact image. The factor is SID / SOD, and SOD ends at the breast support (PS3.3 C.8.11.5,
# C.8.7.6): with 650 to 700 mm from source to detector and at most 25 mm between support and detector it is 1.00 to 1.04.
# Machines that estimate it for the middle of the compressed breast state up to 1.12 (100 mm thick). A magnification stand
# gives 1.4 to 2.0 (21 CFR 900.12(b)(6)).
MAGNIFICATION = 1.25
NOT_COUNTED_MODIFIERS = {"magnified": "a magnified view", "spot compression": "a spot compression view"}
IMAGE_TYPES = {  # words in Image Type (0008,0008)
    "RECOMBINED": "a recombined contrast image",
    "SUBTRACTION": "a subtraction image",
    "SUBTRACTED": "a subtraction image",
    "HIGH_ENERGY": "a high-energy contrast image",
    "CAD": "an image with marks of computer-aided detection",
    "MOSAIC": "a part of a mosaic",
}
SERIES = {  # Series Description (0008,103E) of CBIS-DDSM
    "cropped images": "a crop of an image",
    "roi mask images": "a mask of a lesion",
}


def special_kind(dataset: Dataset, view: str | None, modifiers: tuple[str, ...]) -> str | None:
    """Return what an image is if it doesn't count for its breast.

    A breast is predicted from full views. A spot view, a specimen, or a derived image shows something else, or
    the same tissue again.

    Args:
        dataset: the header.
        view: of the image, see `mammo_core.dicom.views`.
        modifiers: of the view.

    Returns:
        Such as "a magnified view"; None for an image that counts.
    """
    if named := _special_view(view, modifiers):
        return named
    if _magnification(dataset) > MAGNIFICATION:
        return NOT_COUNTED_MODIFIERS["magnified"]
    return _from_image_type(dataset) or _partial(dataset) or SERIES.get(_text(dataset, "SeriesDescription").casefold())


def substitute_kind(dataset: Dataset, frames: int) -> str | None:
    """Return what an image is if it stands for a plain image of the same view.

    Where the plain image is there, too, only that one counts for the breast.

    Args:
        dataset: the header.
        frames: Number of Frames (0028,0008).

    Returns:
        Such as "a slice of tomosynthesis"; None for a plain image.
    """
    if frames > 1:
        return "a slice of tomosynthesis"
    if any(word.startswith(("GENERATED_2D", "TOMO")) for word in _image_type(dataset)):
        return "a synthetic image from tomosynthesis"
    return "a raw image, for processing" if is_raw(dataset) else None


def is_raw(dataset: Dataset) -> bool:
    """Return whether Presentation Intent Type (0008,0068) is FOR PROCESSING."""
    return _text(dataset, "PresentationIntentType").upper() == "FOR PROCESSING"


def special_view(text: str) -> str | None:
    """Return what an image is by the view that a table states.

    Args:
        text: such as "CC", "RCCMAG", "MLO SPOT", "SPECIMEN".

    Returns:
        Such as "a magnified view", see `special_kind`; None for a view that counts for its breast.
    """
    stated = read_words(text)
    stated = stated if stated.view or stated.modifiers else find_words(text)
    return _special_view(stated.view, stated.modifiers)


def _special_view(view: str | None, modifiers: tuple[str, ...]) -> str | None:
    if view == "SPECIMEN":
        return "a specimen"
    return next((NOT_COUNTED_MODIFIERS[name] for name in modifiers if name in NOT_COUNTED_MODIFIERS), None)


def _from_image_type(dataset: Dataset) -> str | None:
    """Return what Image Type (0008,0008) says.

    Its first two values are DERIVED and SECONDARY, or its further values hold a word of `IMAGE_TYPES`.
    """
    values = _image_type(dataset)
    words = {word for one in values for word in (one, *re.split("[^A-Z]+", one))}
    named = next((kind for word, kind in IMAGE_TYPES.items() if word in words), None)
    if named is None and values[:2] == ["DERIVED", "SECONDARY"]:
        return "an image derived from another one"
    return named


def _image_type(dataset: Dataset) -> list[str]:
    value = dataset.get("ImageType") or []
    return [str(one).strip().upper() for one in ([value] if isinstance(value, str) else value)]


def _partial(dataset: Dataset) -> str | None:
    """Return what Partial View (0028,1350) and its description (0028,1351) say."""
    if "MOSAIC" in _text(dataset, "PartialViewDescription").upper():
        return IMAGE_TYPES["MOSAIC"]
    return "a partial view" if _text(dataset, "PartialView").upper() == "YES" else None


def _magnification(dataset: Dataset) -> float:
    """Return Estimated Radiographic Magnification Factor (0018,1114), or 1.

    Where it is missing, it is Distance Source to Detector (0018,1110) / Distance Source to Patient (0018,1111).
    """
    stated = _number(dataset, "EstimatedRadiographicMagnificationFactor")
    if stated:
        return stated
    detector, patient = _number(dataset, "DistanceSourceToDetector"), _number(dataset, "DistanceSourceToPatient")
    return detector / patient if detector and patient else 1.0


def _number(dataset: Dataset, name: str) -> float | None:
    """Return a positive number, or None."""
    try:
        value = float(_text(dataset, name))
    except ValueError:
        return None
    return value if 0 < value < math.inf else None


def _text(dataset: Dataset, name: str) -> str:
    return str(dataset.get(name) or "").strip()
