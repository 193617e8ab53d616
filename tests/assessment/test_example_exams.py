import pandas as pd
import pytest

from builders.models import write_model
from mammo_core.assessment import example_exams
from mammo_core.assessment.example_exams import example_patients, make_example_exams
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.errors import ModelError
from mammo_core.models.bundle import open_bundle
from mammo_core.settings import SHIPPED_MODELS


@pytest.fixture
def shipped():
    return open_bundle(SHIPPED_MODELS / "demo")


def test_example_patients_are_of_every_cell_and_of_the_test_part(shipped):
    patients = example_patients(shipped, each=2)
    predictions = shipped.evaluation_predictions()
    assert 4 <= len(patients) <= 8
    assert set(patients) <= set(predictions["patient_id"].astype(str))
    assert len(set(patients)) == len(patients)
    assert set(predictions.loc[predictions["patient_id"].astype(str).isin(patients), "label"]) == {0, 1}


def test_make_example_exams_generates_these_patients_once(workspace, shipped, monkeypatch):
    patient = example_patients(shipped, each=1)[0]
    monkeypatch.setattr(example_exams, "example_patients", lambda bundle: [patient])
    assert make_example_exams(workspace, shipped) == 1
    table = read_catalogue(workspace.data / "demo-model-phantoms").table
    assert set(table["patient_id"]) == {patient}
    assert table["file"].notna().all()
    known = shipped.evaluation_predictions().astype({"image_id": "str"}).set_index("image_id")["label"]
    labels = pd.Series(table["cancer"].astype(int).to_numpy(), table["image_id"])
    assert (
        labels.loc[known.index.intersection(labels.index)] == known.loc[known.index.intersection(labels.index)]
    ).all()
    assert make_example_exams(workspace, shipped) == 0


@pytest.mark.slow
def test_make_example_exams_interrupted_is_completed(workspace, shipped, monkeypatch):
    patient = example_patients(shipped, each=1)[0]
    monkeypatch.setattr(example_exams, "example_patients", lambda bundle: [patient])

    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_example_exams(workspace, shipped, stop)
    assert make_example_exams(workspace, shipped) == 1
    assert read_catalogue(workspace.data / "demo-model-phantoms").missing_files == 0


def test_make_example_exams_of_other_data_is_refused(workspace):
    with pytest.raises(ModelError, match="were not generated"):
        make_example_exams(workspace, write_model(workspace.models / "mine"))
