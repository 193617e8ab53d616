"""Write a synthetic data set: images in parallel, then lesions.csv and train.csv."""

import os
from collections.abc import Collection, Generator
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
from mammo_core.documents.dataset import DatasetInfo, GeneratorSettings
from mammo_core.documents.lesions import LesionAnnotation
from mammo_core.documents.progress import Progress, ProgressCallback, ShouldStop, ignore_progress, never_stop
from mammo_core.phantoms.render import RenderedImage, RenderJob, render
from mammo_core.phantoms.spec import BY_ID, DemoSpec
from mammo_core.phantoms.table import densities, make_table
from mammo_core.storage.atomic import atomic_path, write_bytes

CHUNK = 8  # images in one task: a few seconds of work, so that progress is smooth and stopping is quick


def generate(
    out: Path,
    spec: DemoSpec,
    progress: ProgressCallback = ignore_progress,
    workers: int | None = None,
    should_stop: ShouldStop = never_stop,
    patients: Collection[str] | None = None,
) -> bool:
    """Write a synthetic data set in the RSNA layout.

    dataset.json is written first, then train_images/<patient_id>/<image_id>.dcm, and at last lesions.csv and train.csv: a
    folder without train.csv is unfinished, and generating again completes it. The bytes don't depend on the number of
    workers, but on the processor: NumPy's functions for AVX-512 round some last bits otherwise.

    Args:
        out: the folder; it is created if needed.
        spec: the parameters of the data set.
        progress: called after every few images.
        workers: number of processes; by default the number of cores. 1 works in this process.
        should_stop: called after every few images; if true, generating ends early.
        patients: identifiers of those that are written, with the same images as in the whole set; by default all.

    Returns:
        Whether the data set is complete.
    """
    DatasetInfo(synthetic=True, generator=GeneratorSettings(**asdict(spec))).write(out / DatasetInfo.file_name)
    table = make_table(spec)
    jobs = make_jobs(table, spec)
    if patients is not None:
        jobs = [job for job in jobs if str(job.patient) in patients]
        table = table[table["patient_id"].astype(str).isin(patients)]
    chunks = [jobs[start : start + CHUNK] for start in range(0, len(jobs), CHUNK)]
    workers = min(workers or os.cpu_count() or 1, len(chunks))
    lesions_by_chunk: dict[int, list[LesionAnnotation]] = {}
    done = 0
    with closing(_run(chunks, out, spec, workers)) as results:
        for index, lesions in results:
            lesions_by_chunk[index] = lesions
            done += len(chunks[index])
            progress(Progress(done=done, total=len(jobs)))
            if should_stop():
                return False
    rows = [lesion.to_json() for index in sorted(lesions_by_chunk) for lesion in lesions_by_chunk[index]]
    columns = list(LesionAnnotation.model_fields)
    _write_csv(out / LesionAnnotation.file_name, pd.DataFrame(rows, columns=columns))
    _write_csv(out / "train.csv", table)
    return True


def make_jobs(table: pd.DataFrame, spec: DemoSpec) -> list[RenderJob]:
    """Return the image to render for every row of the table, oddities included."""
    density = densities(spec)
    oddities = _oddities(table, spec)
    return [
        RenderJob(
            patient=row.patient_id,
            image=row.image_id,
            laterality=row.laterality,
            view=row.view,
            density=density[row.patient_id],
            cancer=bool(row.cancer),
            implant=bool(row.implant),
            age=None if np.isnan(row.age) else row.age,
            machine=BY_ID[row.machine_id],
            oddity=oddities.get(row.image_id, ""),
        )
        for row in table.itertuples(index=False)
    ]


def _oddities(table: pd.DataFrame, spec: DemoSpec) -> dict[int, str]:
    """Choose a missing, a truncated and a blank file among the negatives.

    Sets of thousands of patients have more than one of each.
    """
    candidates = table.loc[table["cancer"] == 0, "image_id"].to_numpy()
    repeats = 1 + spec.patients // 2000
    if not spec.nuisances or len(candidates) < 12 * repeats:
        return {}
    chosen = np.random.default_rng([spec.seed, 2]).choice(candidates, 3 * repeats, replace=False)
    return dict(zip(chosen.tolist(), ["missing", "truncated", "blank"] * repeats, strict=True))


def _run(
    chunks: list[list[RenderJob]], out: Path, spec: DemoSpec, workers: int
) -> Generator[tuple[int, list[LesionAnnotation]], None, None]:
    """Yield each chunk's index and its lesions, in the order in which chunks finish."""
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


def write_images(jobs: list[RenderJob], out: Path, spec: DemoSpec) -> list[LesionAnnotation]:
    """Render and write some images; return their lesions."""
    lesions: list[LesionAnnotation] = []
    for job in jobs:
        if job.oddity == "missing":
            continue
        picture = render(job, spec)
        write_bytes(out / "train_images" / str(job.patient) / f"{job.image}.dcm", encode(picture, job, spec))
        if not job.oddity:
            lesions += _annotations(picture, job)
    return lesions


def encode(picture: RenderedImage, job: RenderJob, spec: DemoSpec) -> bytes:
    """Return a rendered image as the DICOM file that its machine would write."""
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
    """Scale 12-bit levels to the machine's bit depth.

    In MONOCHROME1, air is padded with a value beyond the darkest tissue.
    """
    scale = np.float32(2.0 ** (bits - 12))
    values = np.round(levels * scale).astype(np.uint16)
    if not inverted:
        return values, None
    top = 2**bits - 1
    return np.where(levels > 0, np.minimum(top - values, top - 1), top).astype(np.uint16), top


def _windows(job: RenderJob, bits: int, inverted: bool) -> tuple[tuple[float, float], ...]:
    """Return the display windows of the header, (centre, width) in stored values.

    There is one, or three or four for some machines.
    """
    scale = 2.0 ** (bits - 12)
    centre, width = (1750.0, 3300.0) if job.machine.style == "contrast" else (2000.0, 3200.0)
    centre = 4095 - centre if inverted else centre
    several = {"29": 3, "93": 4}.get(job.machine.id, 1)
    return tuple((round(centre * scale), round(width * (1 + 0.2 * step) * scale)) for step in range(several))


def _annotations(picture: RenderedImage, job: RenderJob) -> list[LesionAnnotation]:
    """Return the rows of lesions.csv for an image."""
    return [
        LesionAnnotation(
            patient_id=str(job.patient),
            image_id=str(job.image),
            laterality=job.laterality,
            view=job.view,
            kind=drawn.lesion.kind,
            malignant=1 if drawn.lesion.malignant else 0,
            top=int(drawn.top),
            left=int(drawn.left),
            bottom=int(drawn.bottom) + 1,
            right=int(drawn.right) + 1,
            centre_row=round(drawn.row),
            centre_column=round(drawn.column),
            size_mm=round(drawn.lesion.size_mm, 1),
        )
        for drawn in picture.lesions
    ]


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False)
