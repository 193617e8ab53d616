"""The Exams page with the real core: choosing a patient, the hanging order, query parameters, and predictions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest
from streamlit.testing.v1 import AppTest

from builders.app import open_page, plain, viewer_cells, without_error
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.patients import list_patients
from mammo_core.evaluation.ood import OODDetector
from mammo_core.workspace import Workspace
from ui.viewer import NO_WEBGL


@pytest.fixture
def catalogue(viewed):
    return read_catalogue(viewed.data / "demo")


def show(**url: str) -> AppTest:
    """Open the page with its images as pictures."""
    return without_error(open_page("exams", {"show": "pictures"} | url))


def shown(app: AppTest) -> list[str]:
    """Return the lines below the images, in their order on the page."""
    return [text.value for text in app.markdown if "· image " in text.value]


def chosen(app: AppTest) -> str:
    """Return the patient whom the address names."""
    (patient,) = np.atleast_1d(app.query_params["patient"])
    return str(patient)


def arrow(app: AppTest, label: str) -> object:
    return next(button for button in app.button if button.label == label)


def pictures(app: AppTest) -> int:
    """Return the number of pictures but for those in the places of missing views."""
    return sum(not element.proto.imgs[0].alt.endswith(" is missing") for element in app.get("image"))


def test_patient_url_shows_all_views_in_hanging_order(catalogue):
    patient = list_patients(Workspace.from_environment(), catalogue, "positive")[0]
    images = catalogue.table[catalogue.table["patient_id"] == patient]
    app = show(patient=patient)
    assert chosen(app) == patient
    lines = shown(app)
    assert len(lines) == len(images)
    first = images[images["view"] == "CC"].groupby("laterality")["image_id"].first()
    assert f"R CC · image {first['R']}" in lines[0]
    assert f"L CC · image {first['L']}" in lines[1]
    assert any(":orange-badge[cancer]" in line for line in lines)
    assert not any("probability" in line for line in lines)


def test_viewer_is_the_default_and_hangs_all_views_with_addresses_of_this_session(catalogue):
    patient = list_patients(Workspace.from_environment(), catalogue, "positive")[0]
    images = catalogue.table[catalogue.table["patient_id"] == patient]
    app = without_error(open_page("exams", {"patient": patient, "lesions": "true"}))
    cells = viewer_cells(app)
    assert [cell.name for cell in cells[:2]] == ["R CC", "L CC"]
    assert {cell.label for cell in cells if cell.label} == {f"image {image}" for image in images["image_id"]}
    assert all(cell.address.startswith("pixels/") for cell in cells if cell.label and not cell.problem)
    assert any(cell.cancer for cell in cells)
    assert any(cell.lesions for cell in cells)
    assert not app.get("image")


def test_viewer_shows_probabilities_and_heatmaps_of_the_active_model(catalogue):
    patient = list_patients(Workspace.from_environment(), catalogue, "positive")[0]
    app = without_error(open_page("exams", {"patient": patient, "predict": "true"}))
    cells = [cell for cell in viewer_cells(app) if cell.address]
    assert all(0 <= cell.probability <= 1 and cell.heatmap for cell in cells)
    assert "Patient (highest breast)" in [metric.label for metric in app.metric]
    scores = app.dataframe[0].value.set_index("patient")["score"]
    assert app.metric[0].value.strip(":gray[]") == f"{scores[patient]:.2f}"


def test_browser_without_webgl_gets_pictures_and_one_sentence(catalogue):
    patient = list_patients(Workspace.from_environment(), catalogue, "positive")[0]
    app = open_page("exams", {"patient": patient}, {"viewer unsupported": True})
    assert [info.value for info in without_error(app).info] == [NO_WEBGL]
    assert pictures(app)


def test_predict_parameter_shows_active_model_probabilities(catalogue):
    patient = list_patients(Workspace.from_environment(), catalogue, "positive")[0]
    app = show(patient=patient, predict="true")
    lines = shown(app)
    assert len(lines) == (catalogue.table["patient_id"] == patient).sum()
    assert all("probability **0." in line for line in lines)
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


def test_what_the_network_sees_is_shown_with_the_viewer_too(catalogue):
    patient = list_patients(Workspace.from_environment(), catalogue, "positive")[0]
    app = without_error(open_page("exams", {"patient": patient, "predict": "true"}))
    assert not pictures(app)
    app.toggle(key="network inputs").set_value(True)
    assert pictures(without_error(app.run())) == (catalogue.table["patient_id"] == patient).sum()
    assert "network inputs" not in [toggle.key for toggle in open_page("exams", {"patient": patient}).toggle]


@pytest.mark.parametrize(("kind", "name"), [("positive", "positive"), ("quarantined", "unreadable image")])
def test_arrows_step_through_the_patients_of_a_kind_and_say_where(catalogue, kind, name):
    with_files = set(catalogue.table.loc[catalogue.table["file"].notna(), "patient_id"])
    wanted = [
        patient for patient in list_patients(Workspace.from_environment(), catalogue, kind) if patient in with_files
    ]
    app = show()
    app.button_group(key="kind").set_value(kind)
    without_error(app.run())
    assert chosen(app) == wanted[0]
    assert f"{name} 1 of {len(wanted)}" in [text.value for text in app.markdown]
    assert arrow(app, "Previous").disabled
    if len(wanted) > 1:
        arrow(app, "Next").click()
        assert chosen(without_error(app.run())) == wanted[1]


def test_kind_of_patients_is_in_the_address(catalogue):
    app = show(kind="quarantined")
    assert app.button_group(key="kind").value == "quarantined"
    app.button_group(key="kind").set_value("lesion")
    assert list(np.atleast_1d(without_error(app.run()).query_params["kind"])) == ["lesion"]
    app.button_group(key="kind").set_value(None)
    assert "kind" not in without_error(app.run()).query_params
    assert show(kind="no such kind").button_group(key="kind").value is None


def test_filters_of_the_address_narrow_the_list(catalogue):
    app = show(label="positive")
    labels = app.dataframe[0].value["label"]
    assert set(labels) == {"positive"}
    assert len(labels) == len(list_patients(Workspace.from_environment(), catalogue, "positive"))


def test_patient_of_the_address_that_is_not_there_or_filtered_out_is_stated(catalogue):
    assert next(plain(warning.value) for warning in open_page("exams", {"patient": "nobody"}).warning).startswith(
        "There is no patient nobody here."
    )
    positive = list_patients(Workspace.from_environment(), catalogue, "positive")[0]
    app = show(patient=positive, label="negative")
    assert chosen(app) == positive
    assert any("is not among those that the filters keep" in caption.value for caption in app.caption)


def test_patients_without_files_are_left_out_and_named_in_one_sentence(prepared):
    catalogue = read_catalogue(prepared.data / "demo")
    patient = str(catalogue.table["patient_id"].iloc[0])
    for file in catalogue.table.loc[catalogue.table["patient_id"] == patient, "file"].dropna():
        Path(file).unlink()
    app = show()
    assert patient not in app.dataframe[0].value["patient"].tolist()
    assert "1 patient without files left out." in [caption.value for caption in app.caption]
    app = show(patient=patient)
    assert [info.value for info in app.info] == [
        f"None of the {(catalogue.table['patient_id'] == patient).sum()} files of this exam is on this machine."
    ]


def test_list_has_a_picture_of_each_imported_patient(catalogue, monkeypatch):
    pictures = show().dataframe[0].value[" "]
    assert pictures.str.startswith("data:image/png;base64,").all()
    monkeypatch.setattr("ui.patient_list.MAX_PICTURES", len(pictures) - 1)  # too many to send
    assert " " not in show().dataframe[0].value


def test_prediction_shows_breasts_and_score_as_on_predict(catalogue):
    patient = list_patients(Workspace.from_environment(), catalogue, "positive")[0]
    app = show(patient=patient, predict="true")
    assert "Patient (highest breast)" in [metric.label for metric in app.metric]
    highest = app.metric[0].value
    scores = app.dataframe[0].value.set_index("patient")["score"]
    assert highest.strip(":gray[]") == f"{scores[patient]:.2f}"


def test_quarantined_image_shows_warning(catalogue):
    patients = list_patients(Workspace.from_environment(), catalogue, "quarantined")
    assert patients
    assert [patient for patient in patients if not show(patient=patient).warning] == []


def test_out_of_distribution_image_is_marked(catalogue, monkeypatch):
    monkeypatch.setattr(OODDetector, "ood_score", lambda _, features: np.full(len(features), 1.5))
    patient = list_patients(Workspace.from_environment(), catalogue, "positive")[0]
    app = show(patient=patient, predict="true")
    assert shown(app)
    assert all(":orange-badge[unlike the training images]" in line for line in shown(app))
    assert any("differ too much from the training images" in warning.value for warning in app.warning)
    assert "Difference from training images: 1.50 (limit 1.0)" in [caption.value for caption in app.caption]


def test_files_that_are_no_phantoms_and_a_model_of_synthetic_images_give_no_decision(prepared):
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
