from contextlib import nullcontext
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

from mammo_core import batch
from mammo_core.batch import predict_batch, predict_on_cluster
from mammo_core.dataset import cluster
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.inference import Predictor, predict_files
from mammo_core.models import open_bundle
from mammo_core.settings import as_environment


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as local,
        Client(local) as opened,
    ):
        yield opened


def test_a_cluster_says_what_the_page_says(finished, client, monkeypatch):
    monkeypatch.setattr(cluster, "BATCH", 3)
    bundle = open_bundle(finished / "models" / "trained")
    table = read_catalogue(finished / "data" / "demo").table.dropna(subset=["file"]).head(10)
    files = [*((row.image_id, Path(row.file)) for row in table.itertuples()), ("letter.txt", b"no image")]
    with Sandbox() as sandbox:
        expected = [image.to_json() for image in predict_files(files, Predictor(bundle), sandbox)]
    said = dict(predict_on_cluster(files, bundle, client))
    found = [said[place] for place in range(len(files))]
    assert [image.to_json() for image in found] == [
        {**one, "probability": one["probability"] and pytest.approx(one["probability"], abs=1e-6)} for one in expected
    ]
    assert all(image.heat is None for image in found)
    assert found[-1].error


def test_a_worker_gives_each_file_the_callers_time(finished, monkeypatch):
    for name, value in as_environment().items():
        monkeypatch.setenv(name, value)  # what the worker takes over is undone at the end
    given = []
    monkeypatch.setattr(batch, "ends_after", lambda seconds: given.append(seconds) or nullcontext())
    environment = as_environment() | {"MAMMO_DECODE_SECONDS": "7.0"}
    predict_batch(finished / "models" / "trained", {}, environment, [(0, ("a", b"no image")), (1, ("b", b"none"))])
    assert given == [7.0, 7.0]
