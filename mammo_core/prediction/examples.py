"""Provide example exams whose labels are known, and sample files."""

import io
import random
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.lesion_annotations import read_lesions
from mammo_core.dataset.library import list_datasets
from mammo_core.dicom.header import open_stream
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.prediction.files import InputFile
from mammo_core.storage.path_text import path_text, text_path
from mammo_core.workspace import Workspace

DAMAGED_BYTES = 5000  # of a sample file that is cut off: its header is there, its pixels aren't
FIRST_SEED = 70_000  # of drawn exams: no data set of this repository uses it, so that no model was trained on them


@dataclass(frozen=True)
class Example:
    """Four standard views of a synthetic patient, with labels and lesions.

    Attributes:
        files: the views.
        cancer: whether a breast is positive, by laterality.
        lesions: boxes to outline, see `HungImage`, by the file's key.
    """

    files: tuple[InputFile, ...]
    cancer: Mapping[str, bool]
    lesions: Mapping[str, pd.DataFrame]

    def describe_labels(self) -> str:
        """Return the labels of both breasts in one line."""
        names = {"R": "right", "L": "left"}
        positive = [name for side, name in names.items() if self.cancer.get(side)]
        return f"Cancer in the {' and the '.join(positive)} breast." if positive else "No cancer in either breast."


def example_exam(workspace: Workspace, number: int = 0) -> Example:
    """Return an example exam.

    It is one of the first synthetic data set, or drawn if there is none, which takes some seconds.

    Args:
        workspace: holds the data sets.
        number: of the example, from 0; the first is positive, the others are in a random order.
    """
    for dataset in list_datasets(workspace):
        if dataset.synthetic:
            root, table = dataset.path, _standard_exams(dataset.path)
            if not table.empty:
                patient = _order_patients(table)[number % table["patient_id"].nunique()]
                return _to_example(root, table[table["patient_id"] == patient])
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "drawn"
        positive = number == 0 or random.Random(number).random() < 0.5
        generate(root, DemoSpec(1, FIRST_SEED + number, float(positive), nuisances=False), workers=1)
        drawn = _to_example(root, _standard_exams(root))
        return Example(tuple(map(_in_memory, drawn.files)), drawn.cancer, drawn.lesions)


def _standard_exams(root: Path) -> pd.DataFrame:
    """Return the images of patients with all four standard views, one image a view."""
    table = read_catalogue(root).table.dropna(subset=["file"])
    table = table[table["view"].isin(["CC", "MLO"])].drop_duplicates(["patient_id", "laterality", "view"])
    exams = table.groupby("patient_id").filter(lambda rows: len(rows) == 4)
    return exams.assign(positive=exams.groupby("patient_id")["cancer"].transform("max"))


def _order_patients(table: pd.DataFrame) -> list[str]:
    """Return the patients: a positive one, if there is any, then the others shuffled."""
    patients = table.drop_duplicates("patient_id").sort_values("positive", ascending=False, kind="stable")
    first, *others = patients["patient_id"].tolist()
    random.Random(0).shuffle(others)
    return [first, *others]


def _to_example(root: Path, rows: pd.DataFrame) -> Example:
    """Return an example from the rows of one patient in the catalogue of a folder."""
    lesions, files, boxes = read_lesions(root).table, [], {}
    for row in rows.itertuples():
        path = text_path(row.file)
        files.append(InputFile(path_text(path.name), path, path_text(path)))
        if lesions is not None:
            boxes[files[-1].key] = lesions[lesions["image_id"] == row.image_id]
    cancer = {str(side): bool(images["cancer"].max() > 0) for side, images in rows.groupby("laterality")}
    return Example(tuple(files), cancer, boxes)


def _in_memory(file: InputFile) -> InputFile:
    """Return a file with its contents instead of its path; it keeps its key."""
    return InputFile(file.name, _contents(file), file.key)


def _contents(file: InputFile) -> bytes:
    with open_stream(file.source) as stream:
        return stream.read()


def sample_zip(workspace: Workspace) -> bytes:
    """Return the first example as a zip archive of DICOM files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in example_exam(workspace).files:
            archive.writestr(file.name, _contents(file))
    return stream.getvalue()


def damaged_sample(workspace: Workspace) -> bytes:
    """Return a DICOM file that was cut off, as by a broken transfer."""
    return _contents(example_exam(workspace).files[0])[:DAMAGED_BYTES]
