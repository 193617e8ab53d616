"""Measure how long people wait for what they came for, in a real browser.

    python -m benchmarks.pages [--repeats 5]

A server of its own shows a demo data set, and a table of 54,706 images without pixels, as large as RSNA's; headless Chromium
(Debian: `apt-get install chromium`) opens the pages at 1440 × 900. Each time is a median. The exit status is 1 if a target
is missed.

- page: from a click on its name to its first useful content, which is a chart, a mammogram, a table or a button. Opened by
  its address, a page costs the start of Streamlit's own program in the browser as well, so that figure has no target.
- 54,706 images: Explore, once a table is chosen that the server hasn't read, and after a click on a filter.
- Predict: from the drop of 60 files to the first answer, and to all; then the heatmaps off.
- jobs: from the click on Import to the first counted image, and from the click on Train to the first point of the curve.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks._report import Report
from benchmarks._server import environment, server
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import RSNA_PREVALENCE, DemoSpec
from mammo_core.phantoms.table import make_table
from mammo_core.settings import PROJECT

IMAGES, PATIENTS = 54_706, 12_300  # of the large table; enough patients for so many images
FILES = 60
VIEWER = ".viewer .stage[data-state=complete]"  # all images that are on the screen are drawn
CHART, PICTURE, TABLE = ".js-plotly-plot", "[data-testid=stImage] img", "[data-testid=stDataFrame]"
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
RUNNING = "[data-testid=stApp][data-test-script-state=running]"
SETTLE_MS = 500  # before a click, as a person looks first
USEFUL = {  # what people come for, by page
    "": "text=See a prediction on a demo exam",
    "explore?dataset=demo": CHART,
    "exams?dataset=demo": VIEWER,
    "data": "button:has-text('Create demo data')",
    "train": "button:has-text('Train')",
    "models": TABLE,
    "predict": "[data-testid=stFileUploader]",
}
PAGE_S, LARGE_COLD_S, LARGE_FILTER_S = 1.0, 2.0, 0.6
FIRST_ANSWER_S, ALL_ANSWERS_S, HEATMAP_S = 3.0, 25.0, 0.5
IMPORT_S, TRAIN_S = 6.0, 12.0
PATIENCE_MS = 180_000

# JavaScript that says whether something is there
OTHER_COUNT = """([text, before]) => [...document.querySelectorAll("p")].some(
    (p) => p.innerText.includes(text) && p.innerText !== before)"""
OTHER_PICTURE = "([selector, before]) => document.querySelector(selector)?.getAttribute('src') !== before"
COUNTED = "() => /[1-9][0-9,]* of [0-9,]+/.test(document.querySelector('[data-testid=stProgress]')?.innerText ?? '')"
POINT = """(chart) => document.querySelector("[data-testid=stMain]").innerText.includes("running")
    && (document.querySelector(chart)?.calcdata ?? []).some(([point]) => point?.x !== undefined)"""


def make_data(folder: Path, repeats: int) -> None:
    """Write the demo data set, and a large table for each first visit."""
    generate(folder / "data" / "demo", DemoSpec(patients=24, seed=8, prevalence=0.4))
    table = make_table(DemoSpec(patients=PATIENTS, seed=2022, prevalence=RSNA_PREVALENCE)).head(IMAGES)
    for number in range(repeats + 1):
        (folder / "data" / f"large{number}").mkdir()
        table.to_csv(folder / "data" / f"large{number}" / "train.csv", index=False)
    command = [sys.executable, "-m", "mammo_core", "import", "demo"]
    subprocess.run(command, cwd=PROJECT, env=environment(folder), check=True, stdout=subprocess.DEVNULL)


@contextmanager
def browser_page() -> Iterator[Page]:
    """Open a page of headless Chromium until the `with` block ends."""
    path = shutil.which("chromium")
    if path is None:
        sys.exit("Chromium isn't installed (Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        yield page
        browser.close()


def seconds(action: Callable[[], object], seen: Callable[[], object]) -> float:
    """Return the seconds from the start of an action until something is seen."""
    start = time.perf_counter()
    action()
    seen()
    return time.perf_counter() - start


def median(repeats: int, measure: Callable[[int], float]) -> float:
    """Return the median of measurements, without the first."""
    return statistics.median([measure(number) for number in range(repeats + 1)][1:])


def open_page(page: Page, address: str, useful: str) -> float:
    """Return the seconds until a page shows its first useful content.

    It is complete afterwards.
    """
    taken = seconds(lambda: page.goto(address), page.locator(useful).first.wait_for)
    page.wait_for_selector(IDLE)
    return taken


def follow_link(page: Page, name: str, useful: str) -> float:
    """Return the seconds from a click on a page's name to its first useful content.

    The page is complete afterwards.
    """
    page.wait_for_timeout(SETTLE_MS)
    link = page.get_by_test_id("stSidebarNav").get_by_role("link", name=name.capitalize(), exact=True)
    taken = seconds(link.click, page.locator(useful).first.wait_for)
    page.wait_for_selector(IDLE)
    return taken


def measure_pages(report: Report, page: Page, url: str, repeats: int) -> None:
    """Open each page of the demo data set, by its address and from another page."""
    for address, useful in USEFUL.items():
        name = address.partition("?")[0] or "overview"
        other = "overview" if address else "data"

        def visit(_: int, name: str = name, other: str = other, useful: str = useful) -> float:
            follow_link(page, other, USEFUL["" if other == "overview" else other])
            return follow_link(page, name, useful)

        taken = median(repeats, lambda _, address=address, useful=useful: open_page(page, f"{url}/{address}", useful))
        report.add(f"{name}, by its address", f"{taken:.2f} s")
        taken = median(repeats, visit)
        report.add(f"{name}, from another page", f"{taken:.2f} s", f"<= {PAGE_S:g} s", taken <= PAGE_S)


def measure_large_table(report: Report, page: Page, url: str, repeats: int) -> None:
    """Explore the large table for the first time, and filter it."""
    open_page(page, f"{url}/explore?dataset=demo", CHART)

    def choose(number: int) -> float:
        page.wait_for_timeout(SETTLE_MS)
        page.get_by_test_id("stSidebar").get_by_role("combobox", name="Data set").click()
        option = page.get_by_role("option", name=f"large{number}", exact=True)

        def see_charts() -> None:
            page.wait_for_selector(RUNNING)
            page.wait_for_selector(IDLE)
            page.locator(CHART).last.wait_for()

        return seconds(option.click, see_charts)

    taken = median(repeats, choose)
    report.add(f"{IMAGES:,} images: first visit", f"{taken:.2f} s", f"<= {LARGE_COLD_S:g} s", taken <= LARGE_COLD_S)

    def filter_by_label(number: int) -> float:
        label = ("positive", "negative")[number % 2]
        button = page.get_by_test_id("stButtonGroup").get_by_text(label, exact=True)
        text = f" of {IMAGES:,} images"
        caption = page.get_by_test_id("stMain").get_by_text(text)
        before = caption.inner_text() if caption.count() else ""
        taken = seconds(button.click, lambda: page.wait_for_function(OTHER_COUNT, arg=[text, before]))
        page.wait_for_selector(IDLE)
        return taken

    taken = median(repeats, filter_by_label)
    report.add(
        f"{IMAGES:,} images: click on a filter", f"{taken:.2f} s", f"<= {LARGE_FILTER_S:g} s", taken <= LARGE_FILTER_S
    )


def measure_predictions(report: Report, page: Page, url: str, files: list[Path], repeats: int) -> None:
    """Drop many files on Predict, and take the heatmaps away."""
    first, complete = [], []
    for _ in range(repeats + 1):
        page.goto(f"{url}/predict")
        page.locator("input[type=file]").wait_for(state="attached")
        page.wait_for_selector(IDLE)
        start = time.perf_counter()
        page.locator("input[type=file]").set_input_files(files)
        page.locator(f"{TABLE}, {PICTURE}").first.wait_for()
        first.append(time.perf_counter() - start)
        page.locator(PICTURE).first.wait_for()
        complete.append(time.perf_counter() - start)
        page.wait_for_selector(IDLE)
    for name, times, target in (("first", first, FIRST_ANSWER_S), ("all", complete, ALL_ANSWERS_S)):
        taken = statistics.median(times[1:])  # the first visit loads TensorFlow
        report.add(
            f"Predict, {FILES} files: {name} answer{'s' * (name == 'all')}",
            f"{taken:.2f} s",
            f"<= {target:g} s",
            taken <= target,
        )

    def toggle(_: int) -> float:
        before = page.locator(PICTURE).first.get_attribute("src")
        heatmap = page.get_by_test_id("stMain").get_by_text("Heatmap", exact=True)
        taken = seconds(heatmap.click, lambda: page.wait_for_function(OTHER_PICTURE, arg=[PICTURE, before]))
        page.wait_for_selector(IDLE)
        return taken

    taken = median(repeats, toggle)
    report.add("Predict: heatmaps on or off", f"{taken:.2f} s", f"<= {HEATMAP_S:g} s", taken <= HEATMAP_S)


def measure_jobs(report: Report, page: Page, url: str, repeats: int) -> None:
    """Import the demo data set, and train on it, from the pages."""
    main = page.get_by_test_id("stMain")

    def import_once(number: int) -> float:
        page.goto(f"{url}/data?dataset=demo")
        page.wait_for_selector(IDLE)
        main.get_by_role("button", name="Import", exact=True).first.click()
        dialog = page.get_by_role("dialog")
        name = dialog.get_by_role("textbox", name="Name")
        name.fill(f"copy{number}")
        name.press("Enter")
        page.wait_for_selector(IDLE)
        taken = seconds(
            dialog.get_by_role("button", name="Import", exact=True).click, lambda: page.wait_for_function(COUNTED)
        )
        page.locator("[data-testid=stProgress]").first.wait_for(state="detached")
        return taken

    def train_once(_: int) -> float:
        page.goto(f"{url}/train?store=demo")
        set_up = main.locator("details", has_text="New run")
        set_up.wait_for()
        page.wait_for_selector(IDLE)
        if set_up.get_attribute("open") is None:
            set_up.get_by_text("New run").click()
        button = main.get_by_role("button", name="Train", exact=True)
        button.wait_for()
        page.wait_for_selector(IDLE)
        taken = seconds(button.click, lambda: page.wait_for_function(POINT, arg=CHART))
        main.get_by_role("button", name="Stop", exact=True).click()
        main.get_by_role("button", name="Resume", exact=True).wait_for()  # it has ended, and the next one needn't wait
        return taken

    for name, measure, target in (
        ("Import: click to first counted image", import_once, IMPORT_S),
        ("Train: click to first point", train_once, TRAIN_S),
    ):
        taken = median(repeats, measure)
        report.add(name, f"{taken:.1f} s", f"<= {target:g} s", taken <= target)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    report = Report()
    with tempfile.TemporaryDirectory(prefix="mammo-pages-") as name:
        folder = Path(name)
        make_data(folder, repeats)
        files = sorted((folder / "data" / "demo" / "train_images").rglob("*.dcm"))[:FILES]
        with server(folder) as url, browser_page() as page:
            measure_pages(report, page, url, repeats)
            measure_large_table(report, page, url, repeats)
            measure_predictions(report, page, url, files, repeats)
            measure_jobs(report, page, url, repeats)
    return report.summarise()


if __name__ == "__main__":
    sys.exit(main())
