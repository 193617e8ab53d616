"""Compare the conversion of DICOM to PNG with the loop of the published notebook.

    python -m benchmarks.convert [--images 3] [--rounds 7]

Both convert the same full-size phantoms on disk to 256 × 256 PNG files, on one core. The notebook's loop is dicomsdl's
pixelData(), min-max scaling, inversion, bilinear sampling directly to 256 × 256, uint8, PNG. Rounds are interleaved and
measured in CPU time, so that other load on the machine matters little; each figure is the median over the rounds.
Fidelity compares our PNG with the same preparation of the fully decoded image, which averages areas. The exit status is
1 if a target is missed.
"""

import argparse
import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import dicomsdl
import numpy as np
from PIL import Image

from benchmarks._report import Report
from mammo_core.dataset.store_png import PNG_OPTIONS
from mammo_core.dicom.limits import tune_malloc
from mammo_core.dicom.read import read
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.phantoms.generate import encode, make_jobs
from mammo_core.phantoms.render import render
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.phantoms.table import make_table
from mammo_core.preprocess.prepare import prepare, prepare_source

SIZE = 256
BITS = 12
GRIDS = ((2776, 2082), (5355, 4016))  # rows and columns
RATIOS = {"jpeg2000": 12.0, "jpeg_lossless": 1.0}  # required speed relative to the notebook's loop
FIDELITY = 40.0  # required, in dB


@dataclass(frozen=True)
class Measured:
    """The measurements of one file.

    They are the CPU seconds of the notebook's loop and of ours, and the fidelity of ours in dB.
    """

    theirs: float
    ours: float
    fidelity: float


def write_phantoms(
    folder: Path, grid: tuple[int, int], syntax: str, count: int, *, full_headers: bool = False
) -> list[Path]:
    spec = DemoSpec(patients=40, seed=9, rows=grid[0], columns=grid[1], full_headers=full_headers)
    jobs = [job for job in make_jobs(make_table(spec), spec) if not job.oddity]
    chosen = [job for job in jobs if job.machine.syntax == syntax and job.machine.bits == BITS][:count]
    paths = [folder / f"{syntax}-{grid[0]}-{job.image}.dcm" for job in chosen]
    for path, job in zip(paths, chosen, strict=True):
        path.write_bytes(encode(render(job, spec), job, spec))
    return paths


def bilinear(picture: np.ndarray) -> np.ndarray:
    """Sample a picture at 256 × 256 points by bilinear interpolation.

    Areas are not averaged.
    """
    points = [np.clip((np.arange(SIZE) + 0.5) * side / SIZE - 0.5, 0, side - 1) for side in picture.shape]
    (rows, columns), (top, left) = points, (axis.astype(int) for axis in points)
    bottom, right = (np.minimum(first + 1, side - 1) for first, side in zip((top, left), picture.shape, strict=True))
    down, across = (rows - top)[:, None], (columns - left)[None]
    upper = picture[np.ix_(top, left)] * (1 - across) + picture[np.ix_(top, right)] * across
    lower = picture[np.ix_(bottom, left)] * (1 - across) + picture[np.ix_(bottom, right)] * across
    return upper * (1 - down) + lower * down


def convert_theirs(source: Path, target: Path) -> None:
    dataset = dicomsdl.open(str(source))
    pixels = dataset.pixelData()
    low, high = pixels.min(), pixels.max()
    pixels = (pixels - low) / (high - low)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        pixels = 1 - pixels
    picture = (bilinear(pixels) * 255).astype(np.uint8)
    save(picture[:, ::-1] if dataset.ImageLaterality == "R" else picture, target)


def convert_ours(source: Path, target: Path) -> None:
    save(prepare_source(source, PreprocessingConfig(size=SIZE)).image, target)


def save(picture: np.ndarray, target: Path) -> None:
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(stream, format="PNG", **PNG_OPTIONS)
    target.write_bytes(stream.getvalue())


def cpu_seconds(convert: Callable[[Path, Path], None], source: Path) -> float:
    start = time.process_time()
    convert(source, source.with_suffix(".png"))
    return time.process_time() - start


def fidelity(source: Path) -> float:
    """Return the peak signal-to-noise ratio of our PNG, in dB.

    The reference is full decoding with area averaging.
    """
    preprocessing = PreprocessingConfig(size=SIZE)
    difference = prepare_source(source, preprocessing).image.astype(float) - prepare(read(source), preprocessing).image
    return float(10 * np.log10(255**2 / max(np.mean(difference**2), 1e-9)))


def measure(source: Path, rounds: int) -> Measured:
    times = [(cpu_seconds(convert_theirs, source), cpu_seconds(convert_ours, source)) for _ in range(rounds + 1)]
    theirs, ours = zip(*times[1:], strict=True)  # the first round warms up
    return Measured(statistics.median(theirs), statistics.median(ours), fidelity(source))


def add_ratio(report: Report, syntax: str, grid: tuple[int, int], files: list[Measured]) -> None:
    """Add the speed of both loops on files of one syntax and size.

    The lowest fidelity of our loop is added, too.
    """
    theirs, ours = sum(file.theirs for file in files), sum(file.ours for file in files)
    ratio, lowest = theirs / ours, min(file.fidelity for file in files)
    name = f"{syntax}, {grid[0]} × {grid[1]}"
    speeds = f"theirs {len(files) / theirs:.2f}/s, ours {len(files) / ours:.2f}/s"
    report.add(
        f"{name}, {len(files)} images", f"{speeds}, {ratio:.2f} ×", f"{RATIOS[syntax]:g} ×", ratio >= RATIOS[syntax]
    )
    report.add(f"{name}, fidelity", f"{lowest:.1f} dB", f"{FIDELITY:g} dB", lowest >= FIDELITY)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=3, help="files for each syntax and size")
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each file")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    tune_malloc()  # as in every process that decodes; both loops gain
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        for syntax in RATIOS:
            for grid in GRIDS:
                paths = write_phantoms(Path(name), grid, syntax, options.images)
                add_ratio(report, syntax, grid, [measure(path, options.rounds) for path in paths])
    return report.summarise()


if __name__ == "__main__":
    sys.exit(main())
