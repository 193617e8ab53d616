"""How many damaged JPEG streams are refused? Of those only that imagecodecs decodes to a visibly wrong picture.

    python -m benchmarks.damage [--streams 300] [--seed 0]

A stream's coded data lose or gain some bytes, or a bit flips. JPEG has no checksum: coded data often make sense again soon
after, and then nobody can tell. Prints for each syntax how many streams were wrong, how many of them an import refuses and how
many prediction does, and of how many libjpeg warns; ends with status 1 when prediction accepts one of these.
"""

import argparse
import sys

import imagecodecs
import numpy as np
import simplejpeg
from pydicom import uid

from mammo_core.dicom import codecs
from mammo_core.dicom.codestream import parse
from mammo_core.errors import ImageError

SHAPE = (768, 576)
SYNTAXES = (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1)
VISIBLE = 0.005  # of the range, at one pixel in a thousand


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    deaf = False
    for syntax in SYNTAXES:
        rng = np.random.default_rng(options.seed)
        sound = encoded(syntax, rng)
        picture = imagecodecs.jpeg8_decode(sound)
        streams = [damaged(sound, rng) for _ in range(options.streams)]
        wrong = [stream for stream in streams if visibly_wrong(stream, picture)]
        imported, predicted = (
            np.array([is_refused(stream, syntax, strict) for stream in wrong]) for strict in (False, True)
        )
        warned = np.array([is_warned_of(stream, parse(sound).frame) for stream in wrong])
        print(
            f"{uid.UID(syntax).name}: of {len(wrong)} wrong an import refuses {imported.sum()}, prediction {predicted.sum()}; "
            f"libjpeg warns of {warned.sum()}"
        )
        deaf |= bool((warned & ~predicted).any())
    sys.exit(deaf)


def encoded(syntax: str, rng: np.random.Generator) -> bytes:
    """Return a sound stream of a noisy half ellipse in 12 bits, 8 for Baseline."""
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


def damaged(sound: bytes, rng: np.random.Generator) -> bytes:
    stream = bytearray(sound)
    place = int(rng.integers(parse(sound).scan + 10, len(sound) - 50))
    match rng.integers(3):
        case 0:
            stream[place] ^= 1 << int(rng.integers(8))
        case 1:
            stream[place : place + 32] = rng.bytes(32)
        case _:
            del stream[place : place + int(rng.integers(1, 40))]
    return bytes(stream)


def visibly_wrong(stream: bytes, picture: np.ndarray) -> bool:
    try:
        found = imagecodecs.jpeg8_decode(stream)
    except RuntimeError:
        return False
    if found.shape != picture.shape:
        return False
    limit = VISIBLE * (255 if picture.dtype == np.uint8 else 4095)
    return bool((np.abs(found.astype(int) - picture) > limit).mean() > 0.001)


def is_refused(stream: bytes, syntax: str, strict: bool) -> bool:
    try:
        codecs.decode(stream, syntax, SHAPE, 0, strict=strict)
    except ImageError:
        return True
    return False


def is_warned_of(stream: bytes, frame: int) -> bool:
    """Whether libjpeg warns of the coded data, read as if they were of 8 bits."""
    eight = bytearray(stream)
    eight[frame + 4] = 8
    try:
        simplejpeg.decode_jpeg(bytes(eight), "GRAY")
    except ValueError:
        return True
    return False


if __name__ == "__main__":
    main()
