"""What the sandbox runs must be importable in its workers: it comes from the standard library and mammo_core."""

import os
import socket
import struct
import subprocess
import sys
import time

import numpy as np
import pytest
from pydicom import uid
from pydicom.encaps import encapsulate

from builders.breasts import breast
from builders.dicom import LOSSLESS, build_dicom
from mammo_core.dicom.read import read
from mammo_core.dicom.sandbox import CPU_TIME_EXCEEDED, Sandbox
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import ImageError
from mammo_core.preprocess.prepare import prepare_source


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as opened:
        opened.run(read, build_dicom(breast()))  # starts a worker
        yield opened


def died(sandbox, function, *arguments, **options) -> str:
    with pytest.raises(ImageError) as caught:
        sandbox.run(function, *arguments, **options)
    assert caught.value.reason == "decoder_died"
    return caught.value.message


def test_run_returns_the_result(sandbox):
    assert np.array_equal(sandbox.run(read, build_dicom(breast())).pixels, breast())


def test_run_passes_on_image_errors(sandbox):
    with pytest.raises(ImageError) as caught:
        sandbox.run(read, b"no DICOM")
    assert caught.value.reason == "not_dicom"


def test_run_replaces_a_crashed_worker(sandbox):
    assert "crashed" in died(sandbox, os.abort)
    start = time.monotonic()
    assert np.array_equal(sandbox.run(read, build_dicom(breast())).pixels, breast())
    assert time.monotonic() - start < 5


def test_run_ends_a_worker_at_timeout(sandbox):
    start = time.monotonic()
    assert died(sandbox, time.sleep, 60, timeout=0.5) == "Decoding took longer than 0.5 s and was ended."
    assert time.monotonic() - start < 5
    assert sandbox.run(read, build_dicom(breast())).pixels.shape == (96, 72)


def test_limits_end_process_at_cpu_time():
    burn = "from mammo_core.dicom.limits import limit_cpu_time; limit_cpu_time(0.2)\nwhile True: pass"
    done = subprocess.run([sys.executable, "-c", burn], timeout=30, check=False)
    assert done.returncode == CPU_TIME_EXCEEDED


def test_run_cpu_time_limit_is_per_task(sandbox):
    for _ in range(4):
        assert sandbox.run(sum, range(10**7), timeout=1.5) == sum(range(10**7))


def test_run_limits_memory(sandbox):
    assert "memory" in died(sandbox, bytearray, 1 << 40)


def bomb(syntax: str, side: int) -> bytes:
    """A file of a few hundred bytes whose header and codestream agree on a picture of `side` × `side` pixels."""
    stream = bytearray(LOSSLESS[syntax](breast(40, 24), 12))
    if syntax == uid.JPEG2000Lossless:
        for position in (8, 24):  # Xsiz and Ysiz, XTsiz and YTsiz
            struct.pack_into(">II", stream, position, side, side)
    else:
        frame = stream.index(b"\xff\xf7" if syntax == uid.JPEGLSLossless else b"\xff\xc3")
        struct.pack_into(">HH", stream, frame + 5, side, side)
    elements = {"Rows": side, "Columns": side, "PixelData": encapsulate([bytes(stream)])}
    return build_dicom(breast(40, 24), syntax, **elements)


@pytest.mark.parametrize("side", [9_900, 60_000])
@pytest.mark.parametrize("syntax", [uid.JPEG2000Lossless, uid.JPEGLSLossless, uid.JPEGLosslessSV1])
def test_run_survives_decompression_bombs(sandbox, syntax, side):
    start = time.monotonic()
    with pytest.raises(ImageError) as caught:
        sandbox.run(prepare_source, bomb(syntax, side), PreprocessingConfig(), timeout=8)
    assert caught.value.reason in (("too_large",) if side > 10_000 else ("damaged", "decoder_died", "blank"))
    assert time.monotonic() - start < 10
    assert sandbox.run(read, build_dicom(breast())).pixels.shape == (96, 72)


def test_run_has_no_network(sandbox):
    with pytest.raises(PermissionError):
        sandbox.run(socket.socket)


@pytest.mark.slow
def test_parent_process_keeps_network(sandbox):
    with socket.socket() as ours:
        assert ours.fileno() > 0
