"""Fixtures that build small real data: phantoms as DICOM, the store made of them, a network trained on that."""

import gc
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from filelock import FileLock

from builders.jobs import import_in_process, train_in_process
from builders.workspaces import use_folder, workspace_in
from mammo_core import cli
from mammo_core.dataset.store import Store
from mammo_core.documents.progress import ShouldStop
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.settings import settings
from mammo_core.workspace import Workspace

os.environ["PYTHONPATH"] = str(Path(__file__).parent)  # confined workers may read `builders`
RUN_STREAMLIT = {Path(__file__).parent / folder for folder in ("pages", "ui")}
PATIENTS = 16
TRAINING_FIXTURES = {"line", "finished"}  # whoever uses one of these waits for a network to be trained


@pytest.hookimpl(tryfirst=True)  # before pytest deselects by mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that need the trained network as slow.

    The files that train run first. The workers of a parallel run take whole files in this order, so that no long one is
    left for the end. The first one trains the network; then come slow files that don't need it, so that other workers don't wait.
    """
    needs_training = [item for item in items if TRAINING_FIXTURES & set(getattr(item, "fixturenames", ()))]
    for item in needs_training:
        item.add_marker(pytest.mark.slow)
    trained = list(dict.fromkeys(item.path for item in needs_training))
    slow = {item.path for item in items if item.get_closest_marker("slow")}

    def position(item: pytest.Item) -> int:
        if item.path in trained:
            return 2 if item.path in trained[1:] else 0
        return 1 if item.path in slow else 3

    items.sort(key=position)


@pytest.fixture(autouse=True)
def keep_main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put `__main__` back after a test.

    AppTest leaves the script that it ran in its place, and every process that a later test spawns would run that script.
    """
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(autouse=True, scope="module")
def spare_earlier_tests_from_collection(request: pytest.FixtureRequest) -> None:
    """Leave what earlier tests loaded out of garbage collections where Streamlit runs.

    Streamlit collects after each run of a page, which would take seconds beside the networks of other tests.
    """
    if request.path.parent in RUN_STREAMLIT:
        gc.freeze()


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """Return empty data and models folders in `tmp_path`, in use by the settings."""
    yield use_folder(monkeypatch, tmp_path)
    settings.cache_clear()


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line; returns (exit status, standard output, standard error)."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mammo_core", *map(str, arguments)])
        try:
            cli.main()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        out, error = capsys.readouterr()
        return status, out, error

    return call


@pytest.fixture(scope="session")
def make_once(tmp_path_factory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Return a function that makes a folder once for all workers of a parallel run.

    The first worker that needs it makes it; the others wait.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def make(name: str, write: Callable[[Path], None]) -> Path:
        folder, done = shared / name, shared / f"{name}.done"
        with FileLock(shared / f"{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed half-way
                write(folder)
                done.touch()
        return folder

    return make


@pytest.fixture(scope="session")
def phantoms(make_once):
    """Return a read-only synthetic data set of 16 patients on a small detector grid, with its oddities."""
    spec = DemoSpec(patients=PATIENTS, seed=5, prevalence=0.4, rows=512, columns=384)
    return make_once("phantoms", lambda folder: generate(folder / "demo", spec, workers=1)) / "demo"


@pytest.fixture(scope="session")
def imported(make_once, phantoms):
    """Return a read-only workspace with the data set "demo" and its prepared store."""
    return workspace_in(make_once("imported", lambda folder: _import_phantoms(folder, phantoms)))


@pytest.fixture(scope="session")
def line(make_once, imported):
    """Return a read-only workspace with the data set "demo", its prepared store and the model "trained"."""
    return workspace_in(make_once("line", lambda folder: _train_small_model(folder, imported)))


def _import_phantoms(folder: Path, phantoms: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        use_folder(patch, folder)
        shutil.copytree(phantoms, folder / "data" / "demo")
        import_in_process("demo")
    settings.cache_clear()


def _train_small_model(folder: Path, imported: Workspace) -> None:
    """Train a network for two epochs."""
    with pytest.MonkeyPatch.context() as patch:
        use_folder(patch, folder)
        shutil.copytree(imported.data, folder / "data")
        train_in_process("trained", store="demo", epochs=2)
    settings.cache_clear()


@pytest.fixture
def prepared(imported, tmp_path, monkeypatch):
    """Return a copy of `imported` of this test's own, in use by the settings."""
    shutil.copytree(imported.data, tmp_path / "line" / "data")
    yield use_folder(monkeypatch, tmp_path / "line")
    settings.cache_clear()


@pytest.fixture
def finished(line, tmp_path, monkeypatch):
    """Return a copy of `line` of this test's own, in use by the settings."""
    shutil.copytree(line.data, tmp_path / "line" / "data")
    shutil.copytree(line.models, tmp_path / "line" / "models")
    yield use_folder(monkeypatch, tmp_path / "line")
    settings.cache_clear()


@pytest.fixture
def verify_in_process(monkeypatch):
    """Verify saved models in this process: a fresh one loads TensorFlow first."""
    from mammo_core.learning import export_model, verification

    def verify(run: Path, store: Store, should_stop: ShouldStop) -> None:
        verification.verify_saved_model(run, store)

    monkeypatch.setattr(export_model, "verification_process", lambda run, store: nullcontext(store))
    monkeypatch.setattr(export_model, "verify", verify)
