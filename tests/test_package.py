"""The package can be built and installed, with the shipped model and the command `mammo`."""

import importlib.metadata
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mammo_core import __version__

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
OPEN_MODEL = """
from pathlib import Path

import mammo_core

model = mammo_core.open_model(mammo_core.Workspace(Path("data"), Path("models")), "demo")
print(Path(mammo_core.__file__).parent, model.name)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (file,) = folder.iterdir()
    return file


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """Return the folder in which the package is installed, without what it depends on."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(folder), str(wheel)], check=True, capture_output=True)
    return folder


def run_installed(command: list[str], installed: Path, folder: Path) -> str:
    """Run a command that imports the installed package, in a folder of its own, and return what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAMMO_")}
    environment["PYTHONPATH"] = str(installed)
    return subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout


def files_below(folder: Path) -> list[str]:
    """Return the paths of a folder's files, relative to it."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return [path.relative_to(folder).as_posix() for path in files]


def test_wheel_holds_the_package_and_the_shipped_models_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    package = [f"mammo_core/{name}" for name in files_below(ROOT / "mammo_core")]
    shipped = [
        f"mammo_core/shipped_models/{folder}/{name}"
        for folder in ("demo", "backbones")
        for name in files_below(ROOT / "models" / folder)
    ]
    assert sorted(names) == sorted(package + shipped)
    assert {"mammo_core/py.typed", "mammo_core/shipped_models/demo/card.json"} <= set(names)


def test_installed_package_has_its_version_and_the_command(installed, tmp_path):
    (distribution,) = importlib.metadata.distributions(path=[str(installed)])
    assert (distribution.name, distribution.version) == ("mammo-workbench", __version__)
    assert [(point.group, point.name, point.value) for point in distribution.entry_points] == [
        ("console_scripts", "mammo", "mammo_core.cli:main")
    ]
    assert (
        run_installed([str(installed / "bin" / "mammo"), "--version"], installed, tmp_path) == f"mammo {__version__}\n"
    )


def test_installed_package_opens_the_shipped_model(installed, tmp_path):
    printed = run_installed([sys.executable, "-c", OPEN_MODEL], installed, tmp_path)
    assert printed == f"{installed / 'mammo_core'} demo\n"
