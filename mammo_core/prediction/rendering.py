"""Draw mammograms for people: hung, with heatmap and lesion outlines, as PNG."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from mammo_core.prediction.exams import Row
from mammo_core.prediction.results import ExamReport, Prediction

HEAT_COLOURS = np.array(  # dark red to yellow: readable over grey, and in print; RGB at heat 0, 1/3, 2/3, 1
    [[90, 0, 40], [200, 30, 30], [250, 140, 20], [255, 240, 120]], np.float32
)


MALIGNANT, BENIGN = (255, 70, 60), (80, 160, 255)  # RGB


def overlay(picture: np.ndarray, cam: np.ndarray | None, opacity: float) -> np.ndarray:
    """Lay heat over a picture; where there is none, the picture stays as it is.

    Args:
        picture: uint8 (rows, columns).
        cam: float (rows, columns) in [0, 1], or None.
        opacity: of the highest heat, in [0, 1].

    Returns:
        uint8 (rows, columns, 3).
    """
    grey = np.repeat(picture[..., np.newaxis], 3, axis=2)
    if cam is None or opacity == 0:
        return grey
    strength = np.clip(cam, 0, 1).astype(np.float32)
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


TILE = 640  # pixels: height of a view in the picture of an exam
FOOT = 26  # pixels: height of a line of text


def hung_picture(image: Prediction, opacity: float, levels: tuple[int, int] = (0, 255)) -> np.ndarray:
    """Return an image with its heat as a reader hangs it, uint8 (rows, columns, 3).

    Args:
        image: one that could be read.
        opacity: of the heat, in [0, 1].
        levels: grey levels that become black and white, from 0 to 255.
    """
    upload = image.upload
    assert upload is not None, "only a readable image can be hung"
    cam = image.heatmap() if opacity else None
    return hang(
        overlay(stretch(upload.picture, levels), cam, opacity),
        upload.laterality,
        chest_left=not upload.geometry.flipped,
    )


def whole_picture(image: Prediction, picture: np.ndarray, opacity: float) -> np.ndarray:
    """Return another picture of an image, with its heat, as a reader hangs it, uint8 (rows, columns, 3).

    Args:
        image: one that could be read.
        picture: uint8 (rows, columns), the whole source at any resolution.
        opacity: of the heat, in [0, 1].
    """
    assert image.upload is not None, "only a readable image can be hung"
    return hung_picture(replace(image, upload=replace(image.upload, picture=picture)), opacity)


def exam_picture(rows: list[Row], answer: ExamReport, opacity: float) -> np.ndarray:
    """Return a patient's views hung side by side with what was said of each, uint8 (height, width, 3).

    Args:
        rows: of one patient, see `mammo_core.prediction.exams.hang_exams`.
        answer: which model said it.
        opacity: of the heat, in [0, 1].
    """
    tiles = [[_tile(image, opacity) if image else None for image in row] for row in rows]
    sides = zip(*tiles, strict=True)
    widths = [max((tile.shape[1] for tile in side if tile is not None), default=TILE // 2) for side in sides]
    lines = [
        np.concatenate(
            [
                _padded(tile, width, right=side == 0)
                for side, (tile, width) in enumerate(zip(pair, widths, strict=True))
            ],
            1,
        )
        for pair in tiles
    ]
    foot = Image.new("RGB", (sum(widths), FOOT), "white")
    text = f"{answer.model}, recall from {answer.threshold:.2f}. Research use only, not a diagnosis."
    ImageDraw.Draw(foot).text((8, 6), text, fill="black", font_size=14)
    return np.concatenate([*lines, np.asarray(foot)])


def _tile(image: Prediction, opacity: float) -> np.ndarray:
    picture = Image.fromarray(np.ascontiguousarray(hung_picture(image, opacity)))
    picture = picture.resize((round(picture.width * TILE / picture.height), TILE))
    tile = Image.new("RGB", (picture.width, TILE + FOOT), "black")
    tile.paste(picture)
    ImageDraw.Draw(tile).text((8, TILE + 6), title_of(image), fill="white", font_size=14)
    return np.asarray(tile)


def _padded(tile: np.ndarray | None, width: int, right: bool) -> np.ndarray:
    """Fill a tile up to a width, at its outer side, so that chest walls meet in the middle."""
    if tile is None:
        return np.zeros((TILE + FOOT, width, 3), np.uint8)
    missing = width - tile.shape[1]
    return np.pad(tile, ((0, 0), (missing, 0) if right else (0, missing), (0, 0)))


def title_of(image: Prediction) -> str:
    """Return side, view and probability of an image that could be read."""
    upload = image.upload
    assert upload is not None, "only a readable image has a title"
    out_of_distribution = ", unlike the training images" if image.out_of_distribution else ""
    return f"{upload.laterality or 'side unknown'} {upload.view or 'view unknown'}: {image.probability:.2f}{out_of_distribution}"
