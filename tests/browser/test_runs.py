"""The list of all runs in a real browser: select, tag, archive, delete, undo, download; the address keeps the view."""

import re

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from builders.pages import wait_for_end
from builders.runs import write_model_run, write_training_run
from builders.server import Server
from builders.workspaces import workspace_in

FIRST_ROW, ROW = 52, 35  # px from the top of the table to the middle of its first row, and from row to row


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with three runs, of which two have a model."""
    folder = tmp_path_factory.mktemp("runs")
    workspace = workspace_in(folder)
    write_model_run(workspace, "first", age_seconds=90, learning_rate=0.01)
    write_model_run(workspace, "second", age_seconds=60)
    write_training_run(workspace, "third", "failed", epochs=1, age_seconds=30)
    return folder


@pytest.fixture(scope="module")
def runs_server(folder):
    running = Server(folder)
    yield running
    running.kill()


def click_row(page: Page, index: int) -> None:
    """Click the box at the left of a row."""
    page.get_by_test_id("stDataFrame").first.click(position={"x": 18, "y": FIRST_ROW + index * ROW})


def rows(page: Page):
    return page.get_by_test_id("stDataFrame").first.locator("tbody tr")


def test_runs_are_selected_tagged_archived_deleted_and_restored(page: Page, runs_server):
    page.goto(f"{runs_server.url}/train?section=All+runs")
    expect(rows(page)).to_have_count(3)
    wait_for_end(page)
    click_row(page, 1)
    expect(page).to_have_url(re.compile("chosen=second"))
    main = page.get_by_test_id("stMain")
    main.get_by_role("button", name="Tags and note").click()
    page.get_by_role("combobox", name="Tags").fill("to *keep*")
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="Note").fill("the second one")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved tags and note of second.")).to_be_visible()
    expect(rows(page).nth(1)).to_contain_text("to *keep*")
    expect(rows(page).nth(1)).to_contain_text("the second one")
    page.keyboard.press("Escape")

    main.get_by_role("button", name="Archive", exact=True).click()
    expect(rows(page)).to_have_count(2)
    main.get_by_role("button", name="Undo").click()
    expect(rows(page)).to_have_count(3)

    wait_for_end(page)
    click_row(page, 0)
    expect(page).to_have_url(re.compile("chosen=third"))
    wait_for_end(page)
    main.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(rows(page)).to_have_count(2)
    main.get_by_role("button", name="Undo").click()
    expect(rows(page)).to_have_count(3)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_address_keeps_baseline_and_overlay_over_a_reload(page: Page, runs_server):
    page.goto(f"{runs_server.url}/train?section=All+runs&baseline=first&differing=true&chosen=first&chosen=second")
    for _ in range(2):
        expect(rows(page).filter(has_text="second")).to_contain_text(re.compile(r"[+-]0\.\d{3} to [+-]0\.\d{3}"))
        expect(rows(page).filter(has_text="first")).to_contain_text("baseline")
        expect(page.locator(".js-plotly-plot").first).to_be_visible()
        expect(page.get_by_text("Calibration", exact=True)).to_be_visible()
        page.reload()
    wait_for_end(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download, CSV").click()
    table = pd.read_csv(download.value.path())
    assert table["run"].tolist() == ["third", "second", "first"]
    assert {"learning rate", "AUC"} & set(table.columns) == {"learning rate"}  # both models have the same AUC
