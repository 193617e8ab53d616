"""Drive Chromium by its own protocol, so that it keeps nothing that pages fetch.

Playwright follows the network of every page, for which the browser keeps some 200 MB of answers: more than a page holds itself.
"""

import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from websockets.sync.client import ClientConnection, connect

PATIENCE = 120  # seconds until something is there, on a machine that may be busy
SETTLE = 1.5  # seconds after a garbage collection
ANY_PORT = "DevToolsActivePort"  # the file in which the browser states where it listens


class PlainPage:
    """The only page of a browser.

    Args:
        connection: to the page.
        browser: the browser's first process.
    """

    def __init__(self, connection: ClientConnection, browser: psutil.Process) -> None:
        self.connection = connection
        self.browser = browser
        self.numbers = itertools.count(1)

    def send(self, method: str, **parameters: Any) -> Any:
        """Return the answer to a command of the Chrome DevTools Protocol."""
        number = next(self.numbers)
        self.connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.connection.recv(timeout=PATIENCE))
            if message.get("id") == number:
                return message["result"]

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def wait(self, expression: str) -> None:
        """Wait until a JavaScript expression is true."""
        deadline = time.monotonic() + PATIENCE
        while not self.evaluate(expression):
            if time.monotonic() > deadline:
                raise TimeoutError(expression)
            time.sleep(0.1)

    def bytes(self) -> int:
        """Return the memory of all of the browser's processes, in bytes.

        Garbage and what the processes share are left out.
        """
        self.send("HeapProfiler.collectGarbage")
        time.sleep(SETTLE)
        processes = [self.browser, *self.browser.children(recursive=True)]
        return sum(process.memory_full_info().uss for process in processes)


@contextmanager
def plain_page(url: str) -> Iterator[PlainPage]:
    """Open a page in headless Chromium at 1440 × 900 until the `with` block ends."""
    path = shutil.which("chromium")
    if path is None:
        sys.exit("Chromium isn't installed (Debian: apt-get install chromium).")
    with tempfile.TemporaryDirectory(prefix="mammo-browser-", ignore_cleanup_errors=True) as profile:
        options = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-port=0",
            "--window-size=1440,900",
        ]
        command = [path, *options, f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with connect(_address(Path(profile)), max_size=None) as connection:
                page = PlainPage(connection, psutil.Process(process.pid))
                page.send("Page.navigate", url=url)
                yield page
        finally:
            process.terminate()
            process.wait()


def _address(profile: Path) -> str:
    """Return the address of the page's own connection, once the browser listens."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if (profile / ANY_PORT).exists() and (lines := (profile / ANY_PORT).read_text().splitlines()):
            with urllib.request.urlopen(f"http://127.0.0.1:{lines[0]}/json", timeout=PATIENCE) as answer:
                pages = [target for target in json.load(answer) if target["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
        time.sleep(0.1)
    raise TimeoutError("the browser doesn't answer")
