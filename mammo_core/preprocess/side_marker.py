"""Read the side that is burnt into an image beside the breast, such as "R-MLO".

A word of L or R and a view is read, as it is and mirrored: a mirrored one shows that the image was mirrored after its
letters were burnt in. A letter without a view is not read: the L is too much like the corner of a frame. A wrong letter
would speak against a sound image, so whatever isn't clear is illegible.
"""

from collections.abc import Iterator
from typing import NamedTuple, cast

import numpy as np
from scipy import ndimage

from mammo_core.documents.manifest import SideMarker
from mammo_core.preprocess.marker_templates import SIDES, letter_templates, view_templates

REACH = 3  # coarse pixels to both sides, within which letters belong together
MAX_WORD_HEIGHT, MIN_WORD_WIDTH, MAX_WORD_WIDTH = 0.12, 0.03, 0.45  # of the frame's rows, with what frames the word
MAX_CANDIDATES = 6  # in an image
MAX_PIECES = 60  # of a candidate
INK = 0.35  # of the candidate's brightest pixel, from which a pixel is a letter's
EDGES = (0.35, 0.15)  # of the word's brightest pixel, at which its letters may end; small letters have faint strokes
MIN_HEIGHT = 4  # pixels of a letter
LEVEL = 0.12  # of a letter's height, by which the ends of letters of a word differ at most, or by one pixel
NARROWEST = 0.3  # width of a letter, of its height; a frame's lines are narrower
LOWEST_PIECE = 0.6  # of the word's height; lower pieces, such as a hyphen, are left out
SPLITS = (0.55, 0.7, 0.85)  # widths of the first letter, of its height, that are tried where letters touch
MIN_MATCH = 0.6  # correlation of letter and of view, from which a word is read
MIN_LEAD = 0.05  # over the correlation of any other letter, and of the mirrored view


class Reading(NamedTuple):
    """A word with a side, as it is read from an image.

    Attributes:
        letter: "L" or "R".
        mirrored: whether the word is.
        match: lower one of the correlations of letter and view.
        lead: difference to what else it may be.
    """

    letter: str
    mirrored: bool
    match: float
    lead: float


def read_side_marker(pixels: np.ndarray, outside: np.ndarray, ratio: int, air: float) -> SideMarker:
    """Read the side that is burnt in beside the breast.

    Args:
        pixels: float32 (rows, columns), bright letters on dark air.
        outside: bool, of an image of coarse pixels: what is brighter than air and no breast.
        ratio: side of a coarse pixel in pixels.
        air: level of the air.
    """
    readings = set()
    for rows, columns in _candidates(outside):
        part = pixels[rows.start * ratio : rows.stop * ratio, columns.start * ratio : columns.stop * ratio]
        span = float(part.max()) - air
        line = _line_of_letters((part - air) / span) if span > 0 else None
        reading = None if line is None else _read(line)
        if reading:
            readings.add((reading.letter, reading.mirrored))
    if len(readings) != 1:
        return "illegible"
    letter, mirrored = readings.pop()
    return cast(SideMarker, f"mirrored {letter}" if mirrored else letter)


def _candidates(outside: np.ndarray) -> list[tuple[slice, slice]]:
    """Return the rows and columns of what may be a word, in coarse pixels."""
    rows, columns = np.flatnonzero(outside.any(axis=1)), np.flatnonzero(outside.any(axis=0))
    if not rows.size:
        return []
    height, top, left = len(outside), max(int(rows[0]) - 1, 0), max(int(columns[0]) - REACH, 0)
    marked = outside[top : rows[-1] + 2, left : columns[-1] + REACH + 1]
    near = marked.copy()
    for distance in range(1, min(REACH, marked.shape[1] - 1) + 1):
        near[:, distance:] |= marked[:, :-distance]
        near[:, :-distance] |= marked[:, distance:]
    near[1:] |= near[:-1].copy()
    near[:-1] |= near[1:].copy()
    labels, _ = cast(tuple[np.ndarray, int], ndimage.label(near))
    boxes = []
    for down, across in _boxes(labels):
        low = down.stop - down.start <= MAX_WORD_HEIGHT * height
        if low and MIN_WORD_WIDTH * height <= across.stop - across.start <= MAX_WORD_WIDTH * height:
            boxes.append((slice(down.start + top, down.stop + top), slice(across.start + left, across.stop + left)))
    return boxes[:MAX_CANDIDATES]


def _read(line: np.ndarray) -> Reading | None:
    """Return the word that a line of letters is, if it is clear.

    Args:
        line: (rows, columns), 0 to 1.
    """
    for edge in EDGES:
        readings = list(_readings(line, edge))
        if readings:
            best = max(readings, key=lambda reading: reading.match + reading.lead)
            other = max((reading.match for reading in readings if reading[:2] != best[:2]), default=0.0)
            if best.match >= MIN_MATCH and min(best.lead, best.match - other) >= MIN_LEAD:
                return best
    return None


def _line_of_letters(part: np.ndarray) -> np.ndarray | None:
    """Return the rows and columns with a line of letters of equal height.

    What frames them is darkened.

    Args:
        part: (rows, columns), 0 to 1.

    Returns:
        (rows, columns), 0 to 1, with a margin of a pixel where there is one; None if there is no line.
    """
    labels, count = cast(tuple[np.ndarray, int], ndimage.label(part > INK, np.ones((3, 3))))
    if not 0 < count <= MAX_PIECES:
        return None
    pieces = np.array([[rows.start, rows.stop, columns.stop - columns.start] for rows, columns in _boxes(labels)])
    tops, bottoms, widths = pieces.T
    heights = bottoms - tops
    letters = (heights >= MIN_HEIGHT) & (widths >= NARROWEST * heights)
    level = np.maximum(1, LEVEL * heights)[:, np.newaxis]
    alike = (
        (np.abs(tops[:, np.newaxis] - tops) <= level) & (np.abs(bottoms[:, np.newaxis] - bottoms) <= level) & letters
    )
    widest = int(np.where(letters, alike @ widths, 0).argmax())
    line = alike[widest] & letters[widest]
    if widths[line].sum() < heights[widest]:
        return None
    top, bottom = int(tops[line].min()), int(bottoms[line].max())
    within = np.concatenate([[False], (tops >= top) & (bottoms <= bottom)])
    rows = slice(max(top - 1, 0), bottom + 1)
    ink = within[labels[rows]]
    columns = np.flatnonzero(ink.any(axis=0))
    letters_only = np.where(ink | (labels[rows] == 0), part[rows], 0)
    return letters_only[:, max(columns[0] - 1, 0) : columns[-1] + 2]


def _boxes(labels: np.ndarray) -> list[tuple[slice, slice]]:
    return cast(list[tuple[slice, slice]], ndimage.find_objects(labels))


def _readings(line: np.ndarray, edge: float) -> Iterator[Reading]:
    """Yield what a line of letters may say, as it is and mirrored.

    Args:
        line: (rows, columns), 0 to 1.
        edge: share of the brightest pixel at which letters end.
    """
    ink = line > edge * line.max()
    rows = np.flatnonzero(ink.any(axis=1))
    line, ink = line[rows[0] : rows[-1] + 1], ink[rows[0] : rows[-1] + 1]
    starts, ends = _runs(ink.any(axis=0))
    pieces = [np.flatnonzero(ink[:, start:end].any(axis=1)) for start, end in zip(starts, ends, strict=True)]
    high = np.array([piece[-1] - piece[0] + 1 >= LOWEST_PIECE * len(line) for piece in pieces])
    if not high.any():
        return
    starts, ends = starts[high], ends[high]
    word, starts, ends = line[:, starts[0] : ends[-1]], starts - starts[0], ends - starts[0]
    width = word.shape[1]
    yield from _side_first(word, starts, ends, mirrored=False)
    yield from _side_first(word[:, ::-1], width - ends[::-1], width - starts[::-1], mirrored=True)


def _side_first(word: np.ndarray, starts: np.ndarray, ends: np.ndarray, *, mirrored: bool) -> Iterator[Reading]:
    """Yield the readings of a word that begins with its side.

    Args:
        word: (rows, columns); if it is mirrored in the image, its mirror image.
        starts: columns in which its pieces start.
        ends: columns before which they end.
        mirrored: whether it is mirrored in the image.
    """
    height, length = word.shape
    next_piece = [int(start) for start in starts[1:2]]
    splits = [(int(ends[0]), start) for start in next_piece]
    if not splits or ends[0] > SPLITS[-1] * height:  # the first letter touches the next one, or a hyphen
        widths = sorted({round(share * height) for share in SPLITS})
        splits += [(width, start) for width in widths for start in (width, *next_piece)]
    for end, start in splits:
        if end < 2 or length - start < height:
            continue
        letters = letter_templates(height).compare(word[:, :end])
        second, first = np.sort(letters, axis=None)[-2:]
        view, mirrored_view = view_templates(height).compare(word[:, start:]).max(axis=1)
        for index, letter in enumerate(SIDES):
            match = letters[0, index]
            other = second if match == first else first
            yield Reading(letter, mirrored, min(match, view), min(match - other, view - mirrored_view))


def _runs(occupied: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where runs of true values start and end."""
    steps = np.diff(np.concatenate([[False], occupied, [False]]).astype(np.int8))
    return np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
