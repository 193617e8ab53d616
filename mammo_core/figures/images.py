"""Pictures for people: a mammogram hung as a reader hangs it, with heat laid over it."""

import base64
import io

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from PIL import Image, ImageDraw

HEAT_COLOURS = np.array(  # dark red to yellow: readable over grey, and in print; RGB at heat 0, 1/3, 2/3, 1
    [[90, 0, 40], [200, 30, 30], [250, 140, 20], [255, 240, 120]], np.float32
)


MALIGNANT, BENIGN = (255, 70, 60), (80, 160, 255)  # RGB


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


def stretch(picture: np.ndarray, levels: tuple[int, int]) -> np.ndarray:
    """Make one grey level black, another one white, and spread those between; uint8 in and out."""
    black, white = levels
    if levels == (0, 255):
        return picture
    spread = (picture.astype(np.float32) - black) / max(white - black, 1)
    return np.round(np.clip(spread, 0, 1) * 255).astype(np.uint8)


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


def outline_lesions(picture: np.ndarray, lesions: pd.DataFrame, rows: int, columns: int) -> np.ndarray:
    """Draw the boxes of lesions: red where malignant, blue where benign.

    Args:
        picture: uint8 (h, w) or (h, w, 3), the whole source frame at any resolution.
        lesions: malignant, and top, left, bottom, right in source pixels.
        rows: of the source.
        columns: likewise.

    Returns:
        uint8 (h, w, 3).
    """
    image = Image.fromarray(picture).convert("RGB")
    draw = ImageDraw.Draw(image)
    down, across = picture.shape[0] / rows, picture.shape[1] / columns
    for lesion in lesions.itertuples():
        corners = (lesion.left * across, lesion.top * down, lesion.right * across, lesion.bottom * down)
        colour = MALIGNANT if lesion.malignant else BENIGN
        draw.rectangle(corners, outline=colour, width=max(1, round(max(picture.shape) / 400)))
    return np.asarray(image)


def zoom_figure(picture: np.ndarray) -> go.Figure:
    """Return a figure in which a picture can be zoomed and moved, in its own pixels and aspect ratio."""
    height, width = picture.shape[:2]
    source = "data:image/png;base64," + base64.b64encode(to_png(picture)).decode()
    figure = go.Figure()
    figure.add_layout_image(
        source=source, x=0, y=0, sizex=width, sizey=height, xref="x", yref="y", sizing="stretch", layer="below"
    )
    figure.update_xaxes(range=[0, width], visible=False, constrain="domain")
    figure.update_yaxes(range=[height, 0], visible=False, scaleanchor="x", constrain="domain")
    margin = {"l": 0, "r": 0, "t": 0, "b": 0}
    return figure.update_layout(height=760, margin=margin, dragmode="pan", plot_bgcolor="black", paper_bgcolor="black")
