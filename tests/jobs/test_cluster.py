"""Workers that die, are missing, lack the code or join late, and a scheduler that disappears."""

import copy
import json
import logging
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

import dask
import psutil
import pytest
from distributed import Client, LocalCluster
from distributed.security import Security

from mammo_core.dataset import importer
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.conversion import convert_batch
from mammo_core.dataset.importer import import_images
from mammo_core.dataset.library import describe_source
from mammo_core.dataset.store import create_store, open_store
from mammo_core.documents.manifest import PreparedImage, QuarantinedImage
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import JobError
from mammo_core.jobs import cluster
from mammo_core.jobs.cluster import DASK_CONFIG, DaskPool, open_cluster
from mammo_core.workspace import Workspace

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def double(batch):
    return [2 * row["n"] for row in batch]


def slowly(batch):
    time.sleep(0.2)
    return double(batch)


def rows(number):
    return [{"n": n} for n in range(number)]


@pytest.fixture
def scheduler():
    """Return a scheduler without workers; those that a test adds are threads of this process."""
    with LocalCluster(
        n_workers=0, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as started:
        yield started


@pytest.fixture
def catalogue(phantoms):
    return read_catalogue(phantoms)


def store_for(catalogue):
    return create_store(
        Workspace.from_environment(),
        "demo",
        PreprocessingConfig(size=64),
        describe_source(Workspace.from_environment(), catalogue),
    )


@pytest.fixture
def short_connect_timeout(monkeypatch):
    """Wait only one second for a scheduler that does not answer."""
    monkeypatch.setitem(cluster.DASK_CONFIG, "distributed.comm.timeouts.connect", "1s")


def test_open_cluster_restores_the_configuration_of_dask(scheduler):
    before = copy.deepcopy(dask.config.config)
    with open_cluster(scheduler.scheduler_address):
        assert dask.config.get("distributed.scheduler.allowed-failures") == 1
    assert dask.config.config == before


def test_open_cluster_without_scheduler_raises_error(short_connect_timeout):
    with pytest.raises(JobError, match="Can't reach a Dask scheduler at tcp"), open_cluster("tcp://127.0.0.1:1"):
        pass


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("ftp://here:1", r"^ftp://here:1 isn't the address of a Dask scheduler\. Give one such as tls://host:8786\.$"),
        ("tls://127.0.0.1:1", "is reached by TLS, and Dask's options name no certificate"),
        ("nowhere", "Can't reach a Dask scheduler at nowhere"),
    ],
)
def test_open_cluster_at_a_wrong_address_is_one_sentence(short_connect_timeout, address, sentence):
    with pytest.raises(JobError, match=sentence), open_cluster(address):
        pass


def test_open_cluster_without_encryption_where_it_is_required(short_connect_timeout):
    with (
        dask.config.set({"distributed.comm.require-encryption": True}),
        pytest.raises(JobError, match="encryption required by Dask configuration"),
        open_cluster("tcp://127.0.0.1:1"),
    ):
        pass


def test_open_cluster_passes_on_errors_of_its_body(scheduler):
    with pytest.raises(OSError, match="disk full"), open_cluster(scheduler.scheduler_address):
        raise OSError("disk full")


def test_map_batches_without_workers_raises_error(scheduler, monkeypatch):
    monkeypatch.setattr(cluster, "NO_WORKER_SECONDS", 0.2)
    monkeypatch.setattr(cluster, "POLL_SECONDS", 0.1)
    with Client(scheduler) as client, pytest.raises(JobError, match=r"no Dask worker for 0\.2 s"):
        list(DaskPool(client).map_batches(double, rows(3), lambda: False))


def test_map_batches_lost_scheduler_raises_error(scheduler, short_connect_timeout, monkeypatch):
    monkeypatch.setattr(cluster, "BATCH_ROWS", 1)
    scheduler.scale(1)
    calls = count()
    with (
        pytest.raises(JobError, match=r"Lost the Dask scheduler.*run the same command again"),
        open_cluster(scheduler.scheduler_address) as pool,
    ):
        list(pool.map_batches(double, rows(100), lambda: next(calls) == 12 and scheduler.close()))


def test_map_batches_stopped_finishes_only_what_workers_have_begun(scheduler, monkeypatch):
    monkeypatch.setattr(cluster, "BATCHES_PER_WORKER", 20)
    scheduler.scale(1)
    stopped: list[bool] = []
    with Client(scheduler) as client:
        client.wait_for_workers(1)
        done = 0
        for batch, _ in DaskPool(client).map_batches(slowly, rows(60), lambda: bool(stopped)):
            done += len(batch)
            stopped.append(True)
        assert client.futures == {}
    assert done <= 4  # of 60 pending rows


def test_map_batches_uses_workers_that_join_later(scheduler, monkeypatch):
    monkeypatch.setattr(cluster, "BATCH_ROWS", 1)
    scheduler.scale(1)
    pending, done = [], []
    with Client(scheduler) as client:
        client.wait_for_workers(1)
        for number, (_, result) in enumerate(DaskPool(client).map_batches(double, rows(60), lambda: False)):
            done += result
            pending.append(len(client.futures))
            if number == 20:
                scheduler.scale(3)
                client.wait_for_workers(3)
    assert max(pending[:20]) == cluster.BATCHES_PER_WORKER
    assert max(pending[20:]) == 3 * cluster.BATCHES_PER_WORKER
    assert sorted(done) == [2 * n for n in range(60)]


def test_open_cluster_worker_without_the_package_raises_error(scheduler, tmp_path):
    command = [sys.executable, "-m", "dask", "worker", scheduler.scheduler_address, "--no-nanny", "--no-dashboard"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    worker = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    try:
        with Client(scheduler) as client:
            client.wait_for_workers(1, timeout=30)
        with (
            pytest.raises(JobError, match=r"1 of 1 Dask workers .* can't import"),
            open_cluster(scheduler.scheduler_address),
        ):
            pass
    finally:
        worker.terminate()
        worker.wait()


def test_import_workers_with_another_folder_raise_error(workspace, catalogue, scheduler, monkeypatch):
    store = store_for(catalogue)
    scheduler.scale(1)
    original = convert_batch

    def without_images(*arguments):
        outcomes = original(*arguments)
        for outcome in outcomes:
            if isinstance(outcome, PreparedImage):
                (store.folder / outcome.png).unlink()
        return outcomes

    monkeypatch.setattr(importer, "convert_batch", without_images)
    with Client(scheduler) as client, pytest.raises(JobError, match=r"don't see the same folder .*prepared/demo"):
        import_images(catalogue, store, DaskPool(client))
    monkeypatch.setattr(importer, "convert_batch", without_sources)
    with Client(scheduler) as client, pytest.raises(JobError, match=r"don't see the same folder .*train_images"):
        import_images(catalogue, store, DaskPool(client))


def without_sources(folder, preprocessing, environment, batch):
    return [
        QuarantinedImage(image_id=image.image_id, file=image.file, reason="missing", detail="Not there.", version=())
        for image in batch
    ]


def test_import_quarantines_only_files_that_kill_their_worker(workspace, catalogue, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "BATCH_ROWS", 4)
    catalogue.table.drop(index=catalogue.table.index[20:], inplace=True)
    deadly = catalogue.table.dropna(subset=["file"])["image_id"].iloc[[3, 10]].tolist()
    poison = tmp_path / "poison.py"
    poison.write_text(
        "import os\nfrom mammo_core.dataset import conversion\n"
        "from mammo_core.preprocess.prepare import read_and_prepare as whole\n"
        f"def prepare(file, preprocessing):\n    if file.stem in {deadly}:\n        os._exit(1)\n"
        "    return whole(file, preprocessing)\n"
        "conversion.read_and_prepare = prepare\n"
    )
    store = store_for(catalogue)
    options = {"distributed.worker.preload": [str(poison)], "distributed.deploy.lost-worker-timeout": "100 days"}
    with (
        dask.config.set({**DASK_CONFIG, **options}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL) as local,
        open_cluster(local.scheduler_address) as pool,
    ):
        report = import_images(catalogue, store, pool)
    assert [image.image_id for image in report.quarantine if image.reason == "decoder_died"] == deadly
    assert report.prepared + report.quarantined == report.total
    assert report.prepared >= 20 - len(deadly) - 4  # files that the phantoms damage on purpose


def readme_commands(port, source):
    """Return the three commands of the README's cluster section, for this machine."""
    text = (ROOT / "README.md").read_text()
    block = re.search(r"With Dask on several machines.*?```\n(.*?)```", text, re.S)[1]
    block = block.replace("HOST", "127.0.0.1").replace("8786", str(port)).replace("/data/rsna", str(source))
    return [[sys.executable, *shlex.split(line, comments=True)[1:]] for line in block.splitlines()]


def end(process):
    family = [process, *psutil.Process(process.pid).children(recursive=True)]
    for member in family:
        member.terminate()
    psutil.wait_procs(family[1:], timeout=10)
    process.wait()


def test_readme_cluster_commands_import_all_images(workspace, phantoms):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        commands = readme_commands(free.getsockname()[1], phantoms)
    assert [command[1:4] for command in commands] == [
        ["-m", "dask", "scheduler"],
        ["-m", "dask", "worker"],
        ["-m", "mammo_core", "import"],
    ]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    quiet = {"cwd": ROOT, "env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = subprocess.Popen(commands[0], **quiet)
    worker = subprocess.Popen(commands[1], **quiet)
    try:
        deadline = time.monotonic() + 60
        while True:
            done = subprocess.run([*commands[2], "--json"], cwd=ROOT, env=environment, capture_output=True, check=False)
            if done.returncode == 0 or time.monotonic() > deadline:
                break  # the scheduler needs time to start
        report = json.loads(done.stdout)
    finally:
        end(worker)
        end(scheduler)
    assert report["prepared"] + report["quarantined"] == report["total"] == len(read_catalogue(phantoms).table)
    assert {item["reason"] for item in report["quarantine"]} == {"missing", "damaged", "blank"}
    assert len(open_store(workspace, report["store"]).manifest()) == report["prepared"]


def make_certificates(folder):
    """Make an authority and a certificate, as documented; return the variables that have Dask use them."""
    text = (ROOT / "docs" / "confinement.md").read_text()
    openssl, export = re.findall(r"```\n(openssl.*?|export.*?)```", text, re.S)
    script = f"umask 022; set -e; {openssl}{export.split('python -m')[0]}env -0 >variables"
    subprocess.run(["bash", "-c", script], cwd=folder, check=True, capture_output=True)
    variables = dict(line.split("=", 1) for line in (folder / "variables").read_text().split("\0") if line)
    return {name: value for name, value in variables.items() if name.startswith("DASK_")}


@pytest.fixture
def tls(tmp_path, monkeypatch):
    """Have Dask require certificates."""
    for name, value in make_certificates(tmp_path).items():
        monkeypatch.setenv(name, value)
    dask.config.refresh()
    yield
    monkeypatch.undo()
    dask.config.refresh()


@pytest.fixture
def strangers_variables(tls, tmp_path):
    """Return the environment of another user, who knows the authority and has a certificate of another one."""
    with tempfile.TemporaryDirectory() as name:
        variables = make_certificates(Path(name))
        shutil.copy(tmp_path / "ca.crt", name)
        for path in (Path(name), *Path(name).iterdir()):
            path.chmod(0o755)
        yield {name: value for name, value in os.environ.items() if not name.startswith("DASK_")} | variables


REFUSALS = {"OSError", "FatalCommClosedError", "CommClosedError"}
STRANGER = """
import os, sys
from distributed import Client, LocalCluster
if os.geteuid() == 0:
    os.setuid(65534)
try:
    with Client(sys.argv[1], timeout=5) as client:
        print(client.run_on_scheduler(lambda: "in"))
except OSError as error:
    print(type(error).__name__)
"""


def connect_as_stranger(address, environment):
    """Connect as another user where that is possible; return "in", or the error."""
    command = [sys.executable, "-c", STRANGER, address]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_cluster_with_tls_imports_and_turns_away_who_has_no_certificate(tls, strangers_variables, workspace, catalogue):
    store = store_for(catalogue)
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with LocalCluster(protocol="tls", security=Security(), **options) as local:
        address = local.scheduler_address
        with open_cluster(address) as pool:
            report = import_images(catalogue, store, pool)
        unencrypted = {name: value for name, value in strangers_variables.items() if not name.startswith("DASK_")}
        assert connect_as_stranger(address, strangers_variables) in REFUSALS
        assert connect_as_stranger(address.replace("tls", "tcp"), unencrypted) in REFUSALS
    assert address.startswith("tls://")
    assert report.prepared + report.quarantined == report.total


def test_cluster_without_tls_lets_everybody_in(scheduler):
    assert connect_as_stranger(scheduler.scheduler_address, dict(os.environ)) == "in"
