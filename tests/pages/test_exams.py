"""The Exams page with the real core: choosing a patient, the hanging order, query parameters, and predictions."""

import numpy as np
import pandas as pd
import pydicom
import pytest
from streamlit.testing.v1 import AppTest

from builders.app import open_page, without_error
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.patients import list_patients
from mammo_core.evaluation.ood import OODDetector
from mammo_core.workspace import Workspace


@pytest.fixture
def catalogue(viewed):
    return read_catalogue(viewed.data / "demo")


def show(**url: str) -> AppTest:
    return without_error(open_page("exams", url))


def shown(app: AppTest) -> list[str]:
    """Return the lines below the images, in their order on the page."""
    return [text.value for text in app.markdown if "· image " in text.value]


def pictures(app: AppTest) -> int:
    """Return the number of pictures but for those in the places of missing views."""
    return sum(not element.proto.imgs[0].alt.endswith(" is missing") for element in app.get("image"))


def test_patient_url_shows_all_views_in_hanging_order(catalogue):
    patient = list_patients(Workspace.from_environment(), catalogue, "positive")[0]
    images = catalogue.table[catalogue.table["patient_id"] == patient]
    app = show(patient=patient)
    assert app.selectbox(key="patient").value == patient
    lines = shown(app)
    assert len(lines) == len(images)
    first = images[images["view"] == "CC"].groupby("laterality")["image_id"].first()
    assert f"R CC · image {first['R']}" in lines[0]
    assert f"L CC · image {first['L']}" in lines[1]
    assert any(":orange-badge[cancer]" in line for line in lines)
    assert not any("probability" in line for line in lines)


def test_predict_parameter_shows_active_model_probabilities(catalogue):
    patient = list_patients(Workspace.from_environment(), catalogue, "positive")[0]
    app = show(patient=patient, predict="true")
    assert all("probability **0." in line for line in shown(app))
    assert any("Demonstration" in text.value for text in app.markdown)


def test_patient_with_priors_in_the_table_shows_each_exam_the_newest_first(prepared):
    catalogue = read_catalogue(prepared.data / "demo")
    patient = list_patients(Workspace.from_environment(), catalogue, "positive")[0]
    table = pd.read_csv(catalogue.csv, dtype=str)
    table["exam_date"] = np.where(table["view"] == "CC", "2021-03-04", "2023-05-06")
    table.to_csv(catalogue.csv, index=False)
    app = show(patient=patient)
    titles = [text.value.split(" · ")[0] for text in app.markdown if "xam of " in text.value]
    assert titles == ["**Exam of 2023-05-06**", "**Prior exam of 2021-03-04**"]
    views = [line.removeprefix(":small[").split(" ")[1] for line in shown(app)]
    assert views[-2:] == ["CC", "CC"]
    assert views[0] == "MLO"


def test_inputs_toggle_shows_model_input_beside_each_view(catalogue):
    patient = list_patients(Workspace.from_environment(), catalogue, "positive")[0]
    app = show(patient=patient)
    before = pictures(app)
    app.toggle(key="inputs").set_value(True)
    assert pictures(without_error(app.run())) == 2 * before > 0


@pytest.mark.parametrize("kind", ["positive", "lesion", "quarantined"])
def test_next_button_selects_next_patient_and_wraps_around(catalogue, kind):
    wanted = list_patients(Workspace.from_environment(), catalogue, kind)
    label = {"positive": "Next positive", "lesion": "Next with a lesion", "quarantined": "Next unreadable image"}[kind]
    app = show(patient=wanted[-1])
    (button,) = (button for button in app.button if button.label == label)
    button.click().run()
    assert without_error(app).selectbox(key="patient").value == wanted[0]


def test_quarantined_image_shows_warning(catalogue):
    for patient in list_patients(Workspace.from_environment(), catalogue, "quarantined"):
        assert show(patient=patient).warning


def test_out_of_distribution_image_is_marked(catalogue, monkeypatch):
    monkeypatch.setattr(OODDetector, "ood_score", lambda _, features: np.full(len(features), 1.5))
    patient = list_patients(Workspace.from_environment(), catalogue, "positive")[0]
    app = show(patient=patient, predict="true")
    assert shown(app)
    assert all(":orange-badge[unlike the training images]" in line for line in shown(app))
    assert any("differ too much from the training images" in warning.value for warning in app.warning)
    assert "Difference from training images: 1.50 (limit 1.0)" in [caption.value for caption in app.caption]


def test_strangers_files_and_a_model_of_synthetic_images_give_no_decision(prepared):
    catalogue = read_catalogue(prepared.data / "demo")
    patient = list_patients(prepared, catalogue, "positive")[0]
    for file in catalogue.table.loc[catalogue.table["patient_id"] == patient, "file"]:
        dataset = pydicom.dcmread(file)
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.840.1"
        dataset.StudyInstanceUID = "1.2.840.2"
        dataset.save_as(file)
    app = show(patient=patient, predict="true")
    sentence = ":material/block: No decision: this model has only seen synthetic images."
    assert [caption.value for caption in app.caption].count(sentence) == 1
    assert shown(app)
    assert all(":grey[probability **0." in line for line in shown(app))


def test_special_image_is_named_and_not_counted_without_a_model(prepared):
    catalogue = read_catalogue(prepared.data / "demo")
    patient = list_patients(Workspace.from_environment(), catalogue, "positive")[0]
    table = pd.read_csv(catalogue.csv, dtype=str)
    rows = table.index[table["patient_id"] == patient]
    table.loc[rows[0], "view"] = "MAG"
    table.to_csv(catalogue.csv, index=False)
    marked = [line for line in shown(show(patient=patient)) if ":gray-badge[a magnified view, not counted]" in line]
    assert [table.loc[rows[0], "image_id"] in line for line in marked] == [True]
