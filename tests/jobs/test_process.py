import errno
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from builders.jobs import DONE, FakeJob, process_of
from builders.waiting import wait_until
from mammo_core.documents.job import FINAL, JobProcess
from mammo_core.documents.progress import Progress
from mammo_core.errors import DataError, JobError
from mammo_core.jobs.demo import DemoJob, unfinished_demos
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.process import launch, run_in_process, stop_job
from mammo_core.workspace import Workspace

pytestmark = pytest.mark.slow

UNRESPONSIVE = """
import subprocess, sys, time
from pathlib import Path
from mammo_core.jobs.folder import JobFolder
folder = JobFolder(Path(sys.argv[1]))
with folder.lock():
    folder.write_process()
    folder.write_state("running")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print(child.pid, flush=True)
    time.sleep(60)
"""
SMALL = DemoJob(out=Path("small"), patients=4, prevalence=0.5, seed=1, rows=256, columns=192)


def test_launch_runs_job_in_own_session_and_finishes(workspace):
    folder = launch(SMALL, workspace)
    process = process_of(folder)
    assert os.getsid(process.pid) == process.pid  # a session of its own
    with pytest.raises(JobError, match="already running in"):
        launch(SMALL, workspace)
    wait_until(lambda: folder.state() in FINAL)
    assert folder.state() == "finished"
    wait_until(lambda: not process.is_running(), 10)  # not even as a zombie of this process
    assert (folder.path / "train.csv").exists()
    assert unfinished_demos(workspace) == []


def test_launch_gives_child_its_workspace_relative_to_callers_folder(workspace, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    folder = launch(SMALL, Workspace(Path("other"), Path("models")))
    assert folder.path == tmp_path / "other" / "small"
    wait_until(lambda: folder.state() in FINAL)
    assert folder.state() == "finished"
    assert (tmp_path / "other" / ".demo.turn").exists()  # where the child took its turn
    assert not (workspace.data).exists()


def failing(error):
    def run(context):
        raise error

    return FakeJob(call=run)


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
def test_root_cause_behind_another_error_is_in_the_message(workspace, error, cause):
    def run(context):
        try:
            raise error
        finally:
            raise RuntimeError("while closing the file") if "Value" not in cause else error

    with pytest.raises(type(error) if "Value" in cause else RuntimeError):
        run_in_process(FakeJob(call=run), workspace)
    assert cause in JobFolder(workspace.data / "fake").message()


@pytest.mark.parametrize(
    ("error", "state", "message"),
    [
        (DataError("The table is empty."), "failed", "The table is empty."),
        (KeyboardInterrupt(), "stopped", "Interrupted from the keyboard."),
        (OSError(28, "No space left on device: /patients/secret"), "failed", "The disk is full. Make room and resume."),
    ],
    ids=["of the core", "interrupt", "unexpected"],
)
def test_error_of_a_job_gives_its_final_state_without_sensitive_details(workspace, error, state, message):
    with pytest.raises(type(error)):
        run_in_process(failing(error), workspace)
    folder = JobFolder(workspace.data / "fake")
    assert (folder.state(), folder.message()) == (state, message)


def test_progress_is_written_and_passed_to_callback(workspace):
    def run(context):
        context.progress(Progress(done=1, total=2))
        context.progress(Progress(done=2, total=2))
        return DONE

    seen = []
    outcome = run_in_process(FakeJob(call=run), workspace, seen.append)
    assert outcome == DONE
    assert [progress.done for progress in seen] == [1, 2]
    assert JobFolder(workspace.data / "fake").progress() == Progress(done=2, total=2)


@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize("clock_set", [False, True])
def test_second_stop_kills_unresponsive_job_and_its_children(tmp_path, damaged, clock_set):
    folder = JobFolder(tmp_path / "deaf")
    folder.write_request(FakeJob())
    process = subprocess.Popen([sys.executable, "-c", UNRESPONSIVE, str(folder.path)], stdout=subprocess.PIPE)
    assert process.stdout
    child = psutil.Process(int(process.stdout.readline()))
    if damaged:
        (folder.path / "state.json").write_text("{")
    if clock_set:  # as an earlier version recorded it, before the system clock was set
        document = folder.process()
        assert document is not None
        moved = document.model_copy(update={"created": document.created - 7200, "started": None})
        moved.write(folder.path / "process.json")
    stop_job(folder)
    assert folder.state() == "stopping"
    stop_job(folder)
    assert (folder.state(), folder.message()) == ("stopped", "Ended at once by a second stop.")
    assert not folder.is_alive()
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    process.wait()


def test_second_stop_of_job_on_another_machine_raises_job_error(tmp_path):
    folder = JobFolder(tmp_path / "remote")
    folder.write_request(FakeJob())
    JobProcess(host="elsewhere", pid=1, created=0.0).write(folder.path / "process.json")
    with folder.lock():
        stop_job(folder)
        with pytest.raises(JobError, match="remote runs on elsewhere and can only be ended at once from there"):
            stop_job(folder)


def test_second_stop_without_known_process_raises_job_error(tmp_path):
    folder = JobFolder(tmp_path / "new")
    folder.write_request(FakeJob())
    with folder.lock():
        stop_job(folder)
        with pytest.raises(JobError, match="new can't be ended at once: its process is not known yet"):
            stop_job(folder)


def test_second_stop_of_a_process_that_is_not_the_recorded_one_raises_job_error(tmp_path):
    folder = JobFolder(tmp_path / "reused")
    folder.write_request(FakeJob())
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    folder.write_process(child.pid)
    document = folder.process()
    assert document is not None
    document.model_copy(update={"started": 0, "created": 0.0}).write(folder.path / "process.json")
    with folder.lock():
        stop_job(folder)
        with pytest.raises(JobError, match="is not the one that was recorded"):
            stop_job(folder)
    assert child.poll() is None
    child.kill()
    child.wait()


def test_read_only_folder_of_jobs_is_one_sentence(workspace, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "mkdir", fail)
    with pytest.raises(JobError, match=r"^fake can't take requests\. The file system is read-only"):
        run_in_process(FakeJob(), workspace)


def test_error_of_the_file_system_within_a_job_is_the_state(workspace):
    error = OSError(errno.EDQUOT, os.strerror(errno.EDQUOT), "/patients/secret")
    with pytest.raises(OSError):  # noqa: PT011
        run_in_process(failing(error), workspace)
    message = "The quota on this disk is used up. Make room and try again."
    assert JobFolder(workspace.data / "fake").message() == message
