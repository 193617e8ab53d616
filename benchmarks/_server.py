"""Run the app for a benchmark, in a workspace of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mammo_core.settings import PROJECT


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of processes that work in the folder."""
    return {**os.environ, "MAMMO_DATA": str(folder / "data"), "MAMMO_MODELS": str(folder / "models")}


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run the app on a free port until the `with` block ends, and return its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.headless",
        "true",
        "--server.port",
        str(port),
    ]
    process = subprocess.Popen(command, cwd=PROJECT, env=environment(folder), stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1)
                break
            except OSError:
                if process.poll() is not None:
                    sys.exit("The server ended.")
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
