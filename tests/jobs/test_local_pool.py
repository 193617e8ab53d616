"""Imports on this machine: nobody else can talk to the workers, and a file that ends its worker costs only itself."""

import os
import sys
from functools import partial

import psutil
import pytest

from builders import probes
from builders.decoding import encode_or_die, slow_total, total_or_die
from mammo_core.dataset import importer
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.importer import import_images
from mammo_core.dataset.library import describe_source
from mammo_core.dataset.store import create_store, open_store
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.jobs.cluster import open_pool
from mammo_core.jobs.importing import TASKS, import_job
from mammo_core.jobs.local_pool import LocalPool
from mammo_core.jobs.process import run_in_process
from mammo_core.workspace import Workspace


@pytest.fixture(scope="module")
def pool():
    with Sandbox(2) as sandbox:
        yield LocalPool(sandbox)


def never():
    return False


def test_map_batches_yields_every_row_once(pool):
    done = list(pool.map_batches(sum, list(range(30)), never))
    assert sorted(row for batch, _ in done for row in batch) == list(range(30))
    assert all(sum(batch) == total for batch, total in done)


def test_map_batches_stopped_leaves_rows_that_no_worker_has_begun(pool):
    stopped, done = [], []
    for batch, _ in pool.map_batches(sum, list(range(100)), lambda: bool(stopped)):
        done += batch
        stopped.append(True)
    assert 1 <= len(done) <= 8  # two in work, and what they began meanwhile


def test_map_batches_row_that_ends_its_worker_yields_none(pool):
    outcomes = [(batch, result) for batch, result in pool.map_batches(partial(total_or_die, 9), list(range(16)), never)]
    assert [batch for batch, result in outcomes if result is None] == [[9]]
    assert [batch for batch, _ in outcomes if batch in ([8], [9])] == [[8], [9]]  # one by one, at the end
    assert sorted(row for batch, _ in outcomes for row in batch) == list(range(16))


def test_map_batches_row_whose_worker_was_killed_from_outside_is_tried_again(pool):
    results = {}
    for batch, result in pool.map_batches(slow_total, list(range(4)), never):
        if not results:
            for process in list(pool.sandbox.pool._processes.values()):  # at least one of them is at its next row
                process.kill()
        results[batch[0]] = result
    assert results == {number: number for number in range(4)}


@pytest.mark.skipif(sys.platform != "linux", reason="confined by Linux' own means")
def test_map_batches_in_a_worker_every_probe_is_denied(pool, tmp_path):
    (tmp_path / "file").write_text("private")
    ((_, names),) = pool.map_batches(partial(probes.succeeded_in, os.getpid()), [str(tmp_path)], never)
    assert names == []


def listening_ports():
    """Return the ports at which this process and its children listen."""
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    connections = [connection for process in family for connection in process.net_connections("inet")]
    return [connection.laddr.port for connection in connections if connection.status == psutil.CONN_LISTEN]


def test_open_pool_on_this_machine_opens_no_listening_port():
    before, others = listening_ports(), set(psutil.Process().children(recursive=True))
    with open_pool(workers=1) as pool:
        for batch, result in pool.map_batches(sum, [1, 2], never):
            assert result == batch[0]
            assert listening_ports() == before
    assert set(psutil.Process().children(recursive=True)) <= others


def test_open_pool_starts_all_workers_with_the_module_of_the_tasks():
    with open_pool(workers=2, module=TASKS) as pool:
        results = [result for _, result in pool.map_batches(probes.loaded_modules, [TASKS, "pandas"] * 2, never)]
    assert sorted(results) == [[]] * 2 + [[TASKS]] * 2  # without pandas, which takes as long to load as all else


@pytest.mark.slow
def test_import_in_confined_workers_equals_import_in_this_process(prepared):
    job = import_job(prepared, "demo", "confined", 64)
    report = run_in_process(job.model_copy(update={"workers": 2}), prepared).document
    one, other = open_store(prepared, "demo"), open_store(prepared, "confined")
    assert report.prepared == len(one.manifest()) > 0
    assert list(one.manifest()["sha256"]) == list(other.manifest()["sha256"])
    columns = ["image_id", "reason", "detail"]
    assert one.quarantine()[columns].equals(other.quarantine()[columns])


@pytest.mark.slow
def test_import_quarantines_only_files_that_kill_their_worker(workspace, phantoms, monkeypatch):
    catalogue = read_catalogue(phantoms)
    catalogue.table.drop(index=catalogue.table.index[20:], inplace=True)
    deadly = catalogue.table.dropna(subset=["file"])["image_id"].iloc[[3, 10]].tolist()
    monkeypatch.setattr(importer, "encode_batch", partial(encode_or_die, deadly))
    folders = Workspace.from_environment()
    store = create_store(folders, "demo", PreprocessingConfig(size=64), describe_source(folders, catalogue))
    with open_pool(workers=2) as pool:
        report = import_images(catalogue, store, pool)
    assert [image.image_id for image in report.quarantine if image.reason == "decoder_died"] == deadly
    assert report.prepared + report.quarantined == report.total
    assert report.prepared >= 20 - len(deadly) - 4  # files that the phantoms damage on purpose
