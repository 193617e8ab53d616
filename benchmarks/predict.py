"""Measure the time of a prediction.

It runs from the bytes of full-size files to pictures with heatmaps.

    python -m benchmarks.predict [--rounds 15]

One image and an exam of four (2776 × 2082, JPEG 2000 Lossless) go through the sandbox as on the Predict page, with
everything warm. The peer decodes every pixel, averages areas and runs the same network. Wall clock, medians of interleaved
rounds. The first prediction of a cold process is measured in a process of its own. Exits with status 1 on a miss.
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
from mammo_core.dicom.read import read
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import DEMO
from mammo_core.prediction.files import InputFile
from mammo_core.prediction.predict import predict_exams
from mammo_core.prediction.predictor import Predictor
from mammo_core.prediction.rendering import draw_image, to_png
from mammo_core.prediction.viewing import ViewSettings
from mammo_core.preprocess.prepare import prepare
from mammo_core.settings import SHIPPED_MODELS
from mammo_core.workspace import Workspace

GRID = (2776, 2082)
ONE, EXAM, COLD = 120.0, 350.0, 10_000.0  # ms, at most


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--cold", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cold:
        with Sandbox() as sandbox:
            predict([options.cold.read_bytes()], load_shipped(), sandbox)
        return 0
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        files = write_phantoms(Path(folder), GRID, "jpeg2000", 4)
        exam = [file.read_bytes() for file in files]
        predictor = load_shipped()
        predict(exam, predictor, sandbox)
        actions: dict[str, Callable[[], object]] = {
            "one": lambda: predict(exam[:1], predictor, sandbox),
            "exam": lambda: predict(exam, predictor, sandbox),
            "peer": lambda: [
                predictor.network.run(prepare(read(data), predictor.bundle.preprocessing).image[None])
                for data in exam[:1]
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


def predict(exam: list[bytes], predictor: Predictor, sandbox: Sandbox) -> None:
    """Predict as the Predict page does, and draw each image with its heatmap."""
    files = [InputFile(f"{index}.dcm", data, str(index)) for index, data in enumerate(exam)]
    report = predict_exams(Workspace.from_environment(), files, predictor, sandbox)
    for image in report.predictions:
        to_png(draw_image(image, image.decoded.laterality, ViewSettings(opacity=0.6)))


def load_shipped() -> Predictor:
    return Predictor(open_bundle(SHIPPED_MODELS / DEMO))


def milliseconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    sys.exit(main())
