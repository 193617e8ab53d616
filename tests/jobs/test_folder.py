import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from builders.waiting import wait_until
from mammo_core.errors import JobError
from mammo_core.jobs import folder as folder_module
from mammo_core.jobs.folder import JobFolder, duration

HOLD = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def job(tmp_path):
    folder = JobFolder(tmp_path / "run")
    folder.write_request("train", {"n": 1})
    return folder


def test_state_requested_but_not_started_is_queued(job):
    assert job.state() == "queued"
    assert job.request() == {"kind": "train", "arguments": {"n": 1}}


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
    assert "killed" in job.message()


def test_state_killed_process_is_crashed(job):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(job.path / "work.lock")], stdout=subprocess.PIPE)
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


def test_write_request_while_job_is_active_raises_job_error(job):
    with pytest.raises(JobError, match="already being worked on"):
        job.write_request("train", {})


def test_new_request_clears_stop_signal_and_progress(job):
    job.request_stop()
    job.write_progress({"done": 1, "total": 2})
    job.write_state("stopped")
    job.write_request("train", {})
    assert not job.stop_requested()
    assert job.progress() == {}


def test_progress_text_and_fraction(job):
    job.write_progress({"done": 1200, "total": 2400, "quarantined": 3, "images_per_second": 50.0, "seconds_left": 24.0})
    assert job.fraction() == 0.5
    assert job.progress_text() == "1,200 of 2,400 images · 3 quarantined · 50.0 images/s · 24 s left"


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_duration(seconds, words):
    assert duration(seconds) == words


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
    job.write_request("train", {})
    assert not (job.path / "process.json").exists()


@pytest.mark.parametrize("ask", [lambda job: job.write_request("train", {}), lambda job: job.stop()])
def test_request_or_stop_on_full_disk_raises_job_error(job, monkeypatch, ask):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    job.write_state("finished")
    monkeypatch.setattr(folder_module, "write_json", full)
    monkeypatch.setattr(folder_module, "write_bytes", full)
    with pytest.raises(JobError, match="The disk is full, so run can't"):
        ask(job)


def test_progress_text_phase_or_stopping_has_no_time_left(job):
    job.write_progress({"done": 9, "total": 9, "unit": "steps", "phase": "Judging the best model", "seconds_left": 0.0})
    assert job.progress_text() == "Judging the best model …"
    job.write_progress({"done": 1000, "total": 2000, "phase": "Loading images"})
    assert job.progress_text() == "Loading images · 1,000 of 2,000 images …"
    job.write_progress({"done": 1, "total": 2, "unit": "steps", "seconds_left": 60.0})
    job.write_state("running")
    with job.lock():
        assert job.progress_text() == "1 of 2 steps · 1 min 0 s left"
        job.write_progress({"done": 2, "total": 2, "unit": "steps", "seconds_left": 0.0})
        assert job.progress_text() == "2 of 2 steps"
        job.write_progress({"done": 1, "total": 2, "unit": "steps", "seconds_left": 60.0})
        job.request_stop()
        assert job.progress_text() == "1 of 2 steps"
