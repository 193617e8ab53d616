"""What a decoder that has been taken over can do, tried in a worker, and that decoding still works in it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from builders import probes
from mammo_core.dicom.confinement import code_folders
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.dicom.sandbox_worker import LIFETIME_SECONDS

ROOT = Path(__file__).parents[2]

linux = pytest.mark.skipif(sys.platform != "linux", reason="confined by Linux' own means")


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(1) as opened:
        yield opened


@linux
def test_confined_worker_is_denied_every_probe(sandbox, tmp_path):
    (tmp_path / "file").write_text("private")
    (tmp_path / "folder").mkdir()
    assert sandbox.run(probes.succeeded, os.getpid(), str(tmp_path)) == []
    assert (tmp_path / "file").read_text() == "private"
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


@linux
def test_probes_succeed_without_confinement(tmp_path):
    (tmp_path / "file").write_text("private")
    code = f"import os; from builders import probes; print(*probes.succeeded(os.getppid(), {str(tmp_path)!r}), sep=chr(10))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    harmful = {"run a program", "trace the server", "slow the server down", "type into the terminal"}
    code = code.replace("print(", f"[probes.PROBES.pop(name) for name in {harmful!r}]; print(", 1)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert {"open a socket", "signal the server", "spawn a program", "make a file", "delete a file"} <= set(
        done.stdout.splitlines()
    )


@linux
def test_confined_worker_still_has_threads_arrays_and_its_own_signals(sandbox):
    assert sandbox.run(probes.works) == [200.0]


@linux
def test_confined_worker_has_hard_limits(sandbox):
    assert sandbox.run(probes.limits) == {"files": (0, 0), "core": (0, 0), "CPU": LIFETIME_SECONDS}


def test_confined_worker_does_not_know_the_environment(monkeypatch):
    monkeypatch.setenv("CLIENT_SECRET", "sesame")
    with Sandbox(1) as sandbox:
        assert "sesame" not in sandbox.run(probes.environment).values()


def test_code_folders_leave_out_folders_that_hold_data(tmp_path, monkeypatch):
    (tmp_path / "project" / "data").mkdir(parents=True)
    (tmp_path / "modules").mkdir()
    named = [tmp_path / "project", tmp_path / "modules", Path.home(), Path.cwd(), Path("/")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, named)))
    folders = code_folders([tmp_path / "project" / "data"])
    assert str(tmp_path / "modules") in folders
    assert not {str(tmp_path / "project"), str(Path.home()), str(Path.cwd()), "/"} & set(folders)


def test_code_folders_leave_out_the_folder_of_the_script(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert str(tmp_path) not in code_folders([])


@linux
def test_make_undumpable_closes_memory_to_other_processes_of_the_user():
    code = (
        "import ctypes\nfrom mammo_core.dicom.confinement import make_undumpable\n"
        "make_undumpable()\nprint(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"  # PR_GET_DUMPABLE
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "0\n"
