"""The data page with the real core: linking, importing, resuming, and retrying the quarantine."""

import shutil
from pathlib import Path

from streamlit.testing.v1 import AppTest

from builders.app import open_page
from builders.waiting import wait_until
from mammo_core.dataset.library import link_dataset, list_datasets
from mammo_core.dataset.store import open_store
from mammo_core.documents.job import FINAL
from mammo_core.jobs.demo import DemoJob
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.importing import ImportJob
from mammo_core.storage.json_files import append_json_line


def show() -> AppTest:
    app = open_page("data")
    assert not app.exception
    return app


def test_link_folder_is_checked_before_linking(workspace, phantoms):
    app = show()
    app.text_input(key="link path").input(str(workspace.data.parent)).run()
    assert "holds no train.csv" in app.error[0].value
    app.text_input(key="link path").input(str(phantoms)).run()
    contents = app.table[0].value.set_index("item")["value"]
    assert contents["patients"] == "16"
    assert contents["missing files"] == "1"
    assert list_datasets(workspace) == []
    app.text_input(key="link name").input("elsewhere").run()
    next(button for button in app.button if button.label == "Link").click().run()
    assert not app.exception
    assert [dataset.name for dataset in list_datasets(workspace)] == ["elsewhere"]


def test_store_sizes_and_states_are_shown(finished):
    app = show()
    manifest = open_store(finished, "demo").manifest()
    positives = int(manifest["label"].sum())
    assert any(f"{positives:,} positive · " in text.value and " MB" in text.value for text in app.markdown)
    files = sum(path.stat().st_size for path in (finished.data / "demo" / "train_images").rglob("*.dcm"))
    assert any(f"{files / 1e6:,.1f} MB" in text.value and "patients" in text.value for text in app.markdown)
    assert any("finished" in text.value and "quarantined" in text.value for text in app.markdown)


def test_retry_quarantine_imports_repaired_file(finished):
    store = open_store(finished, "demo")
    reasons = store.quarantine().set_index("reason")["image_id"]
    images = finished.data / "demo" / "train_images"
    file = next(images.rglob(f"{reasons['damaged']}.dcm"))
    sound = next(images.rglob(f"{store.manifest()['image_id'].iloc[0]}.dcm"))
    shutil.copyfile(sound, file)
    app = show()
    app.button(key="retry demo").click().run()
    assert not app.exception
    wait_until(lambda: JobFolder(store.folder).state() in FINAL, 120)
    assert JobFolder(store.folder).state() == "finished"
    left = set(open_store(finished, "demo").quarantine()["image_id"])
    assert reasons["damaged"] not in left
    assert reasons["missing"] in left


def test_import_of_a_rectangular_size(workspace, phantoms):
    link_dataset(workspace, "demo", phantoms / "train.csv")
    app = show()
    app.selectbox(key="image size demo").set_value("512x320").run()
    app.button(key="import demo").click().run()
    assert not app.exception
    store = open_store(workspace, "demo")
    assert store.preprocessing.shape == (512, 320)
    wait_until(lambda: JobFolder(store.folder).state() in FINAL, 120)
    assert any("512 × 320 pixels" in text.value for text in show().markdown)


def test_quarantine_table_lists_reason_and_detail_first(finished):
    app = show()
    (table,) = (shown.value for shown in app.dataframe if "reason" in shown.value)
    assert list(table.columns) == ["reason", "detail", "image_id", "file"]
    assert set(table["reason"]) == {"missing", "damaged", "blank"}


def test_running_import_disables_import_button_and_shows_quarantine(finished):
    store = open_store(finished, "demo")
    job = JobFolder(store.folder)
    append_json_line(
        store.folder / "carried_over.jsonl",
        {"image_id": "1", "file": None, "reason": "blank", "detail": "New.", "version": []},
    )
    job.write_request(job.spec(ImportJob))
    app = show()
    assert app.button(key="import demo").disabled
    assert not [button for button in app.button if button.key == "retry demo"]
    assert any("New." in shown.value["detail"].tolist() for shown in app.dataframe if "reason" in shown.value)
    app.button(key=f"stop {job.path}").click().run()
    assert job.stop_requested()
    assert app.button(key=f"stop {job.path}").label == "Stop now"
    assert not app.exception


def test_resume_import_invalid_csv_shows_error_and_rest_of_page(finished):
    store = open_store(finished, "demo")
    job = JobFolder(store.folder)
    job.write_state("stopped", "Stopped.")
    app = show()
    (finished.data / "demo" / "train.csv").write_text("patient_id\n1\n")
    app.button(key="resume demo").click().run()
    assert "lacks the columns" in app.error[0].value
    assert "Imported data" in [header.value for header in app.subheader]
    assert not app.exception


def test_stopped_import_can_be_resumed(finished):
    store = open_store(finished, "demo")
    JobFolder(store.folder).write_state("stopped", "Stopped.")
    app = show()
    app.button(key="resume demo").click().run()
    assert not app.exception
    wait_until(lambda: JobFolder(store.folder).state() in FINAL, 120)
    assert JobFolder(store.folder).state() == "finished"


def test_create_demo_data_starts_a_job_and_refuses_a_name_in_use(workspace):
    (workspace.data / "taken").mkdir(parents=True)
    app = show()
    name = next(field for field in app.text_input if field.label == "Name")
    create = next(button for button in app.button if button.label == "Create")
    name.input("taken")
    create.click().run()
    assert "There is already a data set 'taken'" in app.error[0].value
    outside = workspace.models / "outside"
    next(field for field in app.text_input if field.label == "Name").input(str(outside))
    next(button for button in app.button if button.label == "Create").click().run()
    assert "name" in app.error[0].value
    assert not outside.exists()
    next(field for field in app.text_input if field.label == "Name").input("small")
    next(slider for slider in app.slider if slider.label == "Patients").set_value(10)
    next(slider for slider in app.slider if slider.label == "Positive patients").set_value(0.25)
    next(button for button in app.button if button.label == "Create").click().run()
    assert not app.exception
    job = JobFolder(workspace.data / "small")
    spec = job.spec(DemoJob)
    assert (spec.out, spec.patients, spec.prevalence) == (Path("small"), 10, 0.25)
    job.request_stop()
    wait_until(lambda: job.state() in FINAL)


def test_damaged_link_is_shown_beside_the_other_data_sets(workspace, phantoms):
    link_dataset(workspace, "good", phantoms)
    link_dataset(workspace, "bad", phantoms)
    (workspace.data / "bad" / "linked.json").write_text("{}")
    app = show()
    assert any("**good**" in text.value and "not readable" not in text.value for text in app.markdown)
    assert any("**bad** :red-badge[not readable]" in text.value for text in app.markdown)
    assert ["linked.json" in error.value for error in app.error] == [True]
