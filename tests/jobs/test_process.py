import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import psutil
import pytest
from filelock import FileLock

from builders.waiting import wait_until
from mammo_core.errors import JobError, MammoError
from mammo_core.jobs import FINAL, JobFolder, launch, run_in_process
from mammo_core.jobs import kinds as jobs_module
from mammo_core.jobs.kinds import Outcome
from mammo_core.jobs.process import run_requested
from mammo_core.jobs.requests import demo_request, import_request, unfinished_demos

DEAF = """
import subprocess, sys, time
from pathlib import Path
from mammo_core.jobs import JobFolder
folder = JobFolder(Path(sys.argv[1]))
with folder.lock():
    folder.write_process()
    folder.write_state("running")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print(child.pid, flush=True)
    time.sleep(60)
"""


def process_of(folder: JobFolder) -> psutil.Process:
    """The process that works on a folder, found by its command line."""
    found = []
    wait_until(
        lambda: (
            found.extend(p for p in psutil.process_iter(["cmdline"]) if str(folder.path) in (p.info["cmdline"] or []))
            or found
        )
    )
    return found[0]


def test_launch_demo_runs_in_own_session_and_finishes(workspace):
    path, arguments = demo_request("small", 4, 0.5, 1)
    folder = launch(path, "demo", arguments)
    process = process_of(folder)
    assert os.getsid(process.pid) == process.pid  # a session of its own
    with pytest.raises(JobError, match="already being worked on"):
        launch(path, "demo", arguments)
    wait_until(lambda: folder.state() in FINAL)
    assert folder.state() == "finished"
    wait_until(lambda: not process.is_running(), 10)  # not even as a zombie of this process
    assert pd.read_csv(path / "train.csv")["patient_id"].nunique() == 4
    assert unfinished_demos() == []


def test_launch_relative_folder_resolves_against_callers_directory(workspace, monkeypatch):
    monkeypatch.chdir(workspace)
    folder = launch(Path("data/small"), "demo", {"out": str(workspace / "data" / "small"), "patients": 4})
    assert folder.path == workspace / "data" / "small"
    wait_until(lambda: folder.state() in FINAL)
    assert folder.state() == "finished"


def test_demo_generation_can_be_stopped(workspace):
    path, arguments = demo_request("big", 200, 0.5, 1)
    folder = launch(path, "demo", arguments)
    wait_until(lambda: folder.progress().get("done"))
    folder.request_stop()
    wait_until(lambda: folder.state() in FINAL, 30)
    assert folder.state() == "stopped"
    assert not (path / "train.csv").exists()


def test_killed_job_is_crashed_and_can_be_requested_again(workspace):
    path, arguments = demo_request("big", 200, 0.5, 1)
    folder = launch(path, "demo", arguments)
    wait_until(lambda: folder.progress().get("done"))
    process = process_of(folder)
    workers = process.children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: folder.state() == "crashed", 10)
    assert "killed" in folder.message()
    assert [job.name for job in unfinished_demos()] == ["big"]
    assert demo_request("big", 4, 0.5, 1)[0] == path
    psutil.wait_procs(workers, timeout=20)
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)


def test_unexpected_error_gives_failed_state_without_sensitive_details(workspace, monkeypatch):
    def broken(*_):
        raise OSError(28, "No space left on device: /patients/secret")

    monkeypatch.setitem(jobs_module.JOBS, "demo", broken)
    with pytest.raises(OSError, match="No space"):
        run_in_process(workspace / "x", "demo", {})
    folder = JobFolder(workspace / "x")
    assert folder.state() == "failed"
    assert folder.message() == "The disk is full. Make room and resume."


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (
            OSError("Can't synchronously write data (errno = 28, error message = 'No space left on device')"),
            "disk is full",
        ),
        (type("ResourceExhaustedError", (Exception,), {})("x.keras; No space left on device"), "disk is full"),
        (type("ResourceExhaustedError", (Exception,), {})("OOM when allocating tensor"), "Out of memory"),
        (MemoryError(), "Out of memory"),
        (ValueError("x"), "unexpected ValueError"),
    ],
)
def test_root_cause_behind_another_error_is_in_the_message(workspace, monkeypatch, error, cause):
    def broken(*_):
        try:
            raise error
        finally:
            raise RuntimeError("while closing the file") if "Value" not in cause else error

    monkeypatch.setitem(jobs_module.JOBS, "demo", broken)
    with pytest.raises(type(error) if "Value" in cause else RuntimeError):
        run_in_process(workspace / "x", "demo", {})
    assert cause in JobFolder(workspace / "x").message()


def test_jobs_of_one_kind_run_in_order_of_request(workspace, monkeypatch):
    (workspace / "data").mkdir()
    monkeypatch.setitem(jobs_module.JOBS, "demo", lambda *_: Outcome("finished", "Done.", {}))
    folders = [JobFolder(workspace / "data" / name) for name in ("late", "early")]
    with FileLock(workspace / "data" / ".demo.turn"):
        for folder in reversed(folders):
            folder.write_request("demo", {})
        threads = [threading.Thread(target=run_requested, args=(folder,)) for folder in folders]
        for thread in threads:
            thread.start()
        wait_until(lambda: all("begins when" in folder.message() for folder in folders))
        assert [folder.state() for folder in folders] == ["queued", "queued"]
    for thread in threads:
        thread.join()
    late, early = (folder.written_state() for folder in folders)
    assert (late["state"], early["state"]) == ("finished", "finished")
    assert early["time"] < late["time"]


def test_stop_signal_reaches_queued_job(workspace):
    (workspace / "data").mkdir()
    with FileLock(workspace / "data" / ".demo.turn"):
        folder = launch(workspace / "data" / "late", "demo", {"out": str(workspace / "data" / "late"), "patients": 4})
        wait_until(folder.is_alive)
        assert folder.state() == "queued"
        folder.stop()
        wait_until(lambda: folder.state() in FINAL)
    assert folder.state() == "stopped"


def test_second_stop_kills_unresponsive_job_and_its_children(tmp_path):
    folder = JobFolder(tmp_path / "deaf")
    folder.write_request("train", {})
    process = subprocess.Popen([sys.executable, "-c", DEAF, str(folder.path)], stdout=subprocess.PIPE)
    assert process.stdout
    child = psutil.Process(int(process.stdout.readline()))
    folder.stop()
    assert folder.state() == "stopping"
    folder.stop()
    assert (folder.state(), folder.message()) == ("stopped", "Ended at once by a second stop.")
    assert not folder.is_alive()
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_progress_is_saved_and_passed_to_callback(workspace, monkeypatch):
    def job(arguments, progress, should_stop):
        progress({"done": 1, "total": 2})
        progress({"done": 2, "total": 2})
        return Outcome("finished", "Well.", {"n": arguments["n"]})

    monkeypatch.setitem(jobs_module.JOBS, "demo", job)
    seen = []
    outcome = run_in_process(workspace / "x", "demo", {"n": 7}, seen.append)
    assert outcome.document == {"n": 7}
    assert [progress["done"] for progress in seen] == [1, 2]
    assert JobFolder(workspace / "x").fraction() == 1


def test_demo_and_import_requests_are_validated_before_writing(finished):
    with pytest.raises(MammoError, match="already a data set"):
        demo_request("demo", 10, 0.3, 0)
    folder, arguments = import_request("demo", "other", 128)
    assert (folder.name, arguments["store"]) == ("other", "other")
