"""A whole data set on disk: images in parallel, then train.csv and the truth."""

import os
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import closing
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from mammo_core.dicom.limits import die_with_parent
from mammo_core.dicom.write import Header, dicom_bytes
from mammo_core.documents.dataset import DatasetInfo
from mammo_core.phantoms.render import Job, Rendered, render
from mammo_core.phantoms.spec import BY_ID, DemoSpec
from mammo_core.phantoms.table import densities, make_table
from mammo_core.storage.atomic import atomic_path, write_bytes

LESION_COLUMNS = (
    "patient_id",
    "image_id",
    "laterality",
    "view",
    "kind",
    "malignant",
    "top",
    "left",
    "bottom",
    "right",
    "centre_row",
    "centre_column",
    "size_mm",
)
CHUNK = 8  # images a task: a few seconds of work, so that progress moves and stopping is quick


def generate(
    out: Path,
    spec: DemoSpec,
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Write a synthetic data set in the RSNA layout.

    dataset.json is written first, then train_images/<patient_id>/<image_id>.dcm, and at last lesions.csv and train.csv: a
    folder without train.csv is unfinished, and generating again completes it. The bytes don't depend on the number of
    workers.

    Args:
        out: the folder; made when it isn't there.
        spec: what to generate.
        progress: called with (images done, images in all).
        workers: processes; the number of cores by default, 1 works in this process.
        should_stop: asked after every few images.

    Returns:
        Whether it is complete.
    """
    DatasetInfo(synthetic=True, generator=asdict(spec)).write(out / DatasetInfo.file_name)
    table = make_table(spec)
    jobs = make_jobs(table, spec)
    chunks = [jobs[start : start + CHUNK] for start in range(0, len(jobs), CHUNK)]
    workers = min(workers or os.cpu_count() or 1, len(chunks))
    lesions: dict[int, list[dict]] = {}
    done = 0
    with closing(_run(chunks, out, spec, workers)) as results:
        for index, rows in results:
            lesions[index] = rows
            done += len(chunks[index])
            if progress is not None:
                progress(done, len(jobs))
            if should_stop():
                return False
    lesions = pd.DataFrame([row for index in sorted(lesions) for row in lesions[index]], columns=list(LESION_COLUMNS))
    _write_csv(out / "lesions.csv", lesions)
    _write_csv(out / "train.csv", table)
    return True


def make_jobs(table: pd.DataFrame, spec: DemoSpec) -> list[Job]:
    """Return what to render for every row of the table, oddities included."""
    density = densities(spec)
    odd = _oddities(table, spec)
    return [
        Job(
            patient=row.patient_id,
            image=row.image_id,
            laterality=row.laterality,
            view=row.view,
            density=density[row.patient_id],
            cancer=bool(row.cancer),
            implant=bool(row.implant),
            age=None if np.isnan(row.age) else row.age,
            machine=BY_ID[row.machine_id],
            oddity=odd.get(row.image_id, ""),
        )
        for row in table.itertuples(index=False)
    ]


def _oddities(table: pd.DataFrame, spec: DemoSpec) -> dict[int, str]:
    """Choose one missing, one truncated and one blank file among the negatives (more in sets of thousands)."""
    candidates = table.loc[table["cancer"] == 0, "image_id"].to_numpy()
    times = 1 + spec.patients // 2000
    if not spec.nuisances or len(candidates) < 12 * times:
        return {}
    chosen = np.random.default_rng([spec.seed, 2]).choice(candidates, 3 * times, replace=False)
    return dict(zip(chosen.tolist(), ["missing", "truncated", "blank"] * times, strict=True))


def _run(
    chunks: list[list[Job]], out: Path, spec: DemoSpec, workers: int
) -> Generator[tuple[int, list[dict]], None, None]:
    """Yield (index of the chunk, its rows of truth) as they are finished."""
    if workers == 1:
        for index, chunk in enumerate(chunks):
            yield index, write_images(chunk, out, spec)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), die_with_parent) as pool:
        waiting = {pool.submit(write_images, chunk, out, spec): index for index, chunk in enumerate(chunks)}
        try:
            while waiting:
                finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield waiting.pop(future), future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def write_images(jobs: list[Job], out: Path, spec: DemoSpec) -> list[dict]:
    """Render and write some images; return their rows of the truth table."""
    rows = []
    for job in jobs:
        if job.oddity == "missing":
            continue
        picture = render(job, spec)
        write_bytes(out / "train_images" / str(job.patient) / f"{job.image}.dcm", encode(picture, job, spec))
        rows += [] if job.oddity else _truth(picture, job)
    return rows


def encode(picture: Rendered, job: Job, spec: DemoSpec) -> bytes:
    """Return the DICOM file of a rendered image, as its machine would have written it."""
    machine = job.machine
    levels = np.zeros_like(picture.levels) if job.oddity == "blank" else picture.levels
    stored, padding = _stored(levels, machine.bits, machine.inverted)
    header = Header(
        patient=str(job.patient),
        image=str(job.image),
        laterality=job.laterality,
        view=job.view,
        bits=machine.bits,
        inverted=machine.inverted,
        padding=padding,
        windows=_windows(job, machine.bits, machine.inverted),
        voi_function=machine.voi_function,
        full=spec.full_headers,
        age=job.age,
        pixel_mm=spec.pixel_mm,
        faces_left=picture.faces_left,
    )
    data = dicom_bytes(stored, header, machine.syntax)
    return data[: len(data) * 2 // 3] if job.oddity == "truncated" else data


def _stored(levels: npt.NDArray[np.float32], bits: int, inverted: bool) -> tuple[npt.NDArray[np.uint16], int | None]:
    """Scale 12-bit levels to the machine's depth; MONOCHROME1 pads the air with a value beyond its darkest tissue."""
    scale = np.float32(2.0 ** (bits - 12))
    values = np.round(levels * scale).astype(np.uint16)
    if not inverted:
        return values, None
    top = 2**bits - 1
    return np.where(levels > 0, np.minimum(top - values, top - 1), top).astype(np.uint16), top


def _windows(job: Job, bits: int, inverted: bool) -> tuple[tuple[float, float], ...]:
    """One window, or three or four of them; in stored values."""
    scale = 2.0 ** (bits - 12)
    centre, width = (1750.0, 3300.0) if job.machine.style == "contrast" else (2000.0, 3200.0)
    centre = 4095 - centre if inverted else centre
    several = {"29": 3, "93": 4}.get(job.machine.id, 1)
    return tuple((round(centre * scale), round(width * (1 + 0.2 * step) * scale)) for step in range(several))


def _truth(picture: Rendered, job: Job) -> list[dict]:
    """Rows of lesions.csv, in pixels of the stored frame."""
    return [
        {
            "patient_id": job.patient,
            "image_id": job.image,
            "laterality": job.laterality,
            "view": job.view,
            "kind": lesion.kind,
            "malignant": int(lesion.malignant),
            "top": int(top),
            "left": int(left),
            "bottom": int(bottom) + 1,
            "right": int(right) + 1,
            "centre_row": round(row),
            "centre_column": round(column),
            "size_mm": round(lesion.size_mm, 1),
        }
        for lesion, top, left, bottom, right, row, column in picture.lesions
    ]


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False)
