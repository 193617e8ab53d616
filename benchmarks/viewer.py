"""Measure the viewer of mammograms in a browser without a graphics card.

    python -m benchmarks.viewer [--repeats 5]

A server of its own shows exams of four files of 2776 × 2082 pixels; headless Chromium (Debian: `apt-get install chromium`)
opens them at 1440 × 900. Times are medians. The exit status is 1 if a target is missed.

- first paint: from a click on Next or Previous until all images of the exam are drawn. Warm: the server has sent them before.
- first bytes: of the pixels, as they are sent, before anything is zoomed.
- redraw: from a change of the window until the views are drawn, for each view.
- memory: of the browser's processes, after ten other exams, relative to that after the first; and the same with all pixels of
  every exam. That browser is driven without Playwright, see `_plain_browser`.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, Response

from benchmarks._plain_browser import PlainPage, plain_page
from benchmarks._report import Report
from benchmarks._server import server
from benchmarks.pages import IDLE, SETTLE_MS, VIEWER, browser_page, seconds
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import FULL_GRID, DemoSpec

EXAMS, CHANGES = 10, 20
FIRST_S, FIRST_BYTES, REDRAW_MS, GROWTH = 1.5, 4_000_000, 40.0, 1.2

# JavaScript within the component's own tree
ROOT = "[...document.querySelectorAll('*')].map((e) => e.shadowRoot?.querySelector('.viewer')).find(Boolean)"
LABEL = f"() => {ROOT}?.querySelector('.stage[data-state=complete] .name small')?.textContent"
OTHER_EXAM = f"(before) => ![undefined, before].includes(({LABEL})())"
IDLE_NOW = f"document.querySelector('{IDLE}') !== null"
CLICK_NEXT = """[...document.querySelectorAll("[data-testid=stMain] button")].find(
    (button) => button.innerText.startsWith("Next")).click()"""
SHOW_ALL_PIXELS = f"""(() => {{
    performance.clearResourceTimings()
    const zoom = {ROOT}.querySelector("select[aria-label=Zoom]")
    zoom.value = "pixels"
    zoom.dispatchEvent(new Event("change"))
}})()"""
ALL_FETCHED = """performance.getEntriesByType("resource").filter(
    ({ name, responseEnd }) => name.endsWith("/complete") && responseEnd).length === 4"""
CHANGE_WINDOW = f"""async (changes) => {{
    const cell = {ROOT}.querySelector(".cell")
    performance.clearMeasures()
    for (let number = 0; number < changes; number++) {{
        cell.dispatchEvent(new KeyboardEvent("keydown", {{ key: number % 2 ? "[" : "]", bubbles: true }}))
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
    }}
    return performance.getEntriesByName("viewer redraw").map(({{ duration, detail }}) => duration / detail)
}}"""


class Transfers:
    """The bytes of pixels that a page fetched.

    Args:
        page: whose answers are counted.
    """

    def __init__(self, page: Page) -> None:
        self.sizes: list[int] = []
        page.on("response", self._count)

    def _count(self, response: Response) -> None:
        if "/pixels/" in response.url:
            self.sizes.append(int(response.headers["content-length"]))


def go(page: Page, button: str) -> float:
    """Return the seconds from a click on a button until the exam's images are drawn.

    The button is Next or Previous.
    """
    page.wait_for_selector(IDLE)
    page.wait_for_timeout(SETTLE_MS)
    before = page.evaluate(LABEL)
    control = page.get_by_test_id("stMain").get_by_role("button", name=button)
    return seconds(control.click, lambda: page.wait_for_function(OTHER_EXAM, arg=before))


def measure_paint(report: Report, page: Page, transfers: Transfers, repeats: int) -> None:
    """Go from one exam to the next and back."""
    cold, warm, sizes = [], [], []
    for _ in range(repeats):
        transfers.sizes.clear()
        cold.append(go(page, "Next"))
        sizes.append(sum(transfers.sizes))
        go(page, "Previous")
        warm.append(go(page, "Next"))
    report.add("exam that wasn't decoded before", f"{statistics.median(cold):.2f} s")
    taken, most = statistics.median(warm), max(sizes)
    report.add("warm exam: click to first complete paint", f"{taken:.2f} s", f"<= {FIRST_S:g} s", taken <= FIRST_S)
    report.add(
        f"pixels of an exam, largest of {repeats}",
        f"{most / 1e6:.2f} MB",
        f"<= {FIRST_BYTES / 1e6:g} MB",
        most <= FIRST_BYTES,
    )


def measure_redraw(report: Report, page: Page) -> None:
    """Change the window of the linked views."""
    times = page.evaluate(CHANGE_WINDOW, CHANGES)
    taken = statistics.median(times)
    report.add("redraw of a view, software rendering", f"{taken:.1f} ms", f"<= {REDRAW_MS:g} ms", taken <= REDRAW_MS)


def next_exam(page: PlainPage) -> None:
    """Click Next, and wait until the exam's images are drawn."""
    page.wait(IDLE_NOW)
    time.sleep(SETTLE_MS / 1000)
    before = json.dumps(page.evaluate(f"({LABEL})()"))
    page.evaluate(CLICK_NEXT)
    page.wait(f"({OTHER_EXAM})({before})")
    page.wait(IDLE_NOW)


def load_all_pixels(page: PlainPage) -> None:
    """Zoom until the browser fetches all pixels, and wait for those of all four files."""
    page.evaluate(SHOW_ALL_PIXELS)
    page.wait(f"{ALL_FETCHED} && ({LABEL})() !== undefined")


def measure_memory(report: Report, page: PlainPage, *, zoomed: bool) -> None:
    """Look at ten exams, one after the other.

    Args:
        report: where the figure is added.
        page: with the first exam, before anything is zoomed.
        zoomed: whether all pixels of each exam are loaded.
    """
    sizes = []
    for number in range(EXAMS + 1):
        if number:
            next_exam(page)
        if zoomed:
            load_all_pixels(page)
        if number in (0, EXAMS):
            sizes.append(page.bytes())
    first, last = sizes
    name = f"browser's memory after {EXAMS} exams{', all pixels' if zoomed else ''}"
    value = f"{last / first:.2f} × the first's {first / 2**20:,.0f} MiB"
    report.add(name, value, f"<= {GROWTH:g}", last / first <= GROWTH)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    report = Report()
    rows, columns = FULL_GRID
    with tempfile.TemporaryDirectory(prefix="mammo-viewer-") as name:
        spec = DemoSpec(patients=repeats + 8, seed=9, rows=rows, columns=columns, nuisances=False)
        generate(Path(name) / "data" / "full", spec)
        with server(Path(name)) as url, browser_page() as page:
            transfers = Transfers(page)
            page.goto(f"{url}/exams?dataset=full")
            page.locator(VIEWER).wait_for()
            measure_redraw(report, page)
            measure_paint(report, page, transfers, repeats)
        for zoomed in (False, True):
            with server(Path(name)) as url, plain_page(f"{url}/exams?dataset=full") as plain:
                plain.wait(f"({LABEL})() !== undefined")
                measure_memory(report, plain, zoomed=zoomed)
    return report.summarise()


if __name__ == "__main__":
    sys.exit(main())
