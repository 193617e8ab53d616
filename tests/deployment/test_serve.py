"""The first process of a container, with another command in the place of the server."""

import os
import signal
import sys
import time
from threading import Timer

import pytest

from builders.jobs import FakeJob
from deployment.serve import serve, wait_for_jobs
from mammo_core.jobs.folder import JobFolder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="containers run Linux")
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture(autouse=True)
def keep_signals():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def job(workspace):
    """Return the folder of a job that seems to run until its lock is released."""
    folder = JobFolder(workspace.models / "run")
    folder.write_request(FakeJob(name="run"))
    folder.write_state("running")
    return folder


def test_serve_sigterm_stops_jobs_and_server(workspace, job):
    Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
    Timer(2.0, job.write_state, ("stopped",)).start()
    began = time.monotonic()
    with job.lock():
        assert serve(SLEEP, workspace) == 0
    assert job.stop_requested()
    assert 1.5 < time.monotonic() - began < 30  # it waited for the job


def test_serve_passes_the_status_of_the_server_on(workspace):
    assert serve([sys.executable, "-c", "raise SystemExit(3)"], workspace) == 3


def test_wait_for_jobs_gives_up_after_its_time_and_ignores_jobs_without_a_request(workspace, job):
    with job.lock():
        began = time.monotonic()
        wait_for_jobs(workspace, 10)
        assert time.monotonic() - began < 1
        job.request_stop()
        wait_for_jobs(workspace, 1)
        assert 1 <= time.monotonic() - began < 5
