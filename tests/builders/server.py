"""A real server: `streamlit run app.py` on a free port of 127.0.0.1."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 120  # seconds until it answers, on a machine that may be busy
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def server_environment(folder: Path) -> dict[str, str]:
    """Return the environment of a server whose data and models lie in a folder."""
    return {**os.environ, "MAMMO_DATA": str(folder / "data"), "MAMMO_MODELS": str(folder / "models")}


def run_command(folder: Path, *words: str) -> None:
    """Run a command of the command line on a server's data and models."""
    subprocess.run([sys.executable, "-m", "mammo_core", *words], cwd=ROOT, env=server_environment(folder), check=True)


def free_port() -> int:
    """Return a port of 127.0.0.1 where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Server:
    """A server in a process of its own; may be killed and started again.

    Args:
        folder: holds its data and models.
        options: of `streamlit run`.
        variables: added to its environment.
        port: where it listens; None for a free one.
    """

    def __init__(
        self, folder: Path, *options: str, variables: Mapping[str, str] | None = None, port: int | None = None
    ) -> None:
        self.port = port or free_port()
        self.folder = folder
        self.options = options
        self.variables = variables or {}
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port), *self.options]
        self.process = subprocess.Popen(command, cwd=ROOT, env=server_environment(self.folder) | self.variables)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1)
                return
            except OSError:
                assert self.process.poll() is None, "the server has ended"
                assert time.monotonic() < deadline, "the server doesn't answer"
                time.sleep(0.2)

    def status(self, path: str, headers: Mapping[str, str], method: str = "GET") -> int:
        """Return the status of the answer to a request, with exactly these headers."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        status = connection.getresponse().status
        connection.close()
        return status

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
