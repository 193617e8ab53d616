"""Read how large a pixel is, and where an image's rows and columns lead."""

import math
import re

from pydicom.dataset import Dataset

from mammo_core.dicom.header import decimals

MAX_PIXEL_MM = 10.0  # anything larger is no pixel of a mammogram
SAME_SPACING = 1e-3  # of a spacing: a smaller difference comes from rounding
_DIRECTION = re.compile("(?:[ARPL]|[HF])(?:[ARPLHF]{0,2})")  # PS3.3 C.7.6.1.1.1


def read_pixel_mm(dataset: Dataset) -> tuple[float, float] | None:
    """Return height and width of a pixel in the breast, in mm; None where unknown.

    Imager Pixel Spacing (0018,1164) holds at the detector; divided by Estimated Radiographic Magnification Factor
    (0018,1114), it holds in the breast. A Pixel Spacing (0028,0030) that differs from it has been corrected already
    (PS3.3 10.7.1.3).

    Args:
        dataset: of the file.
    """
    detector, calibrated = (_spacing(dataset, name) for name in ("ImagerPixelSpacing", "PixelSpacing"))
    if detector is None or (calibrated and not _are_same(detector, calibrated)):
        return calibrated
    magnification = _magnification(dataset)
    return detector[0] / magnification, detector[1] / magnification


def read_spacing_basis(dataset: Dataset) -> str:
    """Return a sentence on where the size of a pixel comes from.

    It is empty where the size is unknown.

    Args:
        dataset: of the file, see `read_pixel_mm`.
    """
    size = read_pixel_mm(dataset)
    if size is None:
        return ""
    pixel = f"A pixel is {size[0]:.3g} × {size[1]:.3g} mm"
    detector, magnification = _spacing(dataset, "ImagerPixelSpacing"), _magnification(dataset)
    if detector is None or size != (detector[0] / magnification, detector[1] / magnification):
        return f"{pixel}, as the file states for the patient."
    if magnification == 1:
        return f"{pixel} at the detector; the file states no magnification, so the breast is a little smaller."
    return f"{pixel} in the breast: {detector[0]:.3g} mm at the detector, divided by a magnification of {magnification:.3g}."


def read_directions(dataset: Dataset) -> tuple[str, str] | None:
    """Return where the rows lead, to the right, and the columns, downwards.

    These are the two values of Patient Orientation (0020,0020), such as ("P", "L"); None for anything else.

    Args:
        dataset: of the file.
    """
    value = dataset.get("PatientOrientation")
    texts = [] if value is None or isinstance(value, str) else [str(item).strip().upper() for item in value]
    if len(texts) != 2 or not all(_DIRECTION.fullmatch(text) for text in texts):
        return None
    return texts[0], texts[1]


def _magnification(dataset: Dataset) -> float:
    """Return how many times larger the detector's image is than the breast.

    It is 1 where the file states no usable factor.
    """
    factor = _numbers(dataset, "EstimatedRadiographicMagnificationFactor")
    return factor[0] if factor and 1 <= factor[0] < 10 else 1.0


def _spacing(dataset: Dataset, name: str) -> tuple[float, float] | None:
    """Return two usable lengths, in mm."""
    numbers = _numbers(dataset, name)
    if len(numbers) != 2 or not all(0 < number <= MAX_PIXEL_MM for number in numbers):
        return None
    return numbers[0], numbers[1]


def _numbers(dataset: Dataset, name: str) -> list[float]:
    """Return an element's numbers; none if any isn't finite or isn't a number."""
    try:
        numbers = decimals(dataset.get(name))
    except (ValueError, TypeError):
        return []
    return numbers if all(math.isfinite(number) for number in numbers) else []


def _are_same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(math.isclose(first, second, rel_tol=SAME_SPACING) for first, second in zip(one, other, strict=True))
