import errno
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from builders.jobs import DONE, FakeJob
from builders.waiting import wait_until
from mammo_core.documents import base
from mammo_core.documents.job import JobProcess
from mammo_core.documents.progress import Progress
from mammo_core.errors import JobError, StorageError
from mammo_core.jobs import folder as folder_module
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.process import run_in_process, stop_job
from mammo_core.storage.locks import SOFT_LOCK_NOTE

HOLD_LOCK = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""
JOB = FakeJob(name="run")


@pytest.fixture
def job(tmp_path):
    folder = JobFolder(tmp_path / "run")
    folder.write_request(JOB)
    return folder


def test_state_requested_but_not_started_is_queued(job):
    assert job.state() == "queued"
    assert job.kind() == "demo"


def test_state_process_never_started_is_crashed(job, monkeypatch):
    monkeypatch.setattr(folder_module, "STARTING_SECONDS", 0.0)
    assert job.state() == "crashed"


def test_state_running_only_while_lock_is_held(job):
    job.write_state("running")
    with job.lock():
        assert job.state() == "running"
        job.request_stop()
        assert job.state() == "stopping"
    assert job.state() == "crashed"
    assert "The process ended unexpectedly: it was killed" in job.message()


def test_state_killed_process_is_crashed(job):
    process = subprocess.Popen([sys.executable, "-c", HOLD_LOCK, str(job.path / "work.lock")], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    job.write_state("running")
    assert job.state() == "running"
    process.kill()
    wait_until(lambda: job.state() == "crashed", 5)
    process.wait()


def test_state_final_state_persists(job):
    job.write_state("finished", "Done.")
    assert job.state() == "finished"
    assert job.message() == "Done."


@pytest.mark.parametrize("text", ["{", "[]", '{"state": "dancing", "message": "", "time": 0}', "{}"])
def test_state_unreadable_file_is_unreadable_with_reason(job, text):
    (job.path / "state.json").write_text(text)
    assert job.state() == "unreadable"
    assert "state.json" in job.message()


def test_state_file_of_earlier_version_is_read(job):
    (job.path / "state.json").write_text('{"state": "stopped", "message": "Stopped.", "time": 1.5}')
    assert (job.state(), job.message()) == ("stopped", "Stopped.")


def test_write_request_over_unreadable_state_needs_a_free_lock(job):
    (job.path / "state.json").write_text("{")
    with job.lock(), pytest.raises(JobError, match="already running in"):
        job.write_request(JOB)
    job.write_request(JOB)
    assert job.state() == "queued"


def test_state_unreadable_file_of_living_job_is_running_and_can_be_stopped(job):
    (job.path / "state.json").write_text("{")
    with job.lock():
        assert job.state() == "running"
        assert "state.json" in job.message()
        stop_job(job)
        assert job.state() == "stopping"
    assert job.state() == "unreadable"


def test_write_request_while_job_is_active_raises_job_error(job):
    with pytest.raises(JobError, match="already running in"):
        job.write_request(JOB)


def test_new_request_clears_stop_signal_and_progress(job):
    job.request_stop()
    job.write_progress(Progress(done=1, total=2))
    job.write_state("stopped")
    job.write_request(JOB)
    assert not job.stop_requested()
    assert job.progress() is None


def test_changed_at_follows_the_state_file(job, tmp_path):
    os.utime(job.path / "state.json", (5.0, 5.0))
    assert job.changed_at() == 5.0
    assert JobFolder(tmp_path / "nothing").changed_at() == 0.0


def test_state_concurrent_readers_of_dead_job_all_see_crashed(job):
    job.write_state("running")
    with job.lock():
        assert job.state() == "running"

    def look(_):
        return {job.state() for _ in range(200)}

    with ThreadPoolExecutor(8) as pool:
        assert set().union(*pool.map(look, range(8))) == {"crashed"}


def test_state_process_killed_before_locking_is_crashed(job):
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    job.write_process(process.pid)
    assert job.state() == "queued"
    process.kill()
    wait_until(lambda: job.state() == "crashed", 5)  # though nobody has waited for the process yet
    process.wait()
    assert job.state() == "crashed"


def test_new_request_removes_previous_process_file(job):
    job.write_process()
    job.write_state("finished")
    job.write_request(JOB)
    assert job.process() is None


@pytest.mark.parametrize("ask", [lambda job: job.write_request(JOB), stop_job])
def test_request_or_stop_on_full_disk_raises_job_error(job, monkeypatch, ask):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    job.write_state("finished")
    monkeypatch.setattr(base, "write_json", full)
    monkeypatch.setattr(folder_module, "write_bytes", full)
    with pytest.raises(JobError, match="The disk is full, so run can't"):
        ask(job)


@pytest.mark.parametrize("final", ["finished", "stopped", "failed", "diverged"])
def test_write_request_keeps_bytes_that_every_end_of_the_job_frees(job, final):
    reserve = job.path / "reserve"
    assert reserve.stat().st_size == 16_384
    job.write_state("running")
    assert reserve.exists()
    job.write_state(final)
    assert not reserve.exists()
    job.write_request(JOB)
    assert reserve.exists()


def test_write_request_on_a_disk_without_room_for_the_end_changes_nothing(job, monkeypatch):
    def full(path, *_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    job.write_state("stopped", "Stopped on request.")
    job.request_stop()
    before = {path.name: path.read_bytes() for path in job.path.iterdir() if path.suffix != ".lock"}
    monkeypatch.setattr(folder_module, "write_bytes", full)
    with pytest.raises(JobError, match="The disk is full, so run can't"):
        job.write_request(JOB)
    assert {path.name: path.read_bytes() for path in job.path.iterdir() if path.suffix != ".lock"} == before


def test_progress_text_before_first_progress_depends_on_state(job):
    assert job.progress_text() == "Starting a process …"
    job.write_state("queued")
    with job.lock():
        assert job.progress_text() == "Waiting for its turn …"
    job.write_state("running")
    with job.lock():
        assert job.progress_text() == "Starting …"
    assert job.fraction() == 0.0


def test_progress_text_unreadable_file_is_as_before_the_first(job):
    job.write_state("running")
    (job.path / "progress.json").write_text('{"done": 1}')
    with job.lock():
        assert job.progress_text() == "Starting …"


def test_progress_text_of_stopping_or_ended_job_has_no_time_left(job):
    job.write_state("running")
    job.write_progress(Progress(done=1, total=2, unit="steps", seconds_left=60.0))
    with job.lock():
        assert job.progress_text() == "1 of 2 steps · 1 min 0 s left"
        job.request_stop()
        assert job.progress_text() == "Finishing what has begun · 1 of 2 steps"
    job.write_state("stopped")
    assert job.progress_text() == "1 of 2 steps"
    assert job.fraction() == 0.5


def test_age_text_tells_when_progress_was_written(job):
    assert job.age_text() == ""
    job.write_progress(Progress(done=1, total=2))
    path = job.path / "progress.json"
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 65))
    assert job.age_text() in ("updated 1 min 5 s ago", "updated 1 min 6 s ago")


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK])
def test_job_without_kernel_locks_runs_and_says_so(workspace, monkeypatch, number):
    import fcntl

    def fail(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", fail)
    seen = []

    def run(context):
        folder = JobFolder(context.folder)
        seen.append((folder.state(), folder.message()))
        return DONE

    assert run_in_process(FakeJob(call=run), workspace) == DONE
    folder = JobFolder(workspace.data / "fake")
    assert seen == [("running", SOFT_LOCK_NOTE)]
    assert (folder.state(), folder.message()) == ("finished", "Done.")


def test_state_lock_that_the_file_system_cannot_check_is_unreadable(job, monkeypatch):
    def fail(_):
        raise StorageError(errno.EIO, "The drive reports an input or output error.")

    job.write_state("running")
    monkeypatch.setattr(folder_module, "is_locked", fail)
    assert (job.state(), job.message()) == ("unreadable", "The drive reports an input or output error.")


def test_living_process_after_the_clock_was_set_is_found(monkeypatch):
    document = JobProcess(
        host=socket.gethostname(), pid=os.getpid(), created=0.0, started=folder_module.started_after_boot(os.getpid())
    )
    process = folder_module.living_process(document)
    assert process is not None
    assert process.pid == os.getpid()


def test_living_process_another_start_is_another_process():
    started = folder_module.started_after_boot(os.getpid())
    assert started is not None
    document = JobProcess(
        host=socket.gethostname(), pid=os.getpid(), created=psutil.Process().create_time(), started=started - 1
    )
    assert folder_module.living_process(document) is None
