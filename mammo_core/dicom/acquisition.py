"""Read how an image was acquired, from header values that can't name a person."""

import math
import re
from collections.abc import Mapping

from mammo_core.documents.acquisition import Acquisition

TEXTS = {
    "manufacturer": "Manufacturer",
    "manufacturer_model": "ManufacturerModelName",
    "software_version": "SoftwareVersions",
}
NUMBERS = {
    "tube_voltage": "KVP",
    "exposure": "Exposure",
    "compression_force": "CompressionForce",
    "body_part_thickness": "BodyPartThickness",
}
SPACING_DIGITS = 4  # of a pixel's height in mm: files of one detector differ by rounding


def to_acquisition(tags: Mapping[str, str], pixel_mm: tuple[float, float] | None) -> Acquisition:
    """Return the technical values of a header.

    Args:
        tags: see `Mammogram.tags`.
        pixel_mm: see `Mammogram.pixel_mm`.
    """
    return Acquisition(
        **{name: _text(tags.get(keyword, "")) for name, keyword in TEXTS.items()},
        **{name: _number(tags.get(keyword, "")) for name, keyword in NUMBERS.items()},
        pixel_spacing=round(pixel_mm[0], SPACING_DIGITS) if pixel_mm else None,
    )


def _text(text: str) -> str | None:
    """Return a text, of several values "1.8, 2"."""
    return re.sub(r"[\[\]']", "", text).strip() or None


def _number(text: str) -> float | None:
    """Return a number above 0; vendors write 0 for what they don't know."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None
