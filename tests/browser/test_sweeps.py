"""A sweep from the page in a real browser: vary, start, lose the page, stop, resume, read the pooled folds."""

import re
import shutil

import pytest
from playwright.sync_api import Page, expect

from builders.pages import add_choice, wait_for_end
from builders.server import Server


@pytest.fixture(scope="module")
def sweep_server(workplace, tmp_path_factory):
    """A server on the shared data, with models of its own."""
    folder = tmp_path_factory.mktemp("sweeps")
    shutil.copytree(workplace / "data", folder / "data")
    running = Server(folder)
    yield running
    running.kill()


def write_values(page: Page, setting: str, values: str) -> None:
    """Enter the values of a setting."""
    field = page.get_by_role("textbox", name=setting)
    field.fill(values)
    field.press("Enter")
    wait_for_end(page)


def test_sweep_on_folds_is_started_stopped_resumed_and_pooled(page: Page, sweep_server):
    page.goto(f"{sweep_server.url}/train")
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("not measured on this machine yet")).to_be_visible()
    wait_for_end(page)
    main.get_by_text("Vary settings and folds").click()
    expect(page.get_by_role("combobox", name="Vary")).to_be_visible()
    add_choice(page, "Vary", "network")
    main.get_by_role("button", name="compact").click()
    main.get_by_role("button", name="pretrained").click()
    add_choice(page, "Vary", "max. epochs")
    write_values(page, "max. epochs", "2, many")
    expect(page.get_by_text("'many' isn't a value of “max. epochs”: it should be a valid integer.")).to_be_visible()
    write_values(page, "max. epochs", "2")
    page.get_by_role("combobox", name="Patient folds").click()
    page.get_by_role("option", name="2 folds", exact=True).click()
    main.get_by_role("button", name="Start 2 runs").click()

    expect(page).to_have_url(re.compile("section=Sweeps.*sweep=demo-sweep-"))
    expect(main.get_by_role("button", name="Stop this run")).to_be_visible(timeout=90_000)
    page.goto(f"{sweep_server.url}/")
    main.get_by_role("link", name=re.compile(r"demo-sweep-\d+-\d+ ")).click()
    expect(main.get_by_role("button", name="Stop all")).to_be_visible()
    main.get_by_role("button", name="Stop all").click()
    expect(page.get_by_text("Stopped. The runs that have ended are kept.")).to_be_visible(timeout=120_000)

    main.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("2 of 2 runs ended without an error.")).to_be_visible(timeout=240_000)
    results = page.get_by_test_id("stDataFrame").first.locator("tbody tr")
    expect(results).to_have_count(1)
    expect(results.first).to_contain_text("2 of 2")
    expect(results.first).to_contain_text(re.compile(r"0\.\d{3} to [01]\.\d{3}"))
    main.get_by_role("button", name="Compare its runs").click()
    expect(page.get_by_text("Calibration", exact=True)).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
