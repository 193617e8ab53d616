"""What a file says of a person is looked for wherever the application writes or shows something."""

import io
import logging
import tempfile
import zipfile
from contextlib import nullcontext

import pandas as pd
import pytest

from builders.app import open_page
from builders.archives import zipped
from builders.doctor import pool_features
from builders.sentinels import SENTINEL, files_with_sentinels, sentinel_file, sentinels_in
from mammo_core import cli
from mammo_core.dataset.store import open_store
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.errors import DataError, StorageError
from mammo_core.jobs import doctor
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.importing import import_job
from mammo_core.jobs.process import run_in_process
from mammo_core.models.bundle import open_bundle
from mammo_core.prediction.exports import dicom_archive, png_archive
from mammo_core.prediction.files import InputFile
from mammo_core.prediction.predict import predict_exams
from mammo_core.prediction.predictor import Predictor


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Return the folder of all temporary files from now on, those of other processes too."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def test_sentinel_is_found_where_there_is_one(tmp_path):
    (tmp_path / "file").write_bytes(sentinel_file())
    pd.DataFrame({"name": [SENTINEL.upper()]}).to_parquet(tmp_path / "table.parquet")
    assert sorted(files_with_sentinels([tmp_path])) == [str(tmp_path / "file"), str(tmp_path / "table.parquet")]


@pytest.mark.slow
def test_import_leaves_no_word_of_a_file_in_store_log_or_temporary_files(workspace, tmp_path, temporary, capfd, caplog):
    source = tmp_path / "source"
    (source / "train_images" / "7").mkdir(parents=True)
    damaged = sentinel_file(2)[:-5000]
    for image, data in (("70", sentinel_file(1)), ("71", damaged), ("72", b"no DICOM " + SENTINEL.encode())):
        (source / "train_images" / "7" / f"{image}.dcm").write_bytes(data)
    table = pd.DataFrame({"patient_id": 7, "image_id": [70, 71, 72], "laterality": "L", "view": "CC", "cancer": 0})
    table.to_csv(source / "train.csv", index=False)
    with caplog.at_level(logging.DEBUG):
        outcome = run_in_process(import_job(workspace, str(source), "demo", 64), workspace)
    assert (outcome.document.prepared, outcome.document.quarantined) == (1, 2)
    assert len(open_store(workspace, "demo").manifest()) == 1
    assert list(files_with_sentinels([workspace.data, temporary])) == []
    assert sentinels_in("".join((*capfd.readouterr(), caplog.text, str(outcome.document.to_json())))) == []


@pytest.fixture
def named_patient(workspace, tmp_path):
    """A folder in the RSNA layout whose patient is called as the sentinel; it is imported as demo."""
    source = tmp_path / "source"
    (source / "train_images" / SENTINEL).mkdir(parents=True)
    for image in (70, 71):
        (source / "train_images" / SENTINEL / f"{image}.dcm").write_bytes(sentinel_file(image))
    table = pd.DataFrame(
        {"patient_id": SENTINEL, "image_id": [70, 71], "laterality": ["L", "R"], "view": "CC", "cancer": 0}
    )
    table.to_csv(source / "train.csv", index=False)
    run_in_process(import_job(workspace, str(source), "demo", 64), workspace)
    return source


def words_of(folder):
    """Return what the files of a job in a folder say, but for its results."""
    names = ("work.log", "state.json", "progress.json")
    return "".join(path.read_text() for path in folder.rglob("*") if path.name in names)


def test_check_of_a_missing_image_names_no_patient(named_patient, workspace, monkeypatch, capfd):
    monkeypatch.setattr(doctor, "_open_network", lambda store: nullcontext(pool_features))
    store = open_store(workspace, "demo")
    (store.folder / store.manifest()["png"].iloc[0]).unlink()
    with pytest.raises(DataError, match=r"The PNG of image 7[01] of the store demo") as caught:
        run_in_process(doctor.DoctorJob(store="demo"), workspace)
    folder = doctor.check_job(workspace, "demo").path
    assert "The PNG of image" in words_of(folder)
    assert sentinels_in(words_of(folder) + str(caught.value) + "".join(capfd.readouterr())) == []


def test_defect_in_a_job_that_quotes_a_name_logs_where_it_is(named_patient, workspace, monkeypatch, capfd):
    def quote(job, context):
        raise ValueError(f"invalid literal: {SENTINEL}")

    monkeypatch.setattr(doctor.DoctorJob, "run", quote)
    folder = doctor.check_job(workspace, "demo")
    folder.write_request(doctor.DoctorJob(store="demo"))
    with pytest.raises(SystemExit):
        cli.hidden.job(folder.path)
    log = "".join(capfd.readouterr())
    assert "in quote" in log
    assert log.endswith("ValueError\n")
    assert sentinels_in(words_of(folder.path) + log) == []


def test_job_whose_file_the_system_refuses_names_no_patient(named_patient, workspace, monkeypatch, capfd):
    store = open_store(workspace, "demo")
    png = store.folder / store.manifest()["png"].iloc[0]
    png.unlink()
    png.mkdir()
    job = import_job(workspace, str(named_patient), "demo", 64)
    folder = JobFolder(job.folder(workspace))
    folder.write_request(job)
    with pytest.raises(StorageError):
        cli.hidden.job(folder.path)
    log = "".join(capfd.readouterr())
    assert "in write_bytes" in log or "in atomic_path" in log or "in read_entry" in log
    assert sentinels_in(words_of(folder.path) + log) == []


def test_prediction_and_exports_leave_no_word_of_a_file_in_log_exports_or_temporary_files(
    viewed, temporary, capfd, caplog
):
    bundle = open_bundle(viewed.models / "trained")
    upload = zipped({f"{SENTINEL}/1.dcm": sentinel_file(1), f"{SENTINEL}/2.dcm": sentinel_file(2), "3": b"no DICOM"})
    with Sandbox(1) as sandbox, caplog.at_level(logging.DEBUG):
        files = [InputFile("upload.zip", upload, "key")]
        report = predict_exams(viewed, files, Predictor(bundle), sandbox)
        assert len(report.predictions) == 2
        without = dicom_archive(viewed, report, bundle, sandbox, opacity=0.5, keep_identifiers=False)
        kept = dicom_archive(viewed, report, bundle, sandbox, opacity=0.5, keep_identifiers=True)
        pictures = png_archive(report, 0.5)
    assert sentinels_in("".join((*capfd.readouterr(), caplog.text))) == []
    assert list(files_with_sentinels([temporary])) == []
    assert sentinels_in(report.to_csv()) == []
    for export in (without, pictures):
        with zipfile.ZipFile(io.BytesIO(export)) as archive:
            assert archive.namelist()
            assert [name for name in archive.namelist() if sentinels_in(name) or sentinels_in(archive.read(name))] == []
    with zipfile.ZipFile(io.BytesIO(kept)) as archive:  # the choice of the person who has the file
        assert sentinels_in(archive.read(archive.namelist()[0]))


def test_page_shows_no_word_of_a_file(viewed, temporary, capfd, caplog):
    app = open_page("predict")
    uploads = [
        ("1.dcm", sentinel_file(1), "application/dicom"),
        ("2.dcm", sentinel_file(2)[:-5000], "application/dicom"),
    ]
    app.file_uploader(key="files").set_value(uploads).run()
    assert not app.exception
    assert len(app.metric) > 0
    assert sentinels_in(str(app.main) + str(app.sidebar)) == []
    assert sentinels_in("".join((*capfd.readouterr(), caplog.text))) == []
    assert list(files_with_sentinels([temporary])) == []
