"""What the sandbox runs must be importable in its workers: it comes from the standard library, mammo_core and builders."""

import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pydicom import uid
from pydicom.encaps import encapsulate

from builders import probes
from builders.breasts import breast
from builders.dicom import LOSSLESS, build_dicom
from mammo_core.dicom.read import read
from mammo_core.dicom.sandbox import DecoderPool, Sandbox
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import ImageError, JobError
from mammo_core.preprocess.prepare import prepare_source

ROOT = Path(__file__).parents[2]


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
    burn = "from mammo_core.dicom.confinement import limit_cpu_time; limit_cpu_time(0.2)\nwhile True: pass"
    done = subprocess.run([sys.executable, "-c", burn], timeout=30, check=False)
    assert done.returncode == -signal.SIGXCPU


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


def test_run_defect_in_the_function_names_type_and_place_and_not_its_text(sandbox):
    with pytest.raises(RuntimeError, match=r"ValueError in probes\.py, line \d+") as caught:
        sandbox.run(probes.quote, "Jane Doe")
    assert "Jane" not in str(caught.value)


SAY = """
from builders import probes
from mammo_core.dicom.sandbox import Sandbox
with Sandbox(1) as sandbox:
    try:
        sandbox.run(probes.quote, "Jane Doe")
    except RuntimeError:
        print("a defect")
"""


def test_run_prints_nothing_of_what_workers_say():
    folders = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    done = subprocess.run(  # with pipes, as in most servers: files wouldn't take a worker's output
        [sys.executable, "-c", SAY],
        env=os.environ | {"PYTHONPATH": folders},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("a defect\n", "")


def test_run_never_unpickles_what_a_worker_returns(sandbox, tmp_path):
    with pytest.raises(RuntimeError, match="TypeError"):
        sandbox.run(probes.return_exploit, str(tmp_path / "exploited"))
    assert "crashed" in died(sandbox, probes.send, probes.exploit(str(tmp_path / "exploited")))
    assert os.listdir(tmp_path) == []


def test_run_reads_only_the_files_that_a_call_names(sandbox, tmp_path):
    (tmp_path / "image.dcm").write_bytes(build_dicom(breast()))
    assert sandbox.run(read, tmp_path / "image.dcm").pixels.shape == (96, 72)
    with pytest.raises(RuntimeError, match="PermissionError"):
        sandbox.run(os.listdir, str(tmp_path))


def test_run_missing_file_is_reported_as_missing(sandbox, tmp_path):
    with pytest.raises(ImageError) as caught:
        sandbox.run(read, tmp_path / "missing.dcm")
    assert caught.value.reason == "missing"


def test_pool_serves_sandboxes_in_turn():
    pool = DecoderPool(1)
    order = []
    with Sandbox(pool=pool) as many, Sandbox(pool=pool) as one:
        first = many.submit(time.sleep, 0.5)
        futures = [many.submit(abs, -number) for number in range(20)]
        futures.append(one.submit(abs, -100))
        for future in futures:
            future.add_done_callback(lambda future: order.append(future.result()))
        first.result()
        for future in futures:
            future.result()
    pool.close()
    assert order.index(100) <= 2


def test_close_drops_only_the_calls_of_that_sandbox():
    pool = DecoderPool(1)
    gone, here = Sandbox(pool=pool), Sandbox(pool=pool)
    begun = here.submit(time.sleep, 0.5)
    dropped = [gone.submit(abs, -1) for _ in range(5)]
    kept = here.submit(abs, -2)
    gone.close()
    assert all(future.cancelled() for future in dropped)
    assert (begun.result(), kept.result()) == (None, 2)
    with pytest.raises(JobError, match="cancelled"):
        gone.start(abs, -1)
    pool.close()


@pytest.mark.parametrize("failures", [2, 3])
def test_run_worker_that_dies_while_starting_is_tried_again(monkeypatch, failures):
    starts = []

    def start():
        starts.append(len(starts) + 1)
        if len(starts) <= failures:
            raise JobError("A decoding process can't be started.")
        return SimpleNamespace(
            call=lambda function, arguments, _: function(*arguments), kill=lambda: None, close=lambda: None
        )

    monkeypatch.setattr("mammo_core.dicom.sandbox.DecoderProcess", start)
    with Sandbox(1) as sandbox:
        if failures < 3:
            assert sandbox.run(abs, -3) == 3
        else:
            with pytest.raises(JobError, match="can't be started"):
                sandbox.run(abs, -3)
    assert starts == [1, 2, 3]
