"""Compare synthetic mammograms with values measured on real ones.

The phantoms are built to match these values.

    python -m benchmarks.phantoms [--images 120] [--patients 136] [--full 4] [--skip-speed]

Prints one line for each figure with its target and "ok" or "MISS". The exit status is 1 if a figure misses.
"""

import argparse
import hashlib
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.ndimage import label, uniform_filter

from benchmarks._report import Report
from mammo_core.phantoms.generate import encode, generate, make_jobs
from mammo_core.phantoms.render import render
from mammo_core.phantoms.spec import FULL_GRID, DemoSpec
from mammo_core.phantoms.table import make_table

PATCH = 256
SEED = 2022
PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
REAL_CC = np.array([282, 484, 938, 1270, 1863, 2551, 2930])  # inside a real 12-bit CC image
BOXES = {"CC": ((0.19, 0.74), (0.59, 0.94)), "MLO": ((0.20, 0.82), (0.55, 0.90))}  # width, height: 5–95 % of real ones


def power_exponent(patch: np.ndarray) -> float:
    """Fit β of P(f) = K/f**β over 3–29 cycles a patch, Hann-windowed (Burgess 2001)."""
    window = np.outer(np.hanning(PATCH), np.hanning(PATCH))
    power = np.abs(np.fft.fft2((patch - patch.mean()) * window)) ** 2
    rows, columns = np.meshgrid(*[np.fft.fftfreq(PATCH, 1 / PATCH)] * 2, indexing="ij")
    radius = np.round(np.hypot(rows, columns)).astype(int)
    cycles = np.arange(3, 30)
    mean = [power[radius == cycle].mean() for cycle in cycles]
    return float(-np.polyfit(np.log(cycles), np.log(mean), 1)[0])


def central_patch(levels: np.ndarray, breast: np.ndarray) -> np.ndarray | None:
    """Return the most central patch that lies entirely within the breast.

    It is the one nearest to the centre of all such patches.
    """
    half = PATCH // 2
    within = uniform_filter(breast.astype(np.float32), PATCH)[half:-half, half:-half] > 0.9999
    corners = np.argwhere(within)
    if not len(corners):
        return None
    row, column = corners[np.argmin(((corners - corners.mean(0)) ** 2).sum(1))]
    return levels[row : row + PATCH, column : column + PATCH]


def breast_mask(levels: np.ndarray) -> np.ndarray:
    regions, _ = label(levels > 0)
    return regions == np.bincount(regions.ravel())[1:].argmax() + 1


def measure_images(count: int, spec: DemoSpec, report: Report) -> None:
    jobs = make_jobs(make_table(spec), spec)
    jobs = [job for job in jobs[:: max(1, len(jobs) // count)][:count] if not job.oddity]
    exponents, spread, air, inside, boxes = [], [], [], [], []
    for job in jobs:
        picture = render(job, spec)
        levels = picture.levels
        breast = breast_mask(levels)
        air.append(float((levels == 0).mean()))
        rows, columns = np.flatnonzero(breast.any(1)), np.flatnonzero(breast.any(0))
        size = (np.ptp(columns) + 1) / spec.columns, (np.ptp(rows) + 1) / spec.rows
        limits = BOXES["CC" if job.view == "CC" else "MLO"]
        boxes.append(all(low <= value <= high for value, (low, high) in zip(size, limits, strict=True)))
        if job.view == "CC" and job.machine.bits == 12 and not job.implant:
            inside.append(np.percentile(levels[breast], PERCENTILES))
        patch = central_patch(levels, breast)
        if patch is not None and not job.implant and not picture.lesions:  # tissue without lesions
            exponents.append(power_exponent(patch))
            spread.append(patch.std() / patch.mean())
    mean, low, high = np.mean(exponents), min(exponents), max(exponents)
    report.add(f"β, mean of {len(exponents)} patches", f"{mean:.2f}", "2.5–2.9", 2.5 <= mean <= 2.9)
    report.add("β, range", f"{low:.2f}–{high:.2f}", "within 1.8–3.4", low >= 1.8 and high <= 3.4)
    report.add(
        "standard deviation / mean of a patch", f"{np.mean(spread):.2f}", "about 0.26", 0.2 < np.mean(spread) < 0.32
    )
    report.add(
        f"background, mean of {len(air)} images", f"{np.mean(air):.3f}", "0.41–0.57", 0.41 <= np.mean(air) <= 0.57
    )
    share = float(np.mean(boxes))
    report.add("boxes inside the real 5–95 % ranges", f"{share:.2f}", "at least 0.90", share >= 0.9)
    ratio = np.mean(inside, axis=0) / REAL_CC
    for percent, part, value in zip(PERCENTILES, ratio, np.mean(inside, axis=0), strict=True):
        report.add(
            f"12-bit CC, percentile {percent}", f"{value:.0f} ({part:.2f} of real)", "0.85–1.15", abs(part - 1) < 0.15
        )


def measure_table(report: Report) -> None:
    for prevalence in (0.30, 486 / 11_913):
        table = make_table(DemoSpec(patients=2000, seed=SEED, prevalence=prevalence))
        means = table.groupby("cancer")["age"].mean()
        for cancer, target in ((0, 58.4), (1, 63.7)):
            value = means[cancer]
            ok = abs(value - target) <= 0.7
            report.add(f"age, cancer = {cancer}, prevalence {prevalence:.3f}", f"{value:.2f}", f"{target} ± 0.7", ok)
    start = time.perf_counter()
    table = make_table(DemoSpec(patients=11_913, seed=SEED, prevalence=486 / 11_913))
    seconds = time.perf_counter() - start
    report.add("table of 11,913 patients", f"{seconds:.2f} s, {len(table)} images", "at most 1 s", seconds <= 1)


def fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()


def measure_repeatability(report: Report) -> None:
    spec = DemoSpec(patients=5, seed=SEED, rows=512, columns=384)
    marks = []
    for workers in (1, 2, 2):
        with tempfile.TemporaryDirectory() as folder:
            generate(Path(folder), spec, workers=workers)
            marks.append(fingerprint(Path(folder)))
    report.add("SHA-256, series, parallel, again", f"{marks[0][:16]}…", "all equal", len(set(marks)) == 1)


def measure_speed(patients: int, full: int, report: Report) -> None:
    spec = DemoSpec(patients=patients, seed=SEED)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        generate(Path(folder), spec, workers=2)
        seconds, images = time.perf_counter() - start, len(make_table(spec))
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.dcm")) / 1e6
    text = f"{seconds:.0f} s, {images} images, {size:.0f} MB"
    report.add(f"demo set of {patients} patients, 2 processes", text, "at most 60 s", seconds <= 60)
    large = replace(spec, rows=FULL_GRID[0], columns=FULL_GRID[1])
    for grid, target, count in ((spec, 4.5, 12), (large, 1.0, full)):
        jobs = make_jobs(make_table(grid), grid)[:count]
        start = time.process_time()
        for job in jobs:
            encode(render(job, grid), job, grid)
        rate = len(jobs) / (time.process_time() - start)
        report.add(
            f"{grid.rows} × {grid.columns}, images per second and core",
            f"{rate:.2f}",
            f"at least {target}",
            rate >= target,
        )
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    report.add(
        "peak memory, this process and a worker",
        f"{own:.0f} MB, {worker:.0f} MB",
        "flat, below 1500",
        max(own, worker) < 1500,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=120, help="images that are measured")
    parser.add_argument("--patients", type=int, default=136, help="size of the demo set that is timed")
    parser.add_argument("--full", type=int, default=4, help="full-size images that are timed")
    parser.add_argument("--skip-speed", action="store_true", help="skip what depends on the machine")
    options = parser.parse_args()
    report = Report()
    measure_table(report)
    measure_repeatability(report)
    measure_images(options.images, DemoSpec(patients=options.images, seed=77), report)
    if not options.skip_speed:
        measure_speed(options.patients, options.full, report)
    return report.summarise()


if __name__ == "__main__":
    sys.exit(main())
