"""Pictures for people: a mammogram hung as a reader hangs it, with heat laid over it."""

import io

import numpy as np
from PIL import Image

HEAT_COLOURS = np.array(  # dark red to yellow: readable over grey, and in print; RGB at heat 0, 1/3, 2/3, 1
    [[90, 0, 40], [200, 30, 30], [250, 140, 20], [255, 240, 120]], np.float32
)


def overlay(picture: np.ndarray, heat: np.ndarray | None, opacity: float) -> np.ndarray:
    """Lay heat over a picture; where there is none, the picture stays as it is.

    Args:
        picture: uint8 (rows, columns).
        heat: float (rows, columns) in [0, 1], or None.
        opacity: of the highest heat, in [0, 1].

    Returns:
        uint8 (rows, columns, 3).
    """
    grey = np.repeat(picture[..., np.newaxis], 3, axis=2)
    if heat is None or opacity == 0:
        return grey
    strength = np.clip(heat, 0, 1).astype(np.float32)
    stops = np.linspace(0, 1, len(HEAT_COLOURS))
    colours = np.stack([np.interp(strength, stops, HEAT_COLOURS[:, channel]) for channel in range(3)], axis=2)
    share = (opacity * strength)[..., np.newaxis]
    return np.round(grey * (1 - share) + colours * share).astype(np.uint8)


def hang(picture: np.ndarray, laterality: str | None, chest_left: bool) -> np.ndarray:
    """Mirror a picture, if need be, so that a right breast has its chest wall at the right and any other at the left.

    Args:
        picture: (rows, columns) or (rows, columns, 3).
        laterality: "R", "L" or None.
        chest_left: whether the chest wall lies at the left edge of the picture now.
    """
    wanted_left = laterality != "R"
    return picture if chest_left == wanted_left else picture[:, ::-1]


def to_png(picture: np.ndarray) -> bytes:
    """Return uint8 pixels, grey or RGB, as a PNG file."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(stream, format="PNG", compress_level=1)
    return stream.getvalue()
