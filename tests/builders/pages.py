"""Steps that tests in a real browser share."""

import time
from contextlib import suppress

from playwright.sync_api import Page, TimeoutError, expect

CHART = ".js-plotly-plot"
TRIES = 4  # of a choice


def wait_for_end(page: Page) -> None:
    """Wait until the script has run to its end."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def add_choice(page: Page, label: str, option: str) -> None:
    """Add an option to those that are chosen in a list of several.

    On a busy machine the browser sometimes loses a choice and sends nothing to the server: it is repeated.

    Args:
        page: with the list.
        label: of the list.
        option: as it is shown.
    """
    wait_for_end(page)
    box = page.get_by_role("combobox", name=label)
    chosen = page.get_by_test_id("stMultiSelect").get_by_text(option, exact=True)
    for _ in range(TRIES):
        with suppress(AssertionError, TimeoutError):
            box.click()
            box.fill(option)
            page.get_by_role("option", name=option, exact=True).click(timeout=5_000)
            page.keyboard.press("Escape")
            expect(chosen).to_be_visible(timeout=5_000)
            break
    expect(chosen).to_be_visible()
    wait_for_end(page)


def points(page: Page) -> int:
    """Return how many points the first chart has drawn."""
    script = f"() => document.querySelector('{CHART}')?.calcdata?.reduce((n, trace) => n + trace.length, 0) ?? 0"
    return int(page.evaluate(script))


def wait_for_growth(page: Page, before: int) -> None:
    """Wait until the first chart has more points than before."""
    deadline = time.monotonic() + 90
    while points(page) <= before:
        assert time.monotonic() < deadline, f"the curve stays at {before} points"
        page.wait_for_timeout(500)
