"""Draw mammograms for display: hung, with heatmap and lesion outlines, as PNG."""

import io
from collections.abc import Sequence

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.exams import Row
from mammo_core.prediction.image_results import ONLY_SYNTHETIC, ImagePrediction
from mammo_core.prediction.viewing import ImageContent, ViewSettings

CAM_COLOURS = np.array(  # RGB at 0, 1/3, 2/3 and 1: dark red to yellow, which is readable over grey and in print
    [[90, 0, 40], [200, 30, 30], [250, 140, 20], [255, 240, 120]], np.float32
)
MALIGNANT, BENIGN = (0, 220, 255), (120, 230, 90)  # RGB: cyan and green, which the heatmap has not
TILE = 640  # pixels: height of an image in the picture of an exam
LEGEND_SHAPE = (12, 160)  # pixels: rows and columns of the legend of heatmaps
LEGEND_GREY = 110  # of its background: about that of tissue
FOOT = 26  # pixels: height of a line of text
ALL_LEVELS = (0, 255)


def overlay(picture: np.ndarray, cam: np.ndarray | None, opacity: float) -> np.ndarray:
    """Overlay a class activation map on a picture.

    Where the map is 0, the picture is unchanged.

    Args:
        picture: uint8 (rows, columns).
        cam: float (rows, columns) in [0, 1], or None.
        opacity: opacity where the map is 1, in [0, 1].

    Returns:
        uint8 (rows, columns, 3).
    """
    background = np.repeat(picture[..., np.newaxis], 3, axis=2)
    if cam is None or opacity == 0:
        return background
    strength = np.clip(cam, 0, 1).astype(np.float32)
    stops = np.linspace(0, 1, len(CAM_COLOURS))
    colours = np.stack([np.interp(strength, stops, CAM_COLOURS[:, channel]) for channel in range(3)], axis=2)
    share = (opacity * strength)[..., np.newaxis]
    blended: np.ndarray = np.round(background * (1 - share) + colours * share)
    return blended.astype(np.uint8)


def cam_legend(opacity: float) -> np.ndarray:
    """Draw the colours of class activation maps, as they look over tissue.

    Args:
        opacity: of the heatmap, in [0, 1].

    Returns:
        uint8 (rows, columns, 3), 0 at the left.
    """
    cam = np.broadcast_to(np.linspace(0, 1, LEGEND_SHAPE[1]), LEGEND_SHAPE)
    return overlay(np.full(LEGEND_SHAPE, LEGEND_GREY, np.uint8), cam, opacity)


def stretch(picture: np.ndarray, grey_levels: tuple[int, int]) -> np.ndarray:
    """Stretch the contrast of a picture between two grey levels.

    The first level becomes black and the second white. Input and output are uint8.
    """
    black, white = grey_levels
    if grey_levels == ALL_LEVELS:
        return picture
    stretched = (picture.astype(np.float32) - black) / max(white - black, 1)
    return np.round(np.clip(stretched, 0, 1) * 255).astype(np.uint8)


def hang(picture: np.ndarray, laterality: str | None, chest_left: bool | None) -> np.ndarray:
    """Mirror a picture, if needed, so that the chest wall is on the conventional side.

    This is the right side for a right breast, and the left side for any other.

    Args:
        picture: (rows, columns) or (rows, columns, 3).
        laterality: "R", "L" or None.
        chest_left: whether the chest wall lies at the left edge of the picture as given; where unknown (None), the picture is
            kept as it is.
    """
    hangs_left = laterality != "R"
    return picture if chest_left in (None, hangs_left) else picture[:, ::-1]


def to_png(picture: np.ndarray) -> bytes:
    """Return uint8 pixels, grey or RGB, as a PNG file."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(stream, format="PNG", compress_level=1)
    return stream.getvalue()


def outline_lesions(picture: np.ndarray, lesions: pd.DataFrame, rows: int, columns: int) -> np.ndarray:
    """Draw the boxes of lesions: cyan where malignant, green where benign.

    Args:
        picture: uint8 (h, w) or (h, w, 3), the full source frame at any resolution.
        lesions: malignant, and top, left, bottom, right in source pixels.
        rows: of the source, in pixels.
        columns: of the source, in pixels.

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


def draw_image(
    image: ImageContent,
    laterality: str | None,
    settings: ViewSettings,
    *,
    lesions: pd.DataFrame | None = None,
    picture: np.ndarray | None = None,
) -> np.ndarray:
    """Draw one image of an exam with its heatmap and lesions, hung as for a reader.

    Args:
        image: the image, with or without a prediction.
        laterality: the side on which the image hangs; None where unknown.
        settings: contrast, and opacity of the heatmap.
        lesions: boxes to outline, see `outline_lesions`.
        picture: another picture of the same frame, uint8 (rows, columns), at any resolution; by default the image's own.

    Returns:
        uint8 (rows, columns, 3).
    """
    picture = image.picture if picture is None else picture
    cam = image.heatmap(*picture.shape) if settings.opacity else None
    drawn = overlay(stretch(picture, settings.grey_levels), cam, settings.opacity)
    if lesions is not None:
        drawn = outline_lesions(drawn, lesions, *image.source_shape)
    return hang(drawn, laterality, image.chest_left)


def black_picture(image: ImageContent) -> np.ndarray:
    """Return a black picture of an image's size, uint8 (rows, columns)."""
    return np.zeros_like(image.picture)


def exam_picture(rows: Sequence[Row], report: ExamReport, opacity: float) -> np.ndarray:
    """Draw an exam's images side by side with their probabilities.

    Args:
        rows: the rows of one exam, see `mammo_core.prediction.exams.hang_exams`.
        report: names the model and its operating point.
        opacity: opacity of the heatmap, in [0, 1].

    Returns:
        uint8 (height, width, 3).
    """
    tiles = [[_tile(image, opacity) if image else None for image in row] for row in rows]
    sides = zip(*tiles, strict=True)
    widths = [max((tile.shape[1] for tile in side if tile is not None), default=TILE // 2) for side in sides]
    lines = [
        np.concatenate(
            [_padded(tile, width, right=side == 0) for side, (tile, width) in enumerate(zip(row, widths, strict=True))],
            axis=1,
        )
        for row in tiles
    ]
    foot = Image.new("RGB", (sum(widths), FOOT), "white")
    ImageDraw.Draw(foot).text((8, 6), foot_text(rows, report), fill="black", font_size=14)
    return np.concatenate([*lines, np.asarray(foot)])


def foot_text(rows: Sequence[Row], report: ExamReport) -> str:
    """Return the line below an exam's picture.

    It gives the recall threshold only if something can be decided from every image that is counted.
    """
    images = [image for row in rows for image in row if image and image.not_counted is None]
    decision = f"{report.model}, recall threshold {report.threshold:.2f}"
    if reasons := [image.no_decision for image in images if image.no_decision]:
        decision = f"No decision: {ONLY_SYNTHETIC if ONLY_SYNTHETIC in reasons else reasons[0]}"
    return f"{decision}. Research use only, not a diagnosis."


def _tile(image: ImagePrediction, opacity: float) -> np.ndarray:
    """Draw one image with its title below, uint8 (TILE + FOOT, width, 3)."""
    drawn = draw_image(image, image.decoded.laterality, ViewSettings(opacity=opacity))
    picture = Image.fromarray(np.ascontiguousarray(drawn))
    picture = picture.resize((round(picture.width * TILE / picture.height), TILE))
    tile = Image.new("RGB", (picture.width, TILE + FOOT), "black")
    tile.paste(picture)
    ImageDraw.Draw(tile).text((8, TILE + 6), image_title(image), fill="white", font_size=14)
    return np.asarray(tile)


def _padded(tile: np.ndarray | None, width: int, right: bool) -> np.ndarray:
    """Pad the outer side of a tile up to a width.

    The chest walls of right and left images then meet in the middle.
    """
    if tile is None:
        return np.zeros((TILE + FOOT, width, 3), np.uint8)
    missing = width - tile.shape[1]
    return np.pad(tile, ((0, 0), (missing, 0) if right else (0, missing), (0, 0)))


def image_title(image: ImagePrediction) -> str:
    """Return an image's title: side, view and probability.

    The title also states whether the image is out of distribution, and what it is if it isn't counted.
    """
    suffix = ", unlike the training images" if image.out_of_distribution else ""
    suffix += f", {image.decoded.special_kind}, not counted" if image.decoded.special_kind else ""
    side, view = image.decoded.laterality or "side unknown", image.decoded.view_name or "view unknown"
    return f"{side} {view}: {image.probability:.2f}{suffix}"
