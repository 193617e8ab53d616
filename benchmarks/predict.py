"""Measure how long an answer takes, from the bytes of full-size files to pictures with heatmaps.

    python -m benchmarks.predict [--rounds 15]

One image and a four-image exam (2776 × 2082, JPEG 2000 Lossless), through the sandbox as on the page, with everything
warm; the peer decodes every pixel, averages areas and asks the same network. Wall clock, medians of interleaved rounds. The
first answer of a cold process is measured in a process of its own. Ends with status 1 on a miss.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks._report import Report
from benchmarks.convert import write_phantoms
from mammo_core.dicom import read
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import DEMO
from mammo_core.prediction.predict import predict_files
from mammo_core.prediction.predictor import Predictor
from mammo_core.prediction.rendering import hung_picture, to_png
from mammo_core.prediction.results import summarise
from mammo_core.preprocess import prepare
from mammo_core.settings import SHIPPED_MODELS

GRID = (2776, 2082)
ONE, EXAM, COLD = 120.0, 350.0, 10_000.0  # ms, at most


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--cold", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cold:
        with Sandbox() as sandbox:
            answer([options.cold.read_bytes()], shipped(), sandbox)
        return 0
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        files = write_phantoms(Path(folder), GRID, "jpeg2000", 4)
        exam = [file.read_bytes() for file in files]
        predictor = shipped()
        answer(exam, predictor, sandbox)
        actions: dict[str, Callable[[], object]] = {
            "one": lambda: answer(exam[:1], predictor, sandbox),
            "exam": lambda: answer(exam, predictor, sandbox),
            "peer": lambda: [
                predictor(prepare(read(data), predictor.bundle.preprocessing).image[None]) for data in exam[:1]
            ],
        }
        times: dict[str, list[float]] = {name: [] for name in actions}
        for _ in range(options.rounds):
            for name, action in actions.items():
                times[name].append(milliseconds(action))
        command = [sys.executable, "-m", "benchmarks.predict", "--cold", str(files[0])]
        cold = milliseconds(lambda: subprocess.run(command, check=True, capture_output=True))
    one, whole_exam, peer = (statistics.median(times[name]) for name in actions)
    report = Report()
    for name, value, limit in (
        ("one image, warm", one, ONE),
        ("an exam of four, warm", whole_exam, EXAM),
        ("first prediction of a cold process", cold, COLD),
    ):
        report.add(name, f"{value:.0f} ms", f"at most {limit:,.0f} ms", value <= limit)
    report.add("full decoding, same network, no sandbox", f"{peer:.0f} ms an image, {peer / one:.1f} × as long")
    return report.summarise()


def answer(exam: list[bytes], predictor: Predictor, sandbox: Sandbox) -> None:
    """Answer as the page does: predictions, the exam's table, and a picture with heat of each image."""
    images = list(predict_files([(f"{place}.dcm", data) for place, data in enumerate(exam)], predictor, sandbox))
    summarise(images, predictor.bundle)
    for image in images:
        to_png(hung_picture(image, 0.6))


def shipped() -> Predictor:
    return Predictor(open_bundle(SHIPPED_MODELS / DEMO))


def milliseconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    sys.exit(main())
