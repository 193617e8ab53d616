from contextlib import nullcontext
from pathlib import Path

import pytest

from builders.dask import dask_client
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.jobs import cluster as job_cluster
from mammo_core.jobs.cluster import DaskPool
from mammo_core.models.bundle import open_bundle
from mammo_core.prediction import cluster
from mammo_core.prediction.cluster import predict_batch, predict_on_cluster
from mammo_core.prediction.predict import predict_files
from mammo_core.prediction.predictor import Predictor
from mammo_core.settings import as_environment


@pytest.fixture(scope="module")
def pool():
    with dask_client() as client:
        yield DaskPool(client)


def test_predict_on_cluster_equals_local_prediction(finished, pool, monkeypatch):
    monkeypatch.setattr(job_cluster, "BATCH", 3)
    bundle = open_bundle(finished / "models" / "trained")
    table = read_catalogue(finished / "data" / "demo").table.dropna(subset=["file"]).head(10)
    files = [*((row.image_id, Path(row.file)) for row in table.itertuples()), ("letter.txt", b"no image")]
    with Sandbox() as sandbox:
        expected = [image.to_json() for image in predict_files(files, Predictor(bundle), sandbox)]
    said = dict(predict_on_cluster(files, bundle, pool))
    found = [said[place] for place in range(len(files))]
    assert [image.to_json() for image in found] == [
        {**one, "probability": one["probability"] and pytest.approx(one["probability"], abs=1e-6)} for one in expected
    ]
    assert all(image.cam is None for image in found)
    assert found[-1].error


def test_predict_batch_applies_the_callers_time_limit_to_each_file(finished, monkeypatch):
    for name, value in as_environment().items():
        monkeypatch.setenv(name, value)  # what the worker takes over is undone at the end
    given = []
    monkeypatch.setattr(cluster, "hard_timeout", lambda seconds: given.append(seconds) or nullcontext())
    environment = as_environment() | {"MAMMO_DECODE_SECONDS": "7.0"}
    predict_batch(
        finished / "models" / "trained", {}, environment, bytes(32), [(0, ("a", b"no image")), (1, ("b", b"none"))]
    )
    assert given == [7.0, 7.0]
