"""Estimates from imports whose folders tests write; nothing is imported."""

import os

import pytest

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.store import create_store
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.documents.progress import Progress
from mammo_core.jobs import import_estimate
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.import_estimate import BYTES_PER_PIXEL, START_SECONDS, estimate_demo, estimate_import
from mammo_core.jobs.importing import ImportJob


@pytest.fixture
def catalogue(workspace):
    folder = workspace.data / "demo"
    (folder / "train_images" / "1").mkdir(parents=True)
    rows = [f"1,{image},L,CC,0" for image in range(10)]
    (folder / "train.csv").write_text("\n".join(["patient_id,image_id,laterality,view,cancer", *rows]))
    for image in range(8):
        (folder / "train_images" / "1" / f"{image}.dcm").touch()
    return read_catalogue(folder)


def write_import(workspace, dataset: str, images_per_second: float):
    """Write a store that this machine has imported with one worker, with one PNG of 4,096 bytes."""
    source = StoreSource(csv=f"{dataset}/train.csv", dataset=dataset, synthetic=True)
    store = create_store(workspace, dataset, PreprocessingConfig(size=64), source)
    job = JobFolder(store.folder)
    job.write_request(ImportJob(source=source, store=dataset, size=64, workers=1))
    job.write_process(os.getpid())
    job.write_progress(Progress(done=10, total=10, images_per_second=images_per_second))
    job.write_state("finished")
    (store.folder / "negative").mkdir()
    (store.folder / "negative" / "1_1.png").write_bytes(b"x" * 4096)


def test_estimate_import_where_nothing_is_known_says_so(workspace, catalogue):
    estimate = estimate_import(workspace, catalogue, 128, 1)
    assert estimate.bytes == pytest.approx(8 * 128 * 128 * BYTES_PER_PIXEL)
    assert estimate.describe() == ("time not known yet: nothing like this has run on this machine · ≈ 1 MB on disk")
    assert estimate.fits


def test_estimate_import_is_measured_on_this_data_set_before_others(workspace, catalogue, monkeypatch):
    monkeypatch.setattr(import_estimate, "default_workers", lambda: 4)
    write_import(workspace, "other", images_per_second=0.5)
    assert estimate_import(workspace, catalogue, 64, 1).time.seconds == START_SECONDS + 8 / 0.5
    write_import(workspace, "demo", images_per_second=2.0)
    for workers, rate in ((1, 2), (2, 4), (9, 8), (None, 8)):
        estimate = estimate_import(workspace, catalogue, (64, 128), workers)
        assert estimate.time.seconds == START_SECONDS + 8 / rate
        assert estimate.time.measured
        assert estimate.bytes == 8 * 64 * 128


def test_estimate_demo_grows_with_the_patients(workspace):
    small, large = estimate_demo(workspace, 10), estimate_demo(workspace, 100)
    assert large.bytes == 10 * small.bytes
    assert not small.time.measured
