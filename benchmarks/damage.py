"""Count how many damaged JPEG streams are rejected.

Only streams count that imagecodecs decodes to a visibly wrong picture.

    python -m benchmarks.damage [--streams 300] [--seed 0]

Some bytes of a stream's coded data are removed or replaced, or a bit is flipped. JPEG has no checksum: decoding often
resynchronises soon after, and the damage can't be detected. For each syntax this prints how many streams were wrong, how
many of them an import and a prediction reject, and for how many libjpeg warns. The exit status is 1 if a prediction
accepts a stream for which libjpeg warns.
"""

import argparse
import sys

import imagecodecs
import numpy as np
import simplejpeg
from pydicom import uid

from benchmarks._report import Report
from mammo_core.dicom import codecs
from mammo_core.dicom.codestream import parse
from mammo_core.errors import ImageError

SHAPE = (768, 576)
SYNTAXES = (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1)
VISIBLE = 0.005  # difference, as a share of the range, in at least one pixel in a thousand


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    report = Report()
    for syntax in SYNTAXES:
        rng = np.random.default_rng(options.seed)
        intact = encoded(syntax, rng)
        picture = imagecodecs.jpeg8_decode(intact)
        streams = [damaged(intact, rng) for _ in range(options.streams)]
        wrong = [stream for stream in streams if visibly_wrong(stream, picture)]
        imported, predicted = (
            np.array([is_rejected(stream, syntax, strict) for stream in wrong], bool) for strict in (False, True)
        )
        warned = np.array([libjpeg_warns(stream, parse(intact).frame) for stream in wrong], bool)
        accepted = int((warned & ~predicted).sum())
        report.add(f"{syntax.keyword}: wrong streams", str(len(wrong)))
        report.add(f"{syntax.keyword}: import rejects", str(imported.sum()))
        report.add(f"{syntax.keyword}: prediction rejects", str(predicted.sum()))
        report.add(f"{syntax.keyword}: libjpeg warns", str(warned.sum()))
        report.add(f"{syntax.keyword}: warned of, yet accepted", str(accepted), "0", reached=accepted == 0)
    return report.summarise()


def encoded(syntax: str, rng: np.random.Generator) -> bytes:
    """Return an intact stream of a noisy half ellipse in 12 bits, 8 for Baseline."""
    row, column = np.mgrid[: SHAPE[0], : SHAPE[1]]
    distance = ((row - SHAPE[0] / 2) / (SHAPE[0] * 0.4)) ** 2 + (column / (SHAPE[1] * 0.7)) ** 2
    texture = 150 * np.sin(row / 5) * np.cos(column / 4) + rng.normal(0, 40, SHAPE)
    pixels = np.where(distance < 1, 900 + 2000 * (1 - distance) + texture, 0).clip(0, 4095).astype(np.uint16)
    if syntax == uid.JPEGBaseline8Bit:
        return bytes(imagecodecs.jpeg8_encode((pixels >> 4).astype(np.uint8), level=98))
    if syntax == uid.JPEGExtended12Bit:
        return bytes(imagecodecs.jpeg8_encode(pixels, level=98, bitspersample=12))
    predictor = 1 if syntax == uid.JPEGLosslessSV1 else 6
    return bytes(imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=predictor, bitspersample=12))


def damaged(intact: bytes, rng: np.random.Generator) -> bytes:
    stream = bytearray(intact)
    start = int(rng.integers(parse(intact).scan + 10, len(intact) - 50))
    match rng.integers(3):
        case 0:
            stream[start] ^= 1 << int(rng.integers(8))
        case 1:
            stream[start : start + 32] = rng.bytes(32)
        case _:
            del stream[start : start + int(rng.integers(1, 40))]
    return bytes(stream)


def visibly_wrong(stream: bytes, picture: np.ndarray) -> bool:
    try:
        decoded = imagecodecs.jpeg8_decode(stream)
    except RuntimeError:
        return False
    if decoded.shape != picture.shape:
        return False
    limit = VISIBLE * (255 if picture.dtype == np.uint8 else 4095)
    return bool((np.abs(decoded.astype(int) - picture) > limit).mean() > 0.001)


def is_rejected(stream: bytes, syntax: str, strict: bool) -> bool:
    try:
        codecs.decode(stream, syntax, SHAPE, 0, strict=strict)
    except ImageError:
        return True
    return False


def libjpeg_warns(stream: bytes, frame: int) -> bool:
    """Return whether libjpeg warns when it reads the coded data as 8-bit data."""
    eight = bytearray(stream)
    eight[frame + 4] = 8
    try:
        simplejpeg.decode_jpeg(bytes(eight), "GRAY")
    except ValueError:
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
