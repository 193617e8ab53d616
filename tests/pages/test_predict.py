"""The Predict page with the real core: uploads are grouped, corrected by the user, and predicted as exams."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from builders.app import open_page, viewer_cells, widget
from builders.archives import zipped
from builders.breasts import noisy_breast
from builders.dicom import build_dicom
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.patients import quarantined
from mammo_core.dicom.phantom_uids import phantom_uid
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.dicom.write import Header, dicom_bytes
from mammo_core.models.registry import activate, choose_operating_point
from mammo_core.prediction.exams import NO_BREASTS, Correction
from mammo_core.prediction.predictor import Predictor
from ui.pixel_route import GrantedUpload
from ui.session_grants import granted_item

HEADER = Header(patient="7", image="70", laterality="L", view="CC", full=True)


@pytest.fixture
def app(viewed) -> AppTest:
    return open_page("predict")


def drop(app: AppTest, *files: tuple[str, bytes]) -> str:
    """Upload files and return all text of the page."""
    app.file_uploader(key="files").set_value([(name, data, "application/dicom") for name, data in files]).run()
    assert not app.exception
    return all_text(app)


def all_text(app: AppTest) -> str:
    return "\n".join(element.value for kind in ("markdown", "caption", "error", "warning") for element in app.get(kind))


def show_pictures(app: AppTest) -> str:
    """Show pictures instead of the viewer and return all text of the page."""
    app.button_group(key="show exam").set_value("pictures").run()
    assert not app.exception
    return all_text(app)


def test_upload_same_file_name_two_patients_gives_two_exams(app):
    first = dicom_bytes(noisy_breast(1), HEADER, "plain")
    second = dicom_bytes(noisy_breast(2), replace(HEADER, patient="8", image="80", laterality="R", view="MLO"), "plain")
    text = drop(app, ("1-1.dcm", first), ("1-1.dcm", second))
    assert text.count("#### Patient ") == 1  # the one with the higher probability; the table has both
    assert "**2 exams.**" in text
    table = app.dataframe[0].value
    assert table["highest"].is_monotonic_decreasing
    assert sorted(table[["right", "left"]].notna().to_numpy().tolist()) == [[False, True], [True, False]]
    assert not app.error


def test_upload_same_file_twice_counts_once(app):
    file = dicom_bytes(noisy_breast(1), HEADER, "plain")
    drop(app, ("a.dcm", file), ("a.dcm", file))
    assert [error.value for error in app.error] == ["File 2, a.dcm: This is the same image as file 1; it counts once."]
    assert [metric.label for metric in app.metric] == ["Patient (highest breast)", "Left breast (1 view)"]


def test_upload_zip_without_file_extensions_predicts_images_and_reports_others(app):
    members = {
        "exam/1.2.840.113619.2.5.1": dicom_bytes(noisy_breast(1), HEADER, "plain"),
        "exam/1.2.840.113619.2.5.2": dicom_bytes(noisy_breast(2), replace(HEADER, image="71", view="MLO")),
        "exam/README": b"not an image",
    }
    drop(app, ("exam.zip", zipped(members)))
    assert "Left breast (mean of 2 views)" in [metric.label for metric in app.metric]
    (error,) = app.error
    assert error.value.startswith("File 3, exam/README: This isn't a DICOM file")


def in_study(seed: int, study: str, date: str, **elements: object) -> tuple[str, bytes]:
    file = build_dicom(
        noisy_breast(seed), PatientID="7", StudyInstanceUID=study, StudyDate=date, ImageLaterality="R", ViewPosition="CC",
        **{"SOPInstanceUID": phantom_uid("image", str(seed)), **elements},
    )  # fmt: skip
    return f"{seed}.dcm", file


def test_upload_priors_are_exams_of_their_own_below_the_current_one(app):
    magnified = in_study(3, "1.2.3", "20230506", EstimatedRadiographicMagnificationFactor="1.8")
    text = drop(app, in_study(1, "1.2.1", "20210304"), in_study(2, "1.2.3", "20230506"), magnified)
    table = app.dataframe[0].value.set_index("exam")
    assert sorted(table.index) == ["Exam of 2023-05-06", "Prior exam of 2021-03-04"]
    assert table["remarks"]["Exam of 2023-05-06"].endswith("Shown and not counted: R CC (a magnified view).")
    assert table["patient"].nunique() == 1
    assert [metric.label for metric in app.metric] == ["Patient (highest breast)", "Right breast (1 view)"]
    assert f"**{table.index[0]}**" in text


def test_upload_persons_with_a_placeholder_are_never_one_breast(app):
    files = [build_dicom(noisy_breast(seed), PatientID="ANONYM", ImageLaterality="R") for seed in (1, 2)]
    text = drop(app, ("1.dcm", files[0]), ("2.dcm", files[1]))
    assert NO_BREASTS in text
    assert not app.metric


def test_upload_unknown_side_gives_no_breast_result_until_corrected(app):
    sparse = replace(HEADER, full=False, laterality="")
    file, more = (dicom_bytes(noisy_breast(seed), replace(sparse, image=str(seed)), "plain") for seed in (1, 2))
    text = drop(app, ("a", file))
    assert "Side or view unknown: 1 of 1" in text
    assert not app.metric
    (digest,) = (image.decoded.digest for image in app.session_state["predictions"].images.values())
    app.session_state["corrections"] = {digest: Correction("Ann", "R", "CC")}
    drop(app, ("a", file), ("b", more))
    assert [metric.label for metric in app.metric] == ["Patient (highest breast)", "Right breast (1 view)"]
    assert "#### Patient Ann" in [element.value for element in app.markdown]


def test_out_of_distribution_image_gets_no_recall_decision(app):
    row, column = np.mgrid[:512, :384]
    disc = np.where((row - 256) ** 2 + (column - 150) ** 2 < 140**2, 2000 + 3 * column, 0).astype(np.uint16)
    text = drop(app, ("disc", dicom_bytes(disc, HEADER, "plain")))
    assert "No decision" in text
    assert "Some images differ too much from the training images" in text
    assert "badge[Recall" not in text
    assert "badge[No recall" not in text


def test_changed_operating_point_decides_at_once(finished):
    activate(finished, "trained")
    app = open_page("predict")
    catalogue = read_catalogue(finished.data / "demo")
    rows = catalogue.table[~catalogue.table["image_id"].isin(quarantined(finished, catalogue))]
    file = Path(rows["file"].iloc[0])
    choose_operating_point(finished, "trained", 0.0, "by hand")
    assert "badge[Recall (" in drop(app, (file.name, file.read_bytes()))
    choose_operating_point(finished, "trained", 1.0, "by hand")
    text = "\n".join(element.value for element in app.run().markdown)
    assert "badge[No recall (" in text
    assert "badge[Recall (" not in text


def test_sidebar_shows_model_and_limitations(app):
    sidebar = "\n".join(element.value for kind in ("markdown", "caption") for element in app.sidebar.get(kind))
    assert "trained on synthetic images" in sidebar
    assert "Recall threshold" in sidebar
    assert "microcalcifications can't" in sidebar
    assert "Research use only" in sidebar


def test_file_that_is_no_phantom_and_a_model_of_synthetic_images_give_no_decision(app):
    drop(app, in_study(1, "1.2", "20210304", SOPInstanceUID="1.2.840.1"))
    (cell, _) = viewer_cells(app)
    assert cell.no_decision == "this model has only seen synthetic images"
    text = show_pictures(app)
    assert "\n:material/block: No decision: this model has only seen synthetic images.\n" in text
    assert text.count(":gray-badge[No decision]") == 2
    assert "ecall (" not in text
    assert ":grey[probability **" in text


def test_files_and_predictions_survive_a_visit_to_another_page(app, monkeypatch):
    drop(app, ("a", dicom_bytes(noisy_breast(1), HEADER, "plain")))
    shown = [(metric.label, metric.value) for metric in app.metric]
    app.switch_page("pages/data.py").run()
    monkeypatch.setattr(Predictor, "predict_image", None)  # nothing is predicted again
    app.switch_page("pages/predict.py").run()
    assert not app.exception
    assert [(metric.label, metric.value) for metric in app.metric] == shown
    assert "**a**" in [text.value for text in app.markdown]
    widget(app, "button", "Clear").click().run()
    assert not app.metric
    assert app.session_state["files to predict"] == []


def test_heatmap_toggle_and_another_exam_predict_and_decode_nothing(app, monkeypatch):
    drop(app, ("a", dicom_bytes(noisy_breast(1), HEADER, "plain")))
    monkeypatch.setattr(Predictor, "predict_image", None)
    monkeypatch.setattr(Sandbox, "start", None)
    show_pictures(app)
    app.toggle(key="heatmap").set_value(False).run()
    assert not app.exception
    assert len(app.metric) == 2


def test_viewer_has_the_heatmaps_of_uploads_and_shows_what_the_network_sees_on_request(app):
    left = dicom_bytes(noisy_breast(1), HEADER, "plain")
    drop(
        app,
        ("a", left),
        ("b.zip", zipped({"c": dicom_bytes(noisy_breast(2), replace(HEADER, image="71", view="MLO"), "plain")})),
    )
    cells = [cell for cell in viewer_cells(app) if cell.address]
    assert [(cell.name, cell.label) for cell in cells] == [("L CC", "a"), ("L MLO", "c")]
    assert all(cell.heatmap and cell.probability is not None and cell.image_id == "" for cell in cells)
    missing = [cell.problem for cell in viewer_cells(app) if not cell.address]
    assert missing == ["R CC is missing.", "R MLO is missing."]
    granted = [granted_item(cell.address.removeprefix("pixels/"), GrantedUpload) for cell in cells]
    assert granted[0] is not None
    assert granted[0].source == left
    assert not app.get("image")
    app.toggle(key="network inputs").set_value(True).run()
    inputs = [element.proto.imgs[0].alt for element in app.get("image")]
    assert inputs == ["Network input of L CC", "Network input of L MLO"]
    widget(app, "button", "Clear").click().run()
    assert [granted_item(cell.address.removeprefix("pixels/"), GrantedUpload) for cell in cells] == [None, None]


def test_demo_exam_is_predicted_and_its_lesions_are_shown_on_demand(app):
    widget(app, "button", "Try a demo exam").click().run()
    assert not app.exception
    assert len(app.metric) == 3
    outlines = "Outlines: lesions"
    assert not any(outlines in text.value for text in app.markdown)
    app.toggle(key="show truth").set_value(True).run()
    assert any("**Cancer in the" in text.value and outlines in text.value for text in app.markdown)
    first = app.session_state["files to predict"]
    widget(app, "button", "Another example").click().run()
    assert not app.exception
    assert app.session_state["files to predict"] != first
    assert not app.toggle(key="show truth").value


def test_model_in_the_address_is_chosen(viewed):
    assert open_page("predict").sidebar.selectbox(key="model").value == "trained"
    assert open_page("predict", {"model": "demo"}).sidebar.selectbox(key="model").value == "demo"
