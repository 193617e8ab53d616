import pickle
from contextlib import nullcontext

import pytest

from builders.dask import dask_client
from builders.phantom_files import input_files, letter
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dicom.pseudonyms import installation_secret
from mammo_core.dicom.sandbox import CRASHED
from mammo_core.documents.progress import Progress
from mammo_core.jobs import cluster as job_cluster
from mammo_core.jobs.cluster import DaskPool
from mammo_core.prediction import cluster
from mammo_core.prediction.cluster import BatchTask, ClusterPredictor, predict_batch
from mammo_core.prediction.files import InputFile
from mammo_core.prediction.predict import predict_exams
from mammo_core.settings import as_environment


@pytest.fixture(scope="module")
def pool():
    with dask_client() as client:
        yield DaskPool(client)


def test_predict_exams_on_a_cluster_equals_local_prediction(finished, pool, trained, sandbox, monkeypatch):
    monkeypatch.setattr(job_cluster, "BATCH_ROWS", 3)
    table = read_catalogue(finished.data / "demo").table.dropna(subset=["file"]).head(10)
    files, progress = [*input_files(table), letter()], []
    on_cluster = ClusterPredictor(trained.bundle, pool, progress.append)
    local, remote = (predict_exams(finished, files, predictor, sandbox) for predictor in (trained, on_cluster))
    expected, result = local.to_document().to_json(), remote.to_document().to_json()
    assert result["images"] == [
        {**one, "probability": one["probability"] and pytest.approx(one["probability"], abs=1e-6)}
        for one in expected["images"]
    ]
    assert len(result["breasts"]) == len(expected["breasts"]) > 0
    assert all(image.cam is None for image in remote.predictions)
    assert remote.images[-1].error
    assert progress[-1] == Progress(done=11, total=11, unit="files")


class CrashingPool:
    """A pool whose workers die at one of the files."""

    def map_batches(self, task, rows, should_stop):
        yield [rows[1]], None
        yield [rows[0]], task([rows[0]])


def test_file_that_crashes_its_worker_is_reported_at_its_own_index(trained, sandbox, finished, monkeypatch):
    for name, value in as_environment().items():
        monkeypatch.setenv(name, value)
    files = [letter(), InputFile("poison", b"", "poison")]
    predictor = ClusterPredictor(trained.bundle, CrashingPool())
    letter_result, poison = predictor.predict_files(finished, files, sandbox)
    assert (letter_result.file, poison.file, poison.error) == ("letter.txt", "poison", CRASHED)
    assert letter_result.error != CRASHED


def test_predict_batch_applies_the_callers_time_limit_to_each_file(trained, finished, monkeypatch):
    for name, value in as_environment().items():
        monkeypatch.setenv(name, value)  # what the worker takes over is undone at the end
    limits = []
    monkeypatch.setattr(cluster, "hard_timeout", lambda seconds: limits.append(seconds) or nullcontext())
    environment = as_environment() | {"MAMMO_DECODE_SECONDS": "7.0"}
    task = BatchTask(trained.bundle.folder, trained.bundle.identity, {}, environment, finished)
    predict_batch(task, [(0, InputFile("a", b"no image", "a")), (1, InputFile("b", b"none", "b"))])
    assert limits == [7.0, 7.0]


class RecordingPool:
    """A pool that keeps the task as it would travel to a worker, and runs it here."""

    def map_batches(self, task, rows, should_stop):
        self.task = pickle.dumps(task)
        yield rows, pickle.loads(self.task)(rows)


def test_task_for_workers_does_not_contain_the_secret(trained, sandbox, finished, monkeypatch):
    for name, value in as_environment().items():
        monkeypatch.setenv(name, value)
    pool = RecordingPool()
    (result,) = ClusterPredictor(trained.bundle, pool).predict_files(finished, [letter()], sandbox)
    assert result.file == "letter.txt"
    assert installation_secret(finished) not in pool.task


def test_predict_batch_loads_a_model_again_when_its_network_has_changed(trained, finished, monkeypatch):
    loaded = []
    monkeypatch.setattr(cluster, "Predictor", lambda bundle: loaded.append(bundle.name) or trained)
    cluster._predictor.cache_clear()
    for identity in ("one", "one", "two"):
        predict_batch(BatchTask(trained.bundle.folder, identity, {}, as_environment(), finished), [])
    cluster._predictor.cache_clear()
    assert loaded == ["trained", "trained"]
