"""No page shuts anybody out: axe-core finds no violation of WCAG 2.1, levels A and AA."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from builders.server import Server

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
ADDRESSES = (
    "",
    "explore",
    "explore?tab=Groups",
    "explore?tab=Images",
    "exams?ask=true",
    "data",
    "train",
    "models",
    "models?view=Errors",
    "models?part=Outside+scores",
    "predict",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_meets_wcag_a_and_aa(browser: Browser, server: Server, scheme):
    with browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme) as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        failures = []
        for address in ADDRESSES:
            page.goto(f"{server.url}/{address}")
            expect(page.get_by_test_id("stHeading").first).to_be_visible()
            expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
            page.wait_for_timeout(1000)  # until the browser has drawn what the script sent
            violations = Axe().run(page, options={"runOnly": LEVELS}).response["violations"]
            failures += [(address, rule["id"], node["html"]) for rule in violations for node in rule["nodes"]]
    assert failures == []
