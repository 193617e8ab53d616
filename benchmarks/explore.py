"""Measure the Explore page on a table as large as RSNA's.

The table has 54,706 images; it is generated, without pixels.

    python -m benchmarks.explore [--repeats 7]

Times are the server's: the page's script runs in this process under Streamlit's AppTest, as it does in the server, which
includes serialising the elements for the browser. Each time is a median. The exit status is 1 if a target is missed.

- first complete view: with empty caches, from reading train.csv to the complete Overview.
- filter change: the site is switched, on each tab.
- payload: bytes of all elements of the page; the largest of the tabs.
- plotly.express: the Overview's figures from raw columns instead of aggregates; bytes and time against this page's.
"""

import argparse
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks._report import Report
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.explore.filters import Filters, apply_filters
from mammo_core.figures.panels import SECTIONS, overview
from mammo_core.phantoms.spec import RSNA_PREVALENCE, DemoSpec
from mammo_core.phantoms.table import make_table
from mammo_core.settings import settings

APP = Path(__file__).parents[1] / "app.py"
IMAGES = 54_706
PATIENTS = 12_300  # enough for so many images
TABS = [*SECTIONS, "Completeness"]
FIRST_VIEW, FILTER_CHANGE, PAYLOAD = 1.5, 0.5, 1e6  # s, s, bytes


def make_data(folder: Path) -> None:
    table = make_table(DemoSpec(patients=PATIENTS, seed=2022, prevalence=RSNA_PREVALENCE)).head(IMAGES)
    assert len(table) == IMAGES
    (folder / "large").mkdir()
    table.to_csv(folder / "large" / "train.csv", index=False)
    os.environ |= {"MAMMO_DATA": str(folder), "MAMMO_MODELS": str(folder / "models")}
    settings.cache_clear()


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def at_explore(tab: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=120)
    app.query_params["tab"] = tab
    app.run()
    app.switch_page("pages/explore.py")
    return app


def check(app: AppTest) -> None:
    if app.exception or app.error:
        sys.exit(f"The page failed: {[*app.exception, *app.error]}")


def first_view() -> float:
    app = at_explore("Overview")
    st.cache_data.clear()
    taken = seconds(app.run)
    check(app)
    return taken


def filter_changes(tab: str, repeats: int) -> tuple[float, int]:
    """Return the time of a change of the site, and the size of the page.

    Returns:
        The median in seconds, and the bytes of the complete page.
    """
    app = at_explore(tab).run()
    size = page_bytes(app)
    taken = []
    for change in range(repeats):
        app.multiselect(key="site_id").set_value([str(change % 2 + 1)])
        taken.append(seconds(app.run))
        check(app)
    return statistics.median(taken), size


def page_bytes(app: AppTest) -> int:
    elements = [element for part in (app.main, app.sidebar) for element in part]
    return sum(element.proto.ByteSize() for element in elements if getattr(element, "proto", None) is not None)


def express_figures(table: pd.DataFrame) -> list[go.Figure]:
    """Return the Overview's figures as plotly.express would draw them.

    They show classes, ages, sites, and columns by label.
    """
    return [
        px.histogram(table, x="cancer"),
        px.histogram(table, x="age", color="cancer", barmode="group", histnorm="percent"),
        px.histogram(table, x="site_id", color="cancer", barnorm="percent"),
        px.histogram(table, x="biopsy", color="cancer", barnorm="percent"),
    ]


def ours(table: pd.DataFrame) -> list[go.Figure]:
    return [panel.figure for panel in overview(apply_filters(table, Filters(), "image")) if panel.figure]


def compare(folder: Path, repeats: int, report: Report) -> None:
    table = read_catalogue(folder / "large").table
    results = {}
    for name, draw in (("aggregates", ours), ("express", express_figures)):
        figures = draw(table)
        size = sum(len(figure.to_json()) for figure in figures)
        times = [seconds(lambda draw=draw: [figure.to_json() for figure in draw(table)]) for _ in range(repeats)]
        results[name] = (size, statistics.median(times))
        report.add(f"4 figures, {name}", f"{size / 1e3:,.0f} kB, {results[name][1]:.2f} s")
    (size, taken), (raw_size, raw_taken) = results["aggregates"], results["express"]
    report.add("plotly.express / aggregates", f"{raw_size / size:,.0f} × the bytes, {raw_taken / taken:.2f} × the time")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    report = Report()
    logging.disable(logging.WARNING)  # Streamlit's, about the server that isn't there
    with tempfile.TemporaryDirectory() as name:
        make_data(Path(name))
        print(f"{IMAGES:,} images, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, medians of {repeats}")
        at_explore("Overview").run()  # modules are imported once a server, not once a view
        first = statistics.median(first_view() for _ in range(repeats))
        report.add("first complete view", f"{first:.2f} s", f"{FIRST_VIEW} s", first <= FIRST_VIEW)
        sizes = []
        for tab in TABS:
            change, size = filter_changes(tab, repeats)
            sizes.append(size)
            report.add(f"filter change, {tab}", f"{change:.2f} s", f"{FILTER_CHANGE} s", change <= FILTER_CHANGE)
        report.add("payload", f"{max(sizes) / 1e3:,.0f} kB", f"{PAYLOAD / 1e3:,.0f} kB", max(sizes) < PAYLOAD)
        compare(Path(name), repeats, report)
    return report.summarise()


if __name__ == "__main__":
    sys.exit(main())
