"""Prepared stores; imports that a button starts run in this process."""

import shutil

import pytest

from builders.app import plain, show_component
from builders.doctor import report_on
from builders.jobs import launch_in_process
from builders.links import Link, record_links
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.leave_out import leave_out
from mammo_core.dataset.store import Store, open_store
from mammo_core.documents.doctor_report import DoctorReport
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.importing import ImportJob
from mammo_core.storage.json_files import append_json_line
from ui import store_cards


@pytest.fixture(autouse=True)
def links(monkeypatch) -> list[Link]:
    """Return the links that are shown from now on."""
    return record_links(monkeypatch)


@pytest.fixture
def store(prepared, monkeypatch) -> Store:
    monkeypatch.setattr(store_cards, "launch", launch_in_process)
    return open_store(prepared, "demo")


def show(store: Store):
    app = show_component(store_cards.show_store, store, read_catalogue(store.read_csv_path()))
    assert not app.exception
    return app


def test_show_store_states_size_contents_and_outcome(store, links):
    app = show(store)
    contents, outcome = plain(app.markdown[0].value).split("  \n")
    positives = int(store.manifest()["label"].sum())
    assert contents.startswith(":material/photo_library: **demo** · 64 × 64 pixels · ")
    assert f" {positives:,} positive · " in contents
    assert outcome.endswith(
        f"{len(store.manifest())} of {len(store.manifest()) + 3} images imported, 3 could not be read.]"
    )
    assert [expander.label for expander in app.expander] == ["Quarantine (3)"]
    patients = read_catalogue(store.read_csv_path()).table.set_index("image_id")["patient_id"]
    assert links == [
        ("Train", {"store": "demo"}),
        ("Quality", {"dataset": "demo", "tab": "Quality", "prepared": "demo"}),
        ("Open in Exams", {"dataset": "demo", "patient": patients[store.quarantine()["image_id"].iloc[0]]}),
    ]


def test_card_says_what_the_check_reports_and_how_much_is_left_out(store):
    assert "Not checked yet · no image left out" in [plain(caption.value) for caption in show(store).caption]
    report_on(store).write(store.folder / DoctorReport.file_name)
    leave_out(store.data_root, store.source(), {"7": "blank", "8": "blank"})
    line = plain(next(caption.value for caption in show(store).caption if "Checked" in caption.value))
    assert line.endswith(" UTC: 5 findings · 2 images left out")


def test_damaged_report_leaves_the_rest_of_the_card(store, links):
    (store.folder / DoctorReport.file_name).write_text("{")
    app = show(store)
    assert len(app.error) == 1
    assert ("Quality", {"dataset": "demo", "tab": "Quality", "prepared": "demo"}) in links
    assert [expander.label for expander in app.expander] == ["Quarantine (3)"]


def test_quarantine_table_lists_reason_and_detail_first(store):
    app = show(store)
    table = app.dataframe[0].value
    assert list(table.columns) == ["reason", "detail", "image_id", "file"]
    assert set(table["reason"]) == {"missing", "damaged", "blank"}
    sentence = next(caption.value for caption in app.caption if "could not be imported" in caption.value)
    assert sentence.startswith(f"{len(table)} images could not be imported; the others are unaffected.")
    assert sentence.endswith("Demo data has a few missing and damaged files on purpose.")
    assert [button.key for button in app.download_button] == ["quarantine csv demo"]


def test_retry_imports_a_repaired_file(store):
    reasons = store.quarantine().set_index("reason")["image_id"]
    images = store.read_csv_path().parent / "train_images"
    damaged = next(images.rglob(f"{reasons['damaged']}.dcm"))
    sound = next(images.rglob(f"{store.manifest()['image_id'].iloc[0]}.dcm"))
    shutil.copyfile(sound, damaged)
    show(store).button(key="retry demo").click().run()
    assert JobFolder(store.folder).state() == "finished"
    left = set(store.quarantine()["image_id"])
    assert reasons["damaged"] not in left
    assert reasons["missing"] in left


def test_store_of_an_earlier_version_says_so_and_is_imported_again(store):
    manifest = store.manifest()
    manifest.drop(columns="kind_checked").to_parquet(store.folder / "manifest.parquet", index=False)
    JobFolder(store.folder).write_state("finished", "Done.")
    app = show(store)
    assert ["An earlier version imported these images" in warning.value for warning in app.warning] == [True]
    app.button(key="check demo").click().run()
    assert JobFolder(store.folder).state() == "finished"
    assert store.manifest()["kind_checked"].all()
    assert not show(store).warning


def test_stopped_import_can_be_resumed(store):
    JobFolder(store.folder).write_state("stopped", "Stopped.")
    show(store).button(key="resume demo").click().run()
    assert JobFolder(store.folder).state() == "finished"
    assert not [button for button in show(store).button if button.key == "resume demo"]


def test_resume_of_an_import_whose_csv_is_damaged_shows_an_error(store):
    JobFolder(store.folder).write_state("stopped", "Stopped.")
    app = show(store)
    store.read_csv_path().write_text("patient_id\n1\n")
    app.button(key="resume demo").click().run()
    assert not app.exception
    assert ["lacks the columns" in error.value for error in app.error] == [True]


def test_running_import_shows_progress_and_its_quarantine_and_can_be_stopped(store):
    job = JobFolder(store.folder)
    append_json_line(
        store.folder / "carried_over.jsonl",
        {"image_id": "1", "file": None, "reason": "blank", "detail": "New.", "version": []},
    )
    job.write_request(job.spec(ImportJob))
    app = show(store)
    assert len(app.get("progress")) == 1
    assert [button.key for button in app.button] == [f"stop {job.path}"]
    assert "New." in app.dataframe[0].value["detail"].tolist()
    app.button[0].click().run()
    assert job.stop_requested()
    assert app.button[0].label == "Stop now"
