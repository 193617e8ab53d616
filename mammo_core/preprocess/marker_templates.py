"""Compare parts of an image with drawn letters, plain and mirrored."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.Image import Resampling

SIDES = ("L", "R")
OTHERS = ("C", "D", "M", "O", "X")  # with which words begin or end that state no side
VIEWS = ("CC", "MLO", "ML", "LM", "LMO", "XCCL", "XCCM", "CCID", "MLOID", "AT")
LETTER_SHAPE, VIEW_SHAPE = (12, 9), (12, 30)  # rows and columns to which a letter and a view are brought
WEIGHTS = (0, 1, 3)  # pixels that are added around each stroke
FONT_SIZE = 48  # pixels, in which letters are drawn
MAX_HEIGHT = 14  # pixels; letters that are higher are compared with letters of this height
LETTER_STRETCH, VIEW_STRETCH = 1.6, 1.4  # ratio of widths at equal height, up to which two are compared


@dataclass(frozen=True)
class Templates:
    """Drawn words, each in several weights, at one height.

    Attributes:
        pixels: float32 (2 × words × weights, rows × columns), each with mean 0 and length 1; the second half is mirrored.
        aspects: (words × weights,), widths divided by height.
        shape: rows and columns of each.
        stretch: see `LETTER_STRETCH`.
    """

    pixels: np.ndarray
    aspects: np.ndarray
    shape: tuple[int, int]
    stretch: float

    def compare(self, part: np.ndarray) -> np.ndarray:
        """Return the correlation of a part of an image with each word.

        Args:
            part: (rows, columns), bright letters without a margin.

        Returns:
            (2, words), for words as drawn and mirrored: that of the best weight, -1 for words of another width.
        """
        correlations = (self.pixels @ _standardised(part, self.shape)).reshape(2, -1)
        stretch = part.shape[1] / part.shape[0] / self.aspects
        alike = (stretch < self.stretch) & (stretch > 1 / self.stretch)
        return np.where(alike, correlations, -1).reshape(2, -1, len(WEIGHTS)).max(axis=2)


@lru_cache
def letter_templates(height: int) -> Templates:
    """Return the letters L and R and others as they look at a height in pixels."""
    return _templates((*SIDES, *OTHERS), min(height, MAX_HEIGHT), LETTER_SHAPE, LETTER_STRETCH)


@lru_cache
def view_templates(height: int) -> Templates:
    """Return the names of views as they look at a height in pixels."""
    return _templates(VIEWS, min(height, MAX_HEIGHT), VIEW_SHAPE, VIEW_STRETCH)


def _templates(words: tuple[str, ...], height: int, shape: tuple[int, int], stretch: float) -> Templates:
    drawn = [_drawn(word, weight) for word in words for weight in WEIGHTS]
    aspects = np.array([image.width / image.height for image in drawn])
    reduced = [
        image.resize((max(round(image.width * height / image.height), 1), height), Resampling.BOX) for image in drawn
    ]
    plain = np.stack([_standardised(np.asarray(image, np.float32), shape) for image in reduced])
    mirrored = plain.reshape(-1, *shape)[:, :, ::-1].reshape(plain.shape)
    return Templates(np.concatenate([plain, mirrored]), aspects, shape, stretch)


@lru_cache
def _drawn(text: str, weight: int) -> Image.Image:
    """Return a text in Pillow's own font, without a margin."""
    image = Image.new("L", (FONT_SIZE * 2 * len(text), FONT_SIZE * 2))
    font = ImageFont.load_default(FONT_SIZE)
    ImageDraw.Draw(image).text((FONT_SIZE // 4, FONT_SIZE // 4), text, fill=255, font=font, stroke_width=weight)
    return image.crop(image.getbbox())


def _standardised(part: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Bring a part of an image to a shape, with mean 0 and length 1.

    Returns:
        float32 (rows × columns,).
    """
    down, across = _weights(part.shape[0], shape[0]), _weights(part.shape[1], shape[1])
    values = (down @ part @ across.T).ravel()
    values -= values.mean()
    return values / max(float(np.sqrt(values @ values)), 1e-6)


@lru_cache(maxsize=512)
def _weights(length: int, count: int) -> np.ndarray:
    """Return the weights that interpolate or average a line.

    Returns:
        float32 (count, length).
    """
    step = length / count
    centres = (np.arange(count) + 0.5) * step
    distance = np.abs(np.arange(length) + 0.5 - centres[:, np.newaxis]) / max(step, 1)
    weights = np.maximum(1 - distance, 0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
