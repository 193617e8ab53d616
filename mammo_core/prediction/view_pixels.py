"""Give a viewer an image's values, at the resolution that it needs.

A message is the length of its description (uint32, little-endian), the description (`ViewDescription` as JSON), and the pixels:
for each the difference from what its three neighbours above and at the left predict, with its sign in the lowest bit; the high
bytes of all, then the low bytes; deflated (RFC 1950). Neighbours are alike, so that most high bytes are 0.
"""

import base64
import json
import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mammo_core.dicom.display import DISPLAY_PERCENTILES, value_range, window_shares
from mammo_core.dicom.header import Source
from mammo_core.dicom.lookup_table import LookupTable
from mammo_core.dicom.mammogram import Mammogram
from mammo_core.dicom.read import read
from mammo_core.dicom.reduction import count_halvings
from mammo_core.dicom.voi import Window
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.documents.viewer import DisplayPreset, ViewDescription
from mammo_core.errors import ImageError
from mammo_core.preprocess.prepare import locate_breast

FIRST_SIDE = 512  # pixels: the first picture's longer side has 1,024 to 2,047, or as many as the file
LAST_SIDE = 2048  # pixels: no longer side has more than 8,191, which every browser can draw
HIGHEST_CODE = 2**16 - 1
FIRST_HIGHEST_CODE = (
    2**14 - 1
)  # of the first picture, which averages values; the lowest bits of 16 are noise, and many bytes
CODES_OF_A_LEVEL = 4  # at least, where codes are coarser than stored values
LEVELS = 255  # grey levels of a screen above black
MIN_WIDTH = 1e-6  # of a window, in modality values; see `display`
LENGTH = struct.Struct("<I")


@dataclass(frozen=True)
class ViewPixels:
    """What a decoding worker returns of an image for a viewer.

    Attributes:
        description: of the pixels.
        deflated: the pixels, see the module.
    """

    description: ViewDescription
    deflated: bytes

    def to_message(self) -> bytes:
        """Return the message to a viewer."""
        text = json.dumps(self.description.to_json()).encode()
        return b"".join([LENGTH.pack(len(text)), text, self.deflated])


def read_view_pixels(source: Source, complete: bool) -> ViewPixels:
    """Read an image for a viewer; runs in a sandboxed worker.

    Args:
        source: the file.
        complete: whether all pixels are wanted; otherwise as many as a first look needs.

    Raises:
        ImageError: the file can't become a mammogram.
    """
    mammogram = read(source, LAST_SIDE if complete else FIRST_SIDE, only_shown=True)
    presets = list_presets(mammogram)
    lowest, step = code_scale(mammogram, presets, HIGHEST_CODE if complete else FIRST_HIGHEST_CODE)
    codes = np.round((mammogram.pixels - np.float32(lowest)) / np.float32(step)).astype(np.uint16)
    box, chest_left = _find_breast(mammogram)
    rows, columns = mammogram.pixels.shape
    description = ViewDescription(
        rows=rows,
        columns=columns,
        source_rows=mammogram.source_rows,
        source_columns=mammogram.source_columns,
        reduction=mammogram.reduction,
        shift=mammogram.shift,
        complete=complete or not mammogram.reduction,
        limited=count_halvings(mammogram.source_rows, mammogram.source_columns, LAST_SIDE) > 0,
        lowest=lowest,
        step=step,
        inversion_sum=mammogram.inversion_sum,
        presets=tuple(presets),
        pixel_mm=mammogram.pixel_mm,
        spacing_basis=mammogram.spacing_basis,
        directions=mammogram.directions,
        chest_left=chest_left,
        box=box,
        modifiers=mammogram.modifiers,
        special_kind=mammogram.special_kind,
        tags=mammogram.tags,
        notes=mammogram.notes,
    )
    return ViewPixels(description, deflate_codes(codes))


def code_scale(mammogram: Mammogram, presets: Sequence[DisplayPreset], highest: int) -> tuple[float, float]:
    """Return the modality value of code 0, and the difference of two codes.

    A code is a stored value; it is finer where a window spreads few values over all grey levels, and coarser where the values
    need more codes than there are.

    Args:
        mammogram: the image.
        presets: windows whose every grey level must be right.
        highest: code that should do; a higher one is used where a window or a table needs it.
    """
    low, high = float(mammogram.pixels.min()), float(mammogram.pixels.max())
    narrowest = min(preset.width for preset in presets if preset.function != "TABLE") / LEVELS
    coarse = (high - low) / highest
    if any(preset.function == "TABLE" for preset in presets):
        coarse = 0.0
    step = max(
        min(mammogram.value_step, narrowest), min(coarse, narrowest / CODES_OF_A_LEVEL), (high - low) / HIGHEST_CODE
    )
    lowest = math.floor(low / step) * step  # codes are multiples of the step, as stored values are
    if high - lowest > HIGHEST_CODE * step:
        lowest = low
    return lowest, step


def _find_breast(mammogram: Mammogram) -> tuple[tuple[float, float, float, float] | None, bool | None]:
    """Return the breast's box, and whether the chest wall lies at the left.

    Both are None without a breast.
    """
    try:
        (top, left, bottom, right), chest_right = locate_breast(mammogram, PreprocessingConfig().skin)
    except ImageError:  # the image is shown as it lies
        return None, None
    return (float(top), float(left), float(bottom), float(right)), not chest_right


def list_presets(mammogram: Mammogram) -> list[DisplayPreset]:
    """Return the windows and tables that a reader can choose.

    These are the file's, a window of all values, and one of the breast's.

    The first is the one by which `display` shows the image.
    """
    low, high = float(mammogram.pixels.min()), float(mammogram.pixels.max())
    breast = _range_preset("Breast", value_range(mammogram, DISPLAY_PERCENTILES), mammogram.inversion_sum)
    all_values = _range_preset("All values", (low, max(high, low + mammogram.value_step)), mammogram.inversion_sum)
    of_file = list(_file_presets(mammogram))
    if window_shares(mammogram) is None:
        return [breast, *of_file, all_values]
    return [*of_file, all_values, breast]


def _file_presets(mammogram: Mammogram) -> Iterator[DisplayPreset]:
    windows = [lut for lut in mammogram.windows if isinstance(lut, Window)]
    tables = [lut for lut in mammogram.windows if isinstance(lut, LookupTable)]
    for number, window in enumerate(windows, 1):
        function = "LINEAR_EXACT" if window.function == "LINEAR_EXACT" else "LINEAR"
        yield DisplayPreset(
            name=f"Window {number}" if len(windows) > 1 else "Window",
            function="SIGMOID" if window.function == "SIGMOID" else function,
            centre=window.centre,
            width=window.width,
        )
    for number, table in enumerate(tables, 1):
        yield DisplayPreset(
            name=f"VOI LUT {number}" if len(tables) > 1 else "VOI LUT",
            function="TABLE",
            centre=table.first + table.entries.size / 2,
            width=float(table.entries.size),
            first=table.first,
            bits=table.bits,
            entries=base64.b64encode(table.entries.astype("<u2").tobytes()).decode(),
        )


def _range_preset(name: str, values: tuple[float, float], inversion_sum: float | None) -> DisplayPreset:
    """Return a window between two values of an image that may have been inverted."""
    low, high = values
    centre = (low + high) / 2
    return DisplayPreset(
        name=name,
        function="LINEAR_EXACT",
        centre=centre if inversion_sum is None else inversion_sum - centre,
        width=max(high - low, MIN_WIDTH),
    )


def deflate_codes(codes: np.ndarray) -> bytes:
    """Return an image's codes in the form of a message.

    Args:
        codes: uint16 (rows, columns).
    """
    zero = np.zeros(1, np.uint16)
    across = np.diff(codes, axis=1, prepend=np.broadcast_to(zero, (codes.shape[0], 1)))
    residuals = np.diff(across, axis=0, prepend=np.broadcast_to(zero, (1, codes.shape[1])))
    signed = residuals.view(np.int16)
    folded = ((signed << 1) ^ (signed >> 15)).view(np.uint16)
    compressor = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_RLE)  # as small as the default's, in half the time
    planes = ((folded >> 8).astype(np.uint8), folded.astype(np.uint8))
    return b"".join([*(compressor.compress(plane.tobytes()) for plane in planes), compressor.flush()])
