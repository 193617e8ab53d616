from contextlib import nullcontext

import numpy as np
import pytest

from builders.doctor import pool_features, report
from builders.stores import copy_store
from mammo_core.dataset.store import open_store
from mammo_core.doctor import diagnosis
from mammo_core.documents.doctor_report import DoctorReport
from mammo_core.errors import ConfigError, DataError, ModelNotFound
from mammo_core.jobs import doctor
from mammo_core.jobs.doctor import STOPPED, DoctorJob, check_job, last_request
from mammo_core.jobs.folder import SPEC, JobFolder
from mammo_core.jobs.process import run_in_process
from mammo_core.jobs.specs import read_spec


@pytest.fixture
def network(monkeypatch):
    """Compute the features without TensorFlow."""
    monkeypatch.setattr(doctor, "_open_network", lambda store: nullcontext(pool_features))


def test_the_report_is_kept_in_the_store(prepared, network):
    job = DoctorJob(store="demo")
    store = open_store(prepared, "demo")
    path = store.folder / DoctorReport.file_name
    assert not path.exists()
    outcome = run_in_process(job, prepared)
    assert outcome.document == DoctorReport.read(path)
    assert outcome.message.startswith("73 images of 16 patients checked")
    assert read_spec(JobFolder(job.folder(prepared))) == job
    assert [folder.name for folder in prepared.prepared.iterdir() if not folder.name.startswith(".")] == ["demo"]


def test_a_stopped_check_leaves_the_earlier_report(prepared, monkeypatch):
    store = open_store(prepared, "demo")
    report().write(store.folder / DoctorReport.file_name)
    monkeypatch.setattr(diagnosis, "diagnose", lambda *_: None)
    assert run_in_process(DoctorJob(store="demo"), prepared).message == STOPPED
    assert DoctorReport.read(store.folder / DoctorReport.file_name) == report()


def test_impossible_checks_are_refused_before_they_begin(prepared):
    with pytest.raises(DataError, match="no prepared store"):
        DoctorJob(store="nowhere").prepare(prepared)
    with pytest.raises(DataError, match="no prepared store"):
        DoctorJob(store="demo", others=("nowhere",)).prepare(prepared)
    with pytest.raises(ConfigError, match="with itself"):
        DoctorJob(store="demo", others=("demo",)).prepare(prepared)


def test_last_request_names_what_was_compared(prepared):
    job = check_job(prepared, "demo")
    assert not job.exists
    assert last_request(job) is None
    job.write_request(DoctorJob(store="demo", others=("a", "b"), models=("mine",)))
    assert last_request(check_job(prepared, "demo")) == DoctorJob(store="demo", others=("a", "b"), models=("mine",))
    (job.path / SPEC).write_text("{")
    assert last_request(job) is None


@pytest.mark.slow
def test_the_shipped_network_gives_the_features(prepared):
    store = open_store(prepared, "demo")
    images = store.images(store.manifest()["png"].tolist()[:2])
    with doctor._open_network(store) as network:
        features = network(images)
    assert features["means"].shape == (2, 472)
    assert features["suspicious"].shape == (2, 473)
    assert np.isfinite(features["lesion_contrast"]).all()


def test_a_model_for_images_of_another_size_is_refused(finished):
    copy_store(finished, open_store(finished, "demo"), "demo", "larger", size=128)
    with pytest.raises(ConfigError, match="Import the data again with --size 64"):
        DoctorJob(store="larger", models=("trained",)).prepare(finished)
    with pytest.raises(ModelNotFound):
        DoctorJob(store="demo", models=("nothing",)).prepare(finished)


def test_what_a_model_was_trained_on_is_in_the_report(finished, network):
    report = run_in_process(DoctorJob(store="demo", models=("trained",)), finished).document
    assert [overlap.model for overlap in report.models] == ["trained"]
    assert report.models[0].named > 0
