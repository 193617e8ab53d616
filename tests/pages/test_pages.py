"""Every page is rendered by Streamlit's AppTest with the real core, on nothing, and on a finished line."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import streamlit as st
from starlette.formparsers import MultiPartParser

from builders.app import open_page, plain, show_component, visit_pages
from builders.waiting import wait_until
from mammo_core.dataset.library import list_datasets
from mammo_core.documents.job import FINAL
from mammo_core.jobs.demo import DemoJob
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.runs import active_jobs
from mammo_core.models.registry import activate
from mammo_core.storage import atomic
from ui import import_dialog

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("[!_]*.py"))


@pytest.mark.parametrize("folders", ["workspace", "viewed"])  # without data, and with data and a model
@pytest.mark.parametrize("page", PAGES)
def test_page_with_and_without_data_shows_no_error(page, folders, request):
    request.getfixturevalue(folders)
    app = open_page(page)
    assert not app.exception
    assert not app.error
    assert app.title


def test_explore_page_csv_without_required_columns_shows_one_error(workspace):
    folder = workspace.data / "broken"
    folder.mkdir(parents=True)
    (folder / "train.csv").write_text("patient_id,image_id\n1,2\n")
    app = open_page("explore")
    assert [plain(error.value) for error in app.error] == [
        "train.csv lacks the columns laterality, view; patient_id, image_id, laterality, view are required."
    ]


def test_predict_page_changed_weights_shows_error(finished):
    with (finished.models / "trained" / "model.keras").open("ab") as stream:
        stream.write(b"x")
    app = open_page("predict")
    app.selectbox(key="model").select("trained").run()
    assert not app.exception
    assert "model.keras was changed after training" in app.error[0].value


def test_damaged_files_take_no_page_down_and_are_shown_where_they_belong(finished):
    """One visit of all pages, each damage in another part."""
    activate(finished, "trained")
    run = finished.models / "trained"
    with (run / "contract.json").open("ab") as stream:
        stream.write(b" ")
    (run / "metrics.jsonl").write_text("no JSON\n")
    (run / "verification.json").write_text("no JSON\n")
    (finished.prepared / "demo" / "state.json").write_text("{")
    making = JobFolder(finished.data / "making")
    making.write_request(DemoJob(out=Path("making")))
    (making.path / "state.json").write_text("[]")
    errors, warnings, texts = {}, {}, {}
    for page, app in visit_pages(PAGES):
        assert not app.exception, page
        errors[page], warnings[page], texts[page] = (
            [plain(element.value) for element in app.get(kind)] for kind in ("error", "warning", "markdown")
        )
    changed = "contract.json was changed after training"
    assert [text for page in ("explore", "exams", "data") for text in errors[page]] == []
    assert [changed in text for page in ("overview", "models", "predict") for text in errors[page]] == [True] * 3
    names = ("metrics.jsonl", "verification.json")
    assert [[name in text for text in errors["train"]].count(True) for name in names] == [1, 1]
    assert any(changed in text for text in errors["train"])
    unreadable = [text.partition(" is not readable. ")[0] for text in warnings["overview"]]
    assert unreadable == ["**making**", "**demo**"]
    badges = [text for text in texts["data"] if "unreadable]" in text]
    assert len(badges) == 2
    assert all("state.json" in text for text in badges)


def test_files_where_folders_are_needed_take_no_page_down(workspace):
    workspace.models.mkdir(parents=True, exist_ok=True)
    workspace.data.mkdir(parents=True, exist_ok=True)
    for path in (workspace.models / "run", workspace.data / "set", workspace.prepared):
        path.write_bytes(b"")
    for _, app in visit_pages(["overview", "data", "train", "models"]):
        assert not app.exception
        assert not app.error


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_disk_that_refuses_writes_shows_its_data_and_one_sentence_for_an_import(prepared, monkeypatch, number):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number), "/secret/name")

    monkeypatch.setattr(atomic.Path, "touch", fail)
    monkeypatch.setattr(os, "mkdir", fail)
    for _, app in visit_pages(["overview", "data"]):
        assert not app.exception
        assert not app.error
    assert any("**demo**" in text.value for text in app.markdown)
    app = show_component(import_dialog.start_import, *list_datasets(prepared), "256", "", None)
    assert not app.exception
    (error,) = app.error
    assert "secret" not in error.value
    assert error.value.endswith(".")


def test_unreadable_run_and_damaged_active_json_take_no_page_down(finished):
    (finished.models / "trained" / "state.json").write_text("{")
    (finished.models / "active.json").write_text("{")
    for page, app in visit_pages(PAGES):
        assert not app.exception, page
        assert page != "models" or ["active.json" in error.value for error in app.error] == [True]
        assert page != "overview" or any("**trained** is not readable." in text.value for text in app.warning)


def test_predict_page_non_dicom_file_shows_error_beside_valid_file(viewed):
    app = open_page("predict")
    files = sorted((viewed.data / "demo" / "train_images").glob("*/*.dcm"))
    app.file_uploader(key="files").set_value(
        [("notes.txt", b"hello", "text/plain"), (files[0].name, files[0].read_bytes(), "application/dicom")]
    ).run()
    assert not app.exception
    assert [error.value for error in app.error if "notes.txt" in error.value]
    assert "isn't a DICOM file" in app.error[0].value


@pytest.mark.slow
def test_train_button_starts_one_background_run(prepared):
    app = open_page("train")
    app.button(key="Train").click().run()
    assert not app.exception
    (run,) = active_jobs(prepared)
    run.request_stop()
    assert app.selectbox(key="run").value == run.name
    wait_until(lambda: run.state() in FINAL, 120)
    assert run.state() == "stopped"


def test_upload_is_never_spooled_to_disk(workspace):
    open_page("predict")
    limit = st.get_option("server.maxUploadSize") * 2**20
    assert MultiPartParser.spool_max_size >= limit >= 100 * 2**20


@pytest.mark.parametrize("page", PAGES)
def test_fragments_of_a_page_show_errors_themselves_and_end_with_the_session(page):
    lines = (ROOT / "pages" / f"{page}.py").read_text().splitlines()
    after = [lines[number + 1] for number, line in enumerate(lines) if line.startswith("@st.fragment")]
    assert set(after) <= {"@errors_shown_here()"}


LIGHT = """
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=180).run()
for page in ("explore", "data", "train", "models", "overview"):
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception, page
import mammo_core.cli
print([name for name in ("tensorflow", "keras") if name in sys.modules])
"""


@pytest.mark.slow
def test_pages_without_prediction_do_not_import_tensorflow(prepared):
    done = subprocess.run([sys.executable, "-c", LIGHT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"
