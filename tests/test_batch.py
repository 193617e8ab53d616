from pathlib import Path

import pytest
from distributed import Client, LocalCluster

from mammo_core import batch
from mammo_core.batch import predict_on_cluster
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.inference import Predictor, predict_files
from mammo_core.models import open_bundle


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as opened,
    ):
        yield opened


def test_a_cluster_says_what_the_page_says(finished, client, monkeypatch):
    monkeypatch.setattr(batch, "BATCH", 3)
    bundle = open_bundle(finished / "models" / "trained")
    table = read_catalogue(finished / "data" / "demo").table.dropna(subset=["file"]).head(10)
    files = [*((row.image_id, Path(row.file)) for row in table.itertuples()), ("letter.txt", b"no image")]
    with Sandbox() as sandbox:
        expected = [image.to_json() for image in predict_files(files, Predictor(bundle), sandbox)]
    found = list(predict_on_cluster(files, bundle, client))
    assert [image.to_json() for image in found] == [
        {**one, "probability": one["probability"] and pytest.approx(one["probability"], abs=1e-6)} for one in expected
    ]
    assert all(image.heat is None for image in found)
    assert found[-1].error
