"""Draw marks that are not tissue.

These are lead letters in the air, markers on the skin, and borders of the field.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from mammo_core.phantoms.canvas import Canvas

Field = npt.NDArray[np.floating]  # float32, or what NumPy promotes it to


def draw_label(frame: Field, text: str, faces_left: bool, rng: np.random.Generator) -> None:
    """Draw letters such as "R-MLO" or a bracketed "RCC" into the air.

    The letters are on the nipple's side. The frame is changed in place.
    """
    rows, columns = frame.shape
    if rng.random() < 0.06:
        return
    boxed = "-" not in text
    size = max(int(rows * (0.014 if boxed else 0.022)), 6)
    font = ImageFont.load_default(size)
    width, height = int(font.getlength(text)) + size, size * 2
    image = Image.new("L", (width, height))
    pen = ImageDraw.Draw(image)
    pen.text((size * 0.5, size * 0.4), text, fill=255, font=font)
    if boxed:
        pen.line([(2, 2), (1, 2), (1, height - 3), (2, height - 3)], fill=200)
        pen.line([(width - 3, 2), (width - 2, 2), (width - 2, height - 3), (width - 3, height - 3)], fill=200)
    top = int(rows * rng.uniform(0.05, 0.12))
    left = int(columns * rng.uniform(0.03, 0.10)) if faces_left else int(columns * rng.uniform(0.88, 0.96)) - width
    letters = np.asarray(image, np.float32) * np.float32(3600 / 255)
    area = frame[top : top + height, left : left + width]
    if (area > 0).mean() < 0.05:
        np.maximum(area, letters[: area.shape[0], : area.shape[1]], out=area)


def draw_skin_marker(levels: Field, canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a small lead ball on the skin, mostly at the nipple (in place)."""
    x, y = canvas.outline.nipple
    if rng.random() < 0.4:
        skin = canvas.outline.skin
        visible = skin[(skin[:, 0] > 15) & (skin[:, 1] > 20) & (skin[:, 1] < 210)]
        x, y = visible[rng.integers(len(visible))]
    squared = (canvas.x - np.float32(x)) ** 2 + (canvas.y - np.float32(y)) ** 2
    ball = np.float32(4000) / (1 + (squared / np.float32(0.9**2)) ** 4)
    np.maximum(levels, np.where(ball > 60, ball, 0), out=levels)


def draw_border(frame: Field, faces_left: bool, rng: np.random.Generator) -> None:
    """Draw a bright strip of unexposed detector along an edge of the frame.

    The edge is not the one at the chest wall. The frame is changed in place.
    """
    rows, columns = frame.shape
    wide = max(int(columns * rng.uniform(0.005, 0.02)), 2)
    if rng.random() < 0.5:
        frame[: max(int(rows * 0.006), 2)] = 3900
    elif faces_left:
        frame[:, :wide] = 3900
    else:
        frame[:, columns - wide :] = 3900
