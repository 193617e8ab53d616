"""Make exams of a shipped model's test part, so that its errors can be looked at.

The model's data are synthetic, and the generator gives the same images for the same parameters: so a dozen exams needn't be
shipped, and take seconds to make.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter

from mammo_core.dicom.limits import die_with_parent
from mammo_core.documents.dataset import DatasetInfo
from mammo_core.documents.lesions import LesionAnnotation
from mammo_core.documents.progress import Progress, ProgressCallback, ignore_progress
from mammo_core.errors import ModelError
from mammo_core.evaluation.operating import outcomes
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import Bundle
from mammo_core.phantoms.generate import CHUNK, make_jobs, write_images
from mammo_core.phantoms.render import RenderJob
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.phantoms.table import make_table
from mammo_core.storage.atomic import atomic_path
from mammo_core.workspace import Workspace

EACH = 3  # patients of each cell of the confusion matrix


def example_patients(bundle: Bundle, each: int = EACH) -> list[str]:
    """Return the patients with the most surprising breasts of the test part.

    Args:
        bundle: the model.
        each: how many for each cell of the confusion matrix.
    """
    breasts = to_unit(bundle.evaluation_predictions(), "breast")
    cells = [
        outcomes(breasts, bundle.threshold, label, recalled)["patient_id"].astype(str).drop_duplicates().head(each)
        for label in (0, 1)
        for recalled in (False, True)
    ]
    return pd.concat(cells).drop_duplicates().tolist()


def make_example_exams(workspace: Workspace, bundle: Bundle, progress: ProgressCallback = ignore_progress) -> int:
    """Generate the exams of `example_patients` as a data set named like the model's.

    Nothing is done if there is already a data set of that name. Each image is the same as in the whole set.

    Returns:
        The number of patients that were generated.

    Raises:
        ModelError: the model's data were not generated.
    """
    data = bundle.card.data
    if data.generator is None:
        raise ModelError(f"The data of {bundle.name} were not generated, so its exams can't be made again.")
    folder = workspace.data / data.dataset
    if folder.exists():
        return 0
    patients, spec = example_patients(bundle), TypeAdapter(DemoSpec).validate_python(data.generator)
    table = make_table(spec)
    DatasetInfo(synthetic=True, generator=asdict(spec)).write(folder / DatasetInfo.file_name)
    lesions = _write_images(
        [job for job in make_jobs(table, spec) if str(job.patient) in patients], folder, spec, progress
    )
    columns = list(LesionAnnotation.model_fields)
    _write_csv(folder / LesionAnnotation.file_name, pd.DataFrame([row.to_json() for row in lesions], columns=columns))
    _write_csv(folder / "train.csv", table[table["patient_id"].astype(str).isin(patients)])
    return len(patients)


def _write_images(
    jobs: list[RenderJob], folder: Path, spec: DemoSpec, progress: ProgressCallback
) -> list[LesionAnnotation]:
    """Render and write images on all cores, and return their lesions."""
    chunks = [jobs[start : start + CHUNK] for start in range(0, len(jobs), CHUNK)]
    lesions: list[LesionAnnotation] = []
    write = partial(write_images, out=folder, spec=spec)
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(chunks)), get_context("spawn"), die_with_parent) as pool:
        for index, drawn in enumerate(pool.map(write, chunks)):
            lesions += drawn
            progress(Progress(done=min((index + 1) * CHUNK, len(jobs)), total=len(jobs)))
    return lesions


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False)
