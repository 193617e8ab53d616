"""An import that is killed at any moment, with SIGKILL, and started again by the same command."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from keras.utils import image_dataset_from_directory

from builders.jobs import SIZE, import_in_process
from mammo_core.dataset.store import Store, open_store
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.jobs.folder import JobFolder
from mammo_core.storage.hashing import sha256
from mammo_core.workspace import Workspace

ROOT = Path(__file__).parents[2]


@pytest.fixture
def undisturbed(line):
    """The manifest and the hash of each image of an import that ran to its end."""
    return contents(Store(line.data / "prepared" / "demo", PreprocessingConfig(size=SIZE), line.data))


@pytest.fixture
def workplace(workspace, phantoms):
    shutil.copytree(phantoms, workspace.data / "demo")
    return workspace


def contents(store: Store) -> tuple[dict, dict[str, str]]:
    manifest = store.manifest().drop(columns="file").to_dict()
    return json.loads(json.dumps(manifest, default=str)), {
        str(png.relative_to(store.folder)): sha256(png) for png in store.folder.glob("*/*.png")
    }


def start_import() -> subprocess.Popen:
    command = [sys.executable, "-m", "mammo_core", "import", "demo", "--size", str(SIZE), "--workers", "1", "--json"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def complete_import() -> dict:
    done = start_import()
    output, _ = done.communicate(timeout=120)
    assert done.returncode == 0
    return json.loads(output)


def wait_for_images(folder: Path, number: int) -> None:
    deadline = time.monotonic() + 60
    while len(list(folder.glob("*/[!.]*.png"))) < number:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def ages(folder: Path) -> dict[Path, int]:
    return {png: png.stat().st_mtime_ns for png in folder.glob("*/[!.]*.png")}


def test_import_resumes_after_sigkill_without_repeating(workplace, undisturbed):
    folder = workplace.prepared / "demo"
    process = start_import()
    wait_for_images(folder, 5)
    workers = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    psutil.wait_procs(workers, timeout=30)
    assert not [worker for worker in workers if worker.is_running()]
    assert JobFolder(folder).state() == "crashed"
    before = ages(folder)
    report = complete_import()
    assert 5 <= report["skipped"] == len(before)
    assert report["prepared"] > 0
    assert {png: age for png, age in ages(folder).items() if png in before} == before  # nothing was decoded twice
    assert contents(open_store(Workspace.from_environment(), "demo")) == undisturbed
    again = import_in_process("demo").document
    assert (again.prepared, again.skipped) == (0, report["prepared"] + report["skipped"])


def test_import_replaces_a_killed_worker(workplace, undisturbed):
    folder = workplace.prepared / "demo"
    process = start_import()
    wait_for_images(folder, 5)
    (worker,) = (
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if "sandbox_worker" in " ".join(child.cmdline())
    )
    worker.kill()
    output, _ = process.communicate(timeout=120)
    report = json.loads(output)
    assert report["prepared"] + report["quarantined"] == report["total"]
    assert "decoder_died" not in {item["reason"] for item in report["quarantine"]}
    assert contents(open_store(Workspace.from_environment(), "demo")) == undisturbed
    assert not list(folder.glob("*/.*"))  # Keras would read what the worker was just writing


def test_keras_loads_a_store_directly(line):
    folder = line.data / "prepared" / "demo"
    images = image_dataset_from_directory(folder, color_mode="grayscale", image_size=(SIZE, SIZE), verbose=False)
    assert images.class_names == ["negative", "positive"]
    labels = np.concatenate([labels for _, labels in images])
    manifest = Store(folder, PreprocessingConfig(size=SIZE), line.data).manifest()
    assert len(labels) == len(manifest)
    assert labels.sum() == manifest["label"].sum()
    assert images.element_spec[0].shape == (None, SIZE, SIZE, 1)
