"""Findings with the real core: what is listed, selected, left out and hidden."""

import pytest

from builders.app import plain, show_component, without_error
from builders.doctor import pair, report_on
from builders.links import record_links
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.leave_out import leave_out, read_leave_out
from mammo_core.documents.doctor_report import Leak, SkippedCheck
from mammo_core.errors import AccessError
from mammo_core.explore.findings import PAGE, list_findings
from ui import finding_list
from ui.finding_list import show_findings


@pytest.fixture(autouse=True)
def links(monkeypatch):
    return record_links(monkeypatch)


def show(store, kind=None, **findings):
    report, catalogue = report_on(store, **findings), read_catalogue(store.read_csv_path())
    app = show_component(show_findings, list_findings(report, catalogue.table), report, catalogue, "demo", store)
    without_error(app)
    return without_error(app.segmented_control(key="findings").set_value(kind).run()) if kind else app


def captions(app):
    return [plain(caption.value) for caption in app.caption]


def listed(store):
    return read_leave_out(store.data_root, store.source()).reasons


def test_duplicate_shows_both_pictures_and_a_box_for_each(store, images, links):
    app = show(store)
    assert "The same exposure is there under two patients. :grey-badge[confidence 0.90]" in app.markdown[0].value
    assert len(app.get("image")) == 2
    assert [box.label for box in app.checkbox] == ["Leave out", "Leave out"]
    patients = store.manifest()["patient_id"].astype(str).tolist()
    assert [query for _, query in links] == [{"dataset": "demo", "patient": patient} for patient in patients[:2]]
    assert captions(app) == ["1–1 of 1", f"image {images[0]}", f"image {images[1]}"]


def test_selected_image_is_left_out_with_the_reason_of_its_finding(store, images):
    app = show(store)
    app.checkbox(key=f"select 0 {images[1]}").check().run()
    assert app.text_input[0].value == "The same exposure is there under two patients."
    assert app.button(key="leave out").label == "Leave out 1 image"
    without_error(app.button(key="leave out").click().run())
    assert listed(store) == {images[1]: "The same exposure is there under two patients."}
    assert app.session_state["announcement"] == "1 image is left out."
    assert [box.key for box in app.checkbox] == [f"select 0 {images[0]}"]
    assert [badge.value for badge in app.markdown if "left out]" in badge.value]
    assert not [button for button in app.button if button.key == "leave out"]


def test_reason_can_be_typed(store, images):
    app = show(store, "Unusual images")
    app.checkbox(key=f"select 0 {images[3]}").check().run()
    assert app.text_input[0].value == "Almost *blank*."
    app.text_input[0].set_value("mine").run()
    app.button(key="leave out").click().run()
    assert listed(store) == {images[3]: "mine"}


def test_selection_stays_on_other_kinds_and_each_image_keeps_its_reason(store, images):
    app = show(store, "Contradictions")
    app.checkbox(key=f"select 0 {images[2]}").check().run()
    app.segmented_control(key="findings").set_value("Unusual images").run()
    app.checkbox(key=f"select 0 {images[3]}").check().run()
    assert app.button(key="leave out").label == "Leave out 2 images"
    assert app.text_input[0].value == ""
    app.button(key="leave out").click().run()
    assert listed(store) == {images[2]: "Called MLO.", images[3]: "Almost *blank*."}


def test_box_that_is_unchecked_and_a_cleared_selection_select_nothing(store, images):
    app = show(store)
    for key in (f"select 0 {images[0]}", f"select 0 {images[1]}"):
        app.checkbox(key=key).check().run()
    app.checkbox(key=f"select 0 {images[0]}").uncheck().run()
    assert app.button(key="leave out").label == "Leave out 1 image"
    app.button(key="clear selection").click().run()
    assert [box.value for box in app.checkbox] == [False, False]
    assert not app.text_input


def test_an_image_in_two_findings_is_selected_in_both(store, images):
    twice = (pair(images[0], images[1]), pair(images[0], images[2]))
    app = show(store, duplicates=twice)
    app.checkbox(key=f"select 0 {images[0]}").check().run()
    assert {box.key: box.value for box in app.checkbox if images[0] in box.key} == {
        f"select 0 {images[0]}": True,
        f"select 1 {images[0]}": True,
    }


def test_all_are_selected_at_once_one_of_each_pair(store, images):
    pairs = tuple(pair(images[number], images[number + 30]) for number in range(PAGE + 2))
    app = show(store, duplicates=pairs)
    assert captions(app)[0] == f"1–{PAGE} of {PAGE + 2}"
    assert len(app.get("image")) == 2 * PAGE
    app.button(key="select all").click().run()
    app.button(key="leave out").click().run()
    assert set(listed(store)) == set(images[30 : 30 + PAGE + 2])
    assert not [button for button in app.button if button.key == "select all"]


def test_findings_are_filtered_by_confidence_and_by_what_is_left_out(store, images):
    app = show(store, "Unusual images")
    app.selectbox(key="confidence").set_value(0.5).run()
    assert captions(app) == [finding_list.NOTHING]
    app.selectbox(key="confidence").set_value(0.0).run()
    assert captions(app)[0] == "1–1 of 1"
    leave_out(store.data_root, store.source(), {images[3]: "blank"})
    app.toggle(key="hide left out").set_value(True).run()
    assert captions(app) == [finding_list.NOTHING]


def test_misfiled_image_is_shown_with_one_of_its_patient_and_one_of_the_nearer(store, images, links):
    app = show(store, "Misfiled images")
    assert plain(app.markdown[0].value) == "Another *patient's*. :grey-badge[confidence 0.85]"
    patients = store.manifest()["patient_id"].astype(str).tolist()
    assert [query["patient"] for _, query in links[-3:]] == [patients[4], patients[5], patients[9]]
    assert [box.key for box in app.checkbox] == [f"select 0 {images[4]}", f"select 0 {images[5]}"]
    shown = [f"image {images[4]}", f"image {images[5]}", f"image {images[9]}", "another patient's"]
    assert captions(app) == ["1–1 of 1", *shown]
    app.button(key="select all").click().run()
    app.button(key="leave out").click().run()
    assert listed(store) == {images[4]: "Another *patient's*."}


def test_suspect_label_shows_the_images_of_the_breast(store):
    app = show(store, "Suspect labels")
    first = store.manifest().iloc[0]
    table = read_catalogue(store.read_csv_path()).table
    of_breast = (table["patient_id"] == first["patient_id"]) & (table["laterality"] == first["laterality"])
    assert len(app.checkbox) == of_breast.sum() >= 2
    assert app.markdown[0].value.startswith("This breast is labelled negative")


def test_leaks_and_what_was_not_checked_are_sentences(store):
    skipped = SkippedCheck(check="side", reason="No *image* states it.")
    app = show(store, "Leaks", leaks=(Leak(what="the _site_", auc=0.7),), skipped=(skipped,))
    assert plain(app.markdown[0].value) == "- The label can be told by the _site_: AUC 0.70."
    app.segmented_control(key="findings").set_value("Not checked").run()
    assert plain(app.markdown[0].value) == "- side: No *image* states it."


def test_first_kind_shown_is_the_first_with_findings(store):
    app = show(store, duplicates=(), contradictions=())
    assert app.segmented_control(key="findings").value == "Misfiled images"
    app = show(store, duplicates=(), contradictions=(), misfiled=())
    assert app.segmented_control(key="findings").value == "Unusual images"
    only_leaks = {"duplicates": (), "contradictions": (), "misfiled": (), "outliers": (), "suspect_labels": ()}
    app = show(store, **only_leaks, leaks=(Leak(what="the site", auc=0.7),))
    assert app.segmented_control(key="findings").value == "Leaks"
    assert not app.success


def test_whoever_may_not_leave_out_changes_nothing(store, images, monkeypatch):
    def deny(action, name):
        raise AccessError(f"Not allowed: {action}, {name}.")

    monkeypatch.setattr(finding_list, "request", deny)
    app = show(store)
    app.checkbox(key=f"select 0 {images[0]}").check().run()
    app.button(key="leave out").click().run()
    assert [plain(error.value) for error in app.error] == ["Not allowed: leave out images, demo."]
    assert listed(store) == {}


def test_image_that_the_table_lost_is_refused_in_one_sentence(store, images):
    app = show(store, duplicates=(pair(images[0], "gone"),))
    assert "doesn't name this image any more" in " ".join(captions(app))
    app.checkbox(key="select 0 gone").check().run()
    app.button(key="leave out").click().run()
    assert "can't be left out" in plain(app.error[0].value)
    assert listed(store) == {}
