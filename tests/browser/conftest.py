"""A real server on demo data, and a real browser. What is missing fails the tests; nothing is skipped."""

import shutil

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from builders.server import Server, run_command
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec

expect.set_options(timeout=60_000)  # the first prediction loads TensorFlow
CHROMIUM_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def workplace(tmp_path_factory):
    """A folder with a synthetic data set, imported; no model of its own."""
    folder = tmp_path_factory.mktemp("browser")
    generate(folder / "data" / "demo", DemoSpec(patients=24, seed=8, prevalence=0.4))
    run_command(folder, "import", "demo")
    return folder


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
def page(browser: Browser) -> Page:
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.set_default_timeout(60_000)
    return opened
