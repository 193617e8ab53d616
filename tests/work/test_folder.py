import errno
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mammo_core.errors import WorkError
from mammo_core.work import folder as folder_module
from mammo_core.work.folder import WorkFolder, duration

HOLD = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def work(tmp_path):
    folder = WorkFolder(tmp_path / "run")
    folder.write_request("train", {"n": 1})
    return folder


def test_asked_for_but_not_begun_is_queued(work):
    assert work.state() == "queued"
    assert work.request() == {"kind": "train", "arguments": {"n": 1}}


def test_a_process_that_never_came_is_crashed(work, monkeypatch):
    monkeypatch.setattr(folder_module, "STARTING_SECONDS", 0.0)
    assert work.state() == "crashed"


def test_running_is_only_true_while_the_lock_is_held(work):
    work.write_state("running")
    with work.lock():
        assert work.state() == "running"
        work.request_stop()
        assert work.state() == "stopping"
    assert work.state() == "crashed"
    assert "killed" in work.message()


def test_a_killed_process_shows_as_crashed_at_once(work):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(work.path / "work.lock")], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    work.write_state("running")
    assert work.state() == "running"
    process.kill()
    deadline = time.monotonic() + 5
    while work.state() == "running" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert work.state() == "crashed"
    process.wait()


def test_a_final_state_stays(work):
    work.write_state("finished", "Done.")
    assert work.state() == "finished"
    assert work.message() == "Done."


def test_no_second_request_while_one_lives(work):
    with pytest.raises(WorkError, match="already being worked on"):
        work.write_request("train", {})


def test_a_new_request_forgets_stop_and_progress(work):
    work.request_stop()
    work.write_progress({"done": 1, "total": 2})
    work.write_state("stopped")
    work.write_request("train", {})
    assert not work.stop_requested()
    assert work.progress() == {}


def test_progress_in_words(work):
    work.write_progress(
        {"done": 1200, "total": 2400, "quarantined": 3, "images_per_second": 50.0, "seconds_left": 24.0}
    )
    assert work.fraction() == 0.5
    assert work.progress_text() == "1,200 of 2,400 images · 3 quarantined · 50.0 images/s · 24 s left"


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_duration(seconds, words):
    assert duration(seconds) == words


def test_those_who_look_at_a_dead_folder_do_not_see_one_another(work):
    work.write_state("running")
    with work.lock():
        assert work.state() == "running"

    def look(_):
        return {work.state() for _ in range(200)}

    with ThreadPoolExecutor(8) as pool:
        assert set().union(*pool.map(look, range(8))) == {"crashed"}


def test_a_launched_process_that_died_before_its_lock_is_crashed_at_once(work):
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    work.write_process(process.pid)
    assert work.state() == "queued"
    process.kill()
    deadline = time.monotonic() + 5
    while work.state() == "queued" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert work.state() == "crashed"  # though nobody has waited for the process yet
    process.wait()
    assert work.state() == "crashed"


def test_a_request_knows_nothing_of_the_process_before(work):
    work.write_process()
    work.write_state("finished")
    work.write_request("train", {})
    assert not (work.path / "process.json").exists()


@pytest.mark.parametrize("ask", [lambda work: work.write_request("train", {}), lambda work: work.stop()])
def test_a_full_disk_is_named_to_the_one_who_asks(work, monkeypatch, ask):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    work.write_state("finished")
    monkeypatch.setattr(folder_module, "write_json", full)
    monkeypatch.setattr(folder_module, "write_bytes", full)
    with pytest.raises(WorkError, match="The disk is full, so run can't"):
        ask(work)


def test_a_phase_has_no_time_left_and_neither_has_a_run_that_stops(work):
    work.write_progress(
        {"done": 9, "total": 9, "unit": "steps", "phase": "Judging the best model", "seconds_left": 0.0}
    )
    assert work.progress_text() == "Judging the best model …"
    work.write_progress({"done": 1000, "total": 2000, "phase": "Loading images"})
    assert work.progress_text() == "Loading images · 1,000 of 2,000 images …"
    work.write_progress({"done": 1, "total": 2, "unit": "steps", "seconds_left": 60.0})
    work.write_state("running")
    with work.lock():
        assert work.progress_text() == "1 of 2 steps · 1 min 0 s left"
        work.write_progress({"done": 2, "total": 2, "unit": "steps", "seconds_left": 0.0})
        assert work.progress_text() == "2 of 2 steps"
        work.write_progress({"done": 1, "total": 2, "unit": "steps", "seconds_left": 60.0})
        work.request_stop()
        assert work.progress_text() == "1 of 2 steps"
