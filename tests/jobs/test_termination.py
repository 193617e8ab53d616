import os
import signal
import subprocess
import sys
import threading

import pytest

from builders.jobs import FakeJob
from builders.waiting import wait_until
from mammo_core.documents.job import StoppedJob
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.process import run_in_process
from mammo_core.jobs.spec import JobOutcome
from mammo_core.jobs.termination import stop_at_termination

STUBBORN = """
import sys, time
from pathlib import Path
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.termination import stop_at_termination
with stop_at_termination(JobFolder(Path(sys.argv[1]))):
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without asking")
def test_sigterm_requests_the_stop_of_the_job_that_runs(workspace):
    def call(context):
        os.kill(os.getpid(), signal.SIGTERM)
        assert context.should_stop()
        return JobOutcome("stopped", "Stopped.", StoppedJob(message="Stopped."))

    before = signal.getsignal(signal.SIGTERM)
    run_in_process(FakeJob(call=call), workspace)
    assert JobFolder(workspace.data / "fake").written_state().state == "stopped"
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without asking")
def test_second_sigterm_ends_a_job_that_does_not_stop(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", STUBBORN, tmp_path], stdout=subprocess.PIPE)
    process.stdout.readline()
    process.terminate()
    wait_until((tmp_path / "stop").exists)
    assert process.poll() is None
    process.terminate()
    assert process.wait(30) == -signal.SIGTERM
    process.stdout.close()


def test_stop_at_termination_in_another_thread_changes_no_signal(tmp_path):
    seen = []

    def run():
        with stop_at_termination(JobFolder(tmp_path)):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]
