"""A real server on demo data, and a real browser. What is missing fails the tests; nothing is skipped."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec

ROOT = Path(__file__).parents[2]
expect.set_options(timeout=60_000)  # the first prediction loads TensorFlow
CHROMIUM_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def workplace(tmp_path_factory):
    """A folder with a synthetic data set, imported; no model of its own."""
    folder = tmp_path_factory.mktemp("browser")
    generate(folder / "data" / "demo", DemoSpec(patients=24, seed=8, prevalence=0.4))
    command = [sys.executable, "-m", "mammo_core", "import", "demo"]
    subprocess.run(command, cwd=ROOT, env=environment(folder), check=True)
    return folder


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "MAMMO_DATA": str(folder / "data"), "MAMMO_MODELS": str(folder / "models")}


class Server:
    """`streamlit run app.py` on a free port; may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = folder
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment(self.folder))
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1)
                return
            except OSError:
                assert time.monotonic() < deadline, "the server doesn't answer"
                time.sleep(0.2)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def server(workplace):
    running = Server(workplace)
    yield running
    running.kill()


@pytest.fixture(scope="session")
def browser():
    path = shutil.which("chromium")
    assert path, "chromium isn't installed (Debian: apt-get install chromium)"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, server: Server) -> Page:
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.set_default_timeout(60_000)
    return opened
