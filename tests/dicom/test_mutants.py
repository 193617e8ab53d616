"""Damaged files: each gives a picture for the model or an ImageError, and harms nothing.

`MUTANTS=2000 python -m pytest tests/dicom/test_mutants.py` tries more than the few hundred a syntax of every run.
"""

import os
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from pydicom import uid
from pydicom.dataset import Dataset

from builders.breasts import breast, breast8
from builders.dicom import LOSSLESS, LOSSY, NATIVE, build_dicom
from mammo_core.dicom.read import read
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import ImageError
from mammo_core.preprocess.prepare import prepare_source

pytestmark = pytest.mark.slow

MUTANTS = int(os.environ.get("MUTANTS", "300"))  # a syntax
SECONDS = 5.0  # wall time that one may take
CONFIG = PreprocessingConfig(size=32)
MEMORY = 1 << 20  # KiB that a worker may have held
HEADER = 700  # bytes of these files, in the main
SECRET = "Jane^Doe-10042"


REDUCED = (  # while they are decoded: these must be large enough
    uid.JPEG2000Lossless, uid.JPEG2000, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K,
)  # fmt: skip


def seeds(syntax: str) -> bytes:
    group = Dataset()
    group.WindowCenter, group.WindowWidth = 300, 600
    elements = {"PatientID": SECRET, "PatientName": SECRET, "WindowCenter": [900, 5], "WindowWidth": [2000, 6]}
    elements |= {"ViewCodeSequence": [group], "PixelPaddingValue": 0}
    pixels, bits = (breast8(), 8) if syntax == uid.JPEGBaseline8Bit else (breast(), 12)
    if syntax in REDUCED:
        pixels = breast(192, 144)
    return build_dicom(pixels, syntax, bits, **elements)


def mutant(original: bytes, random: np.random.Generator) -> bytes:
    """Flip, overwrite, cut, drop or repeat bytes: every other time in the header, else anywhere."""
    data = bytearray(original)
    position = int(random.integers(132, (HEADER, len(data))[random.integers(0, 2)]))
    kind, size = int(random.integers(0, 6)), int(random.integers(1, 9))
    if kind == 0:
        data[position] ^= 1 << int(random.integers(0, 8))
    elif kind == 1:
        data[position : position + size] = random.bytes(size)
    elif kind == 2:
        del data[position:]
    elif kind == 3:
        del data[position : position + size]
    elif kind == 4:
        data[position:position] = data[max(0, position - 40) : position]
    else:
        data[position : position + size] = b"\xff" * size
    return bytes(data)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as opened:
        assert read(seeds(uid.JPEG2000Lossless), CONFIG.size).shift > 0
        opened.run(prepare_source, seeds(uid.ExplicitVRLittleEndian), CONFIG)
        yield opened


def most_memory() -> int:
    """Return the most memory that a worker of this process has held, in KiB (Linux)."""
    workers = [Path(f"/proc/{worker.pid}/status").read_text() for worker in psutil.Process().children()]
    return max(int(status.split("VmHWM:")[1].split()[0]) for status in workers if "VmHWM:" in status)


def outcome(sandbox: Sandbox, data: bytes) -> str:
    try:
        image = sandbox.run(prepare_source, data, CONFIG, timeout=SECONDS).image
    except ImageError as error:
        return repr(error)
    return f"{image.shape} {image.dtype}"


@pytest.mark.parametrize("syntax", [*NATIVE, *LOSSLESS, *LOSSY], ids=lambda syntax: uid.UID(syntax).keyword)
def test_mutated_files_give_an_image_or_an_image_error(syntax, sandbox):
    original, random, refused = seeds(syntax), np.random.default_rng(4), 0
    assert outcome(sandbox, original) == "(32, 32) uint8"
    for _ in range(MUTANTS):
        start = time.monotonic()
        result = outcome(sandbox, mutant(original, random))
        assert time.monotonic() - start < SECONDS + 3
        assert result == "(32, 32) uint8" or result.startswith("ImageError(")
        assert "Jane" not in result
        refused += result.startswith("ImageError(")
    assert refused > MUTANTS / 4
    start = time.monotonic()
    assert outcome(sandbox, original) == "(32, 32) uint8"
    assert time.monotonic() - start < 5
    assert most_memory() < MEMORY
