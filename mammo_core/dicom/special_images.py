"""Tell the images that answer for a breast from those that only accompany an exam."""

import re

from pydicom.dataset import Dataset

MAGNIFICATION = (
    1.1  # largest factor of a contact image: the breast lies on a support above the detector. A stand gives 1.5
)
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
    """Return what an image is if it doesn't answer for its breast.

    Screening breasts are answered from full views. A spot view, a specimen, or a derived image shows something else, or
    the same tissue again.

    Args:
        dataset: the header.
        view: of the image, see `mammo_core.dicom.views`.
        modifiers: of the view.

    Returns:
        Such as "a magnified view"; None for an image that counts.
    """
    if view == "SPECIMEN":
        return "a specimen"
    named = [NOT_COUNTED_MODIFIERS[name] for name in modifiers if name in NOT_COUNTED_MODIFIERS]
    if named:
        return named[0]
    if _factor(dataset) > MAGNIFICATION:
        return NOT_COUNTED_MODIFIERS["magnified"]
    return _from_image_type(dataset) or _partial(dataset) or SERIES.get(_text(dataset, "SeriesDescription").casefold())


def _from_image_type(dataset: Dataset) -> str | None:
    """Return what Image Type (0008,0008) says.

    Its first two values are DERIVED and SECONDARY, or its further values hold a word of `IMAGE_TYPES`.
    """
    value = dataset.get("ImageType") or []
    values = [str(one).strip().upper() for one in ([value] if isinstance(value, str) else value)]
    words = {word for one in values for word in (one, *re.split("[^A-Z]+", one))}
    named = next((kind for word, kind in IMAGE_TYPES.items() if word in words), None)
    if named is None and values[:2] == ["DERIVED", "SECONDARY"]:
        return "an image derived from another one"
    return named


def _partial(dataset: Dataset) -> str | None:
    """Return what Partial View (0028,1350) and its description (0028,1351) say."""
    if "MOSAIC" in _text(dataset, "PartialViewDescription").upper():
        return IMAGE_TYPES["MOSAIC"]
    return "a partial view" if _text(dataset, "PartialView").upper() == "YES" else None


def _factor(dataset: Dataset) -> float:
    """Return Estimated Radiographic Magnification Factor (0018,1114), or 1."""
    try:
        return float(_text(dataset, "EstimatedRadiographicMagnificationFactor") or 1)
    except ValueError:
        return 1.0


def _text(dataset: Dataset, name: str) -> str:
    return str(dataset.get(name) or "").strip()
