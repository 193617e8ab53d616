"""A model's page in a real browser: groups by a chosen column, a chart's numbers, how many patients are needed."""

import re

import pandas as pd
from playwright.sync_api import Locator, Page, expect

from builders.pages import add_choice, wait_for_end
from mammo_core.evaluation.subgroups import subgroups
from mammo_core.evaluation.tables import split_few, subgroup_table
from mammo_core.models.bundle import open_bundle
from mammo_core.settings import SHIPPED_MODELS


def test_groups_follow_the_chosen_column_and_their_numbers_can_be_downloaded(page: Page, server):
    page.goto(f"{server.url}/models?view=Subgroups&model=demo")
    expect(rows(page).filter(has_text="site")).to_have_count(2)
    page.get_by_test_id("stMultiSelect").get_by_role("button", name="Clear all").click()
    expect(page.get_by_text("No column is chosen to group these images by.")).to_be_visible()
    add_choice(page, "Groups by", "view")

    large, few = split_few(subgroups(open_bundle(SHIPPED_MODELS / "demo").evaluation_predictions(), by=["view"]))
    expected = subgroup_table(large)
    expect(rows(page).filter(has_text="view")).to_have_count(len(large))
    for number, cells in enumerate(expected.astype(str).to_numpy()):
        expect(rows(page).filter(has_text="view").nth(number).locator("td")).to_have_text(list(cells))
    expect(page.get_by_text(f"{few} groups are too small for an AUC")).to_be_visible()

    wait_for_end(page)
    page.get_by_role("button", name="Download AUC by group").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Numbers, CSV").click()
    assert download.value.suggested_filename == "demo-auc-by-group.csv"
    numbers = pd.read_csv(download.value.path())
    assert numbers.columns.tolist() == ["series", "ROC AUC (dashed: all units)", "y", "low", "high"]
    assert numbers["y"].tolist() == expected["group"].tolist()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_patients_needed_follow_the_wanted_width(page: Page, server):
    page.goto(f"{server.url}/models?view=Report&model=demo")
    page.get_by_text("How many patients are needed?").click()
    wide = patients_needed(page, 0.03)
    wait_for_end(page)
    page.get_by_role("spinbutton", name="Known to ±").fill("0.015")
    page.keyboard.press("Enter")
    assert 3.5 < patients_needed(page, 0.015) / wide < 4.5  # half the width needs about four times the patients
    expect(page.get_by_test_id("stException")).to_have_count(0)


def rows(page: Page) -> Locator:
    """Return the rows of the tables below a model's heading."""
    return page.get_by_role("tabpanel").get_by_test_id("stDataFrame").locator("tbody tr")


def patients_needed(page: Page, half_width: float) -> int:
    """Return how many patients with cancer the page says are needed."""
    sentence = page.get_by_text(re.compile(f"^To know the AUC by breast to ±{half_width:g} you need about"))
    expect(sentence).to_be_visible()
    number = re.search(r"about ([\d,]+) patients with cancer", sentence.inner_text())
    assert number
    return int(number[1].replace(",", ""))
