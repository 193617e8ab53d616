"""The Data page with the real core; tests/ui has its data sets and stores one by one."""

import pytest
from streamlit.testing.v1 import AppTest

from builders.app import open_page, show_component
from builders.waiting import wait_until
from mammo_core.dataset.library import link_dataset, list_datasets
from mammo_core.dataset.store import open_store
from mammo_core.documents.job import FINAL
from mammo_core.jobs.demo import DemoJob
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.importing import ImportJob
from ui import demo_dialog, import_dialog


def show() -> AppTest:
    app = open_page("data")
    assert not app.exception
    return app


@pytest.mark.slow
def test_import_of_a_rectangular_size(workspace, phantoms):
    link_dataset(workspace, "demo", phantoms / "train.csv")
    app = show()
    app.button(key="import demo").click().run()
    assert app.button(key="import now")  # in its dialog, of which AppTest knows no run alone
    app = show_component(import_dialog.show_choices, *list_datasets(workspace))
    app.selectbox(key="import size").set_value("512x320").run()
    app.button(key="import now").click().run()
    assert not app.exception
    store = open_store(workspace, "demo")
    assert store.preprocessing.shape == (512, 320)
    wait_until(lambda: JobFolder(store.folder).state() in FINAL, 120)
    assert any("512 × 320 pixels" in text.value for text in show().markdown)


def test_running_import_disables_the_import_and_retry_buttons(prepared):
    job = JobFolder(open_store(prepared, "demo").folder)
    job.write_request(job.spec(ImportJob))
    app = show()
    assert app.button(key="import demo").disabled
    assert not [button for button in app.button if button.key == "retry demo"]


def test_resume_import_invalid_csv_shows_error_and_rest_of_page(prepared):
    JobFolder(open_store(prepared, "demo").folder).write_state("stopped", "Stopped.")
    app = show()
    (prepared.data / "demo" / "train.csv").write_text("patient_id\n1\n")
    app.button(key="resume demo").click().run()
    assert "lacks the columns" in app.error[0].value
    assert app.button(key="link")
    assert not app.exception


@pytest.mark.slow
def test_create_demo_data_starts_a_job(workspace):
    app = show()
    app.button(key="create demo").click().run()
    assert app.button(key="create demo now")  # likewise
    app = show_component(demo_dialog.show_choices)
    app.text_input(key="demo name").input("small")
    app.slider(key="demo patients").set_value(10)
    app.button(key="create demo now").click().run()
    assert not app.exception
    job = JobFolder(workspace.data / "small")
    assert job.spec(DemoJob).patients == 10
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
