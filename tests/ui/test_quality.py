"""The tab Quality with the real core; no network is run."""

import os
import shutil

import pytest

from builders.app import open_page, plain, show_component, without_error
from builders.doctor import pair, report_on
from builders.links import record_links
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.leave_out import leave_out
from mammo_core.dataset.store import MANIFEST, open_store
from mammo_core.documents.doctor_report import DoctorReport, ModelOverlap
from ui import check_status
from ui.quality import quality_address, show_quality


@pytest.fixture
def links(monkeypatch):
    return record_links(monkeypatch)


def show(store):
    app = show_component(show_quality, read_catalogue(store.read_csv_path()), "demo", "1")
    assert not app.exception
    return app


def texts(app):
    return "\n".join(
        plain(element.value) for element in (*app.markdown, *app.info, *app.caption, *app.warning, *app.success)
    )


def keep(store, report):
    report.write(store.folder / DoctorReport.file_name)


def test_data_that_were_not_imported_lead_to_the_data_page(prepared, store, links):
    catalogue = read_catalogue(store.read_csv_path())
    shutil.rmtree(store.folder)
    app = without_error(show_component(show_quality, catalogue, "demo", "1"))
    assert "aren't imported yet" in app.info[0].value
    assert links == [("Go to Data", {})]


def test_images_that_were_not_checked_can_be(store, links):
    app = without_error(show(store))
    assert "These 73 images aren't checked yet." in texts(app)
    assert "about a minute on two processor cores" in texts(app)
    assert app.button(key="check images").label == "Check the images"


def test_report_is_shown_with_its_kinds(store, links):
    keep(store, report_on(store, compared_with=("else_where",)))
    app = without_error(show(store))
    assert "12 images of 5 patients checked: 1 pair of the same image, 1 contradiction" in texts(app)
    assert "Compared with else_where." in texts(app)
    assert app.button(key="check images").label == "Check again"
    assert app.segmented_control(key="findings").value == "Duplicates"
    assert not app.warning


def test_report_older_than_the_images_says_so(store, links):
    keep(store, report_on(store))
    os.utime(store.folder / DoctorReport.file_name, (1_000_000, 1_000_000))
    app = without_error(show(store))
    assert "imported anew after the check" in app.warning[0].value
    assert "before the last import. 12 images" in texts(app)


def test_damaged_report_is_one_sentence_and_can_be_made_again(store, links):
    (store.folder / DoctorReport.file_name).write_text("{")
    app = show(store)
    assert len(app.error) == 1
    assert DoctorReport.file_name in plain(app.error[0].value)
    assert app.button(key="check images").label == "Check again"
    assert not app.info


def test_report_is_read_again_after_another_check(store, links):
    keep(store, report_on(store))
    assert "1 contradiction," in texts(show(store))
    keep(store, report_on(store, contradictions=()))
    assert "0 contradictions," in texts(show(store))


def test_store_without_images_has_nothing_to_check(store, links):
    store.manifest().iloc[:0].to_parquet(store.folder / MANIFEST, index=False)
    app = without_error(show(store))
    assert "No image was imported" in app.info[0].value
    assert not [button for button in app.button if button.key == "check images"]


def test_damaged_manifest_is_one_sentence(store, links):
    (store.folder / MANIFEST).write_bytes(b"damaged")
    app = show(store)
    assert len(app.error) == 1
    assert MANIFEST in plain(app.error[0].value)


def test_check_without_findings_says_so(store, links):
    keep(store, DoctorReport(store="demo", checked=73, patients=16))
    app = without_error(show(store))
    assert app.success[0].value == "Nothing to report: no check that could be made has a finding."
    assert "Everything could be checked." in texts(app)


def test_address_leads_the_page_to_the_check(prepared, store):
    keep(store, report_on(store))
    leave_out(store.data_root, store.source(), {str(store.manifest()["image_id"].iloc[0]): "twice"})
    assert quality_address(store) == {"dataset": "demo", "tab": "Quality", "prepared": "demo"}
    app = without_error(open_page("explore", quality_address(store)))
    assert [expander.label for expander in app.expander if "list" in expander.label] == ["Leave-out list (1)"]
    assert app.selectbox(key="prepared").value == "demo"
    assert len(app.get("image")) == 2


def test_unlabelled_data_without_optional_columns_are_shown(prepared, store):
    csv = store.read_csv_path()
    table = read_catalogue(csv).table
    table[["patient_id", "image_id", "laterality", "view"]].to_csv(csv, index=False)
    keep(store, report_on(store))
    pictures = {
        "Duplicates": 2,
        "Contradictions": 1,
        "Misfiled images": 3,
        "Unusual images": 1,
        "Leaks": 0,
        "Not checked": 0,
    }
    for kind, number in pictures.items():
        app = without_error(open_page("explore", {**quality_address(store), "findings": kind}))
        assert app.segmented_control(key="findings").value == kind
        assert len(app.get("image")) == number


def test_start_of_a_check_is_requested(store, links, monkeypatch):
    jobs = []
    monkeypatch.setattr(check_status, "launch", lambda job, workspace: jobs.append(job))
    show(store).button(key="check images").click().run()
    assert [job.store for job in jobs] == ["demo"]


def test_models_for_the_same_images_can_be_compared(finished, links, monkeypatch):
    store = open_store(finished, "demo")
    known = ModelOverlap(model="trained", identity="0", named=40, copies=1)
    keep(store, report_on(store, models=(known,)))
    jobs = []
    monkeypatch.setattr(check_status, "launch", lambda job, workspace: jobs.append(job))
    app = without_error(show(store))
    assert "40 images here are of patients whom trained was trained on, and 1 other image shows an exposure" in texts(
        app
    )
    choice = app.multiselect(key="models demo")
    assert choice.options == ["trained"]  # not the demo, which is for larger images
    choice.set_value(["trained"])
    app.button(key="check images").click().run()
    assert [job.models for job in jobs] == [("trained",)]


def test_copy_in_the_training_data_is_shown_beside_the_image(store, links):
    images = store.manifest()["image_id"].astype(str).tolist()
    copied = pair(
        images[0], images[1], relation="training data", store="demo", model="mine", reason="mine was fitted to it."
    )
    keep(store, report_on(store, duplicates=(copied,)))
    app = without_error(show(store))
    assert "mine was fitted to it." in texts(app)
    assert len(app.get("image")) == 2
    assert "in demo" in texts(app)
