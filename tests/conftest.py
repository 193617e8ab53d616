"""Fixtures that build small real data: phantoms as DICOM, the store made of them, a network trained on that."""

import shutil
from pathlib import Path

import pytest

from mammo_core.jobs import run_in_process
from mammo_core.jobs.requests import import_request
from mammo_core.jobs.training import train_request
from mammo_core.phantoms import DemoSpec, generate
from mammo_core.settings import settings

PATIENTS = 16


def use_folder(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Point the settings of this process, and of those it starts, at a folder."""
    monkeypatch.setenv("MAMMO_DATA", str(folder / "data"))
    monkeypatch.setenv("MAMMO_MODELS", str(folder / "models"))
    settings.cache_clear()


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """Empty data and models folders of this test's own."""
    use_folder(monkeypatch, tmp_path)
    yield tmp_path
    settings.cache_clear()


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory):
    """A synthetic data set of 16 patients on a small detector grid, with its oddities."""
    folder = tmp_path_factory.mktemp("phantoms") / "demo"
    generate(folder, DemoSpec(patients=PATIENTS, seed=5, prevalence=0.4, rows=512, columns=384))
    (folder / "dataset.json").write_text('{"synthetic": true, "generator": {"seed": 5}}')
    return folder


@pytest.fixture(scope="session")
def line(phantoms, tmp_path_factory):
    """A folder in which the whole line has run: data set, prepared store "demo", model "trained". Treat it as read-only."""
    folder = tmp_path_factory.mktemp("line")
    with pytest.MonkeyPatch.context() as patch:
        use_folder(patch, folder)
        shutil.copytree(phantoms, folder / "data" / "demo")
        path, arguments = import_request("demo")
        run_in_process(path, "import", {**arguments, "workers": 1})
        _, arguments = train_request({"store": "demo", "epochs": 2})
        run = folder / "models" / "trained"
        run_in_process(run, "train", {**arguments, "run": str(run)})
    settings.cache_clear()
    return folder


@pytest.fixture
def finished(line, tmp_path, monkeypatch):
    """A copy of the finished line, of this test's own, in use by the settings."""
    shutil.copytree(line, tmp_path / "line")
    use_folder(monkeypatch, tmp_path / "line")
    yield tmp_path / "line"
    settings.cache_clear()
