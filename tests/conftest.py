"""Fixtures that build small real data: phantoms as DICOM, the store made of them, a network trained on that."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from builders.jobs import import_in_process, train_in_process
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.settings import settings
from mammo_core.workspace import Workspace

PATIENTS = 16
TRAINING_FIXTURES = {"line", "finished"}  # whoever uses one of these waits for a network to be trained


@pytest.hookimpl(tryfirst=True)  # before pytest deselects by mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that need the trained network as slow, and run them after the others.

    One test file that needs it keeps its turn: its worker trains the network while the others run quick tests.
    """
    needs_training = [item for item in items if TRAINING_FIXTURES & set(getattr(item, "fixturenames", ()))]
    for item in needs_training:
        item.add_marker(pytest.mark.slow)
    files = list(dict.fromkeys(item.path for item in needs_training))
    items.sort(key=lambda item: item.path in files[1:])


@pytest.fixture(autouse=True)
def keep_main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put `__main__` back after a test.

    AppTest leaves the script that it ran in its place, and every process that a later test spawns would run that script.
    """
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


def use_folder(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Workspace:
    """Point the settings of this process, and of those it starts, at the data and models folders in `folder`."""
    workspace = Workspace(folder / "data", folder / "models")
    monkeypatch.setenv("MAMMO_DATA", str(workspace.data))
    monkeypatch.setenv("MAMMO_MODELS", str(workspace.models))
    settings.cache_clear()
    return workspace


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """Return empty data and models folders in `tmp_path`, in use by the settings."""
    yield use_folder(monkeypatch, tmp_path)
    settings.cache_clear()


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory):
    """Return a synthetic data set of 16 patients on a small detector grid, with its oddities."""
    folder = tmp_path_factory.mktemp("phantoms") / "demo"
    generate(folder, DemoSpec(patients=PATIENTS, seed=5, prevalence=0.4, rows=512, columns=384))
    return folder


@pytest.fixture(scope="session")
def line(tmp_path_factory, request):
    """Return a read-only workspace with the data set "demo", its prepared store and the model "trained".

    The workers of a parallel run share it: the first one that needs it makes it.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, done = shared / "line", shared / "line.done"
    with FileLock(shared / "line.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed half-way
            _train_small_model(folder, request.getfixturevalue("phantoms"))
            done.touch()
    return Workspace(folder / "data", folder / "models")


def _train_small_model(folder: Path, phantoms: Path) -> None:
    """Import the phantoms and train a network on them for two epochs."""
    with pytest.MonkeyPatch.context() as patch:
        use_folder(patch, folder)
        shutil.copytree(phantoms, folder / "data" / "demo")
        import_in_process("demo")
        train_in_process("trained", store="demo", epochs=2)
    settings.cache_clear()


@pytest.fixture
def finished(line, tmp_path, monkeypatch):
    """Return a copy of `line` of this test's own, in use by the settings."""
    shutil.copytree(line.data, tmp_path / "line" / "data")
    shutil.copytree(line.models, tmp_path / "line" / "models")
    yield use_folder(monkeypatch, tmp_path / "line")
    settings.cache_clear()
