"""Run the server as the first process of a container: `python -m deployment.serve [options of streamlit run]`.

A container ends all its processes at once when the first one ends. So when this one is asked to end, it asks the jobs to
stop, ends the server, and waits until the jobs have saved what they have.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from mammo_core.errors import StorageError
from mammo_core.jobs.runs import active_jobs
from mammo_core.settings import PROJECT
from mammo_core.workspace import Workspace

# Without its welcome, for which Streamlit would ask another host for the address of this one.
SERVER = [sys.executable, "-m", "streamlit", "run", "app.py", "--logger.hideWelcomeMessage=true"]
JOB_SECONDS = 60.0  # a training may take so long to save its best model; the container's own limit should be longer
POLL_SECONDS = 0.5


def serve(command: list[str], workspace: Workspace) -> int:
    """Run the server until it ends or this process is asked to; return its exit status."""
    server = subprocess.Popen(command, cwd=PROJECT)
    handle = stop_handler(server, workspace)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    status = server.wait()
    wait_for_jobs(workspace, JOB_SECONDS)
    return 0 if status == -signal.SIGTERM else status  # it was asked to end


def stop_handler(server: "subprocess.Popen[bytes]", workspace: Workspace) -> Callable[[int, FrameType | None], None]:
    """Return the function that stops jobs and server when a signal comes."""

    def stop(number: int, frame: FrameType | None) -> None:
        for job in active_jobs(workspace):
            with suppress(StorageError):
                job.request_stop()
        server.terminate()

    return stop


def wait_for_jobs(workspace: Workspace, seconds: float) -> None:
    """Wait until the jobs that were asked to stop have ended, at most some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(job.stop_requested() for job in active_jobs(workspace)):
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    sys.exit(serve([*SERVER, *sys.argv[1:]], Workspace.from_environment()))
