import io
import shutil
import zipfile

import pandas as pd
import pytest

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.prediction import examples
from mammo_core.prediction.examples import Example, damaged_sample, example_exam, sample_zip


def views_of(example: Example, table: pd.DataFrame) -> pd.DataFrame:
    return table.set_index("image_id").loc[[file.name.removesuffix(".dcm") for file in example.files]]


def test_first_example_is_four_views_of_a_positive_patient_with_label_and_lesions(workspace, phantoms):
    shutil.copytree(phantoms, workspace.data / "demo")
    example = example_exam(workspace)
    assert all(file.source.read_bytes()[128:132] == b"DICM" for file in example.files)
    rows = views_of(example, read_catalogue(phantoms).table)
    assert rows["patient_id"].nunique() == 1
    assert sorted(rows["laterality"] + rows["view"]) == ["LCC", "LMLO", "RCC", "RMLO"]
    assert example.cancer == {side: bool(images["cancer"].max()) for side, images in rows.groupby("laterality")}
    assert any(example.cancer.values())
    assert sum(len(boxes) for boxes in example.lesions.values()) > 0


@pytest.mark.slow
def test_examples_are_different_patients_until_they_begin_again(workspace, phantoms):
    shutil.copytree(phantoms, workspace.data / "demo")
    table = read_catalogue(phantoms).table
    shown = [views_of(example_exam(workspace, number), table)["patient_id"].iloc[0] for number in range(3)]
    assert len(set(shown)) == 3
    keys = [example_exam(workspace, number).files[0].key for number in range(40)]
    assert keys[0] in keys[1:]


def test_example_without_demo_data_is_drawn_into_memory(workspace, monkeypatch):
    monkeypatch.setattr(
        examples, "DemoSpec", lambda *values, **options: DemoSpec(*values, rows=256, columns=192, **options)
    )
    example = example_exam(workspace)
    assert [type(file.source) for file in example.files] == [bytes] * 4
    assert any(example.cancer.values())
    assert not list(workspace.data.glob("*"))


def test_describe_labels_names_the_positive_breasts():
    def described(right, left):
        return Example((), {"R": right, "L": left}, {}).describe_labels()

    assert described(True, False) == "Cancer in the right breast."
    assert described(True, True) == "Cancer in the right and the left breast."
    assert described(False, False) == "No cancer in either breast."


def test_samples_are_a_readable_archive_and_a_file_that_was_cut_off(workspace, phantoms):
    shutil.copytree(phantoms, workspace.data / "demo")
    files = example_exam(workspace).files
    archive = zipfile.ZipFile(io.BytesIO(sample_zip(workspace)))
    assert archive.namelist() == [file.name for file in files]
    assert archive.read(files[0].name) == files[0].source.read_bytes()
    assert damaged_sample(workspace) == files[0].source.read_bytes()[:5000]
