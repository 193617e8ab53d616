"""Steps that tests in a real browser share."""

from playwright.sync_api import Page, expect


def wait_for_end(page: Page) -> None:
    """Wait until the script has run to its end."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
