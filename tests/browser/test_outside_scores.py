"""Outside scores in a real browser: drop a CSV, choose a column, read the report, take it along."""

import re
from pathlib import Path

import pandas as pd
from playwright.sync_api import Page, expect

from builders.pages import add_choice
from mammo_core.assessment.score_match import labelled_images
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.workspace import Workspace


def test_outside_scores_are_dropped_mapped_reported_and_downloaded(page: Page, server, workplace, tmp_path):
    workspace = Workspace(workplace / "data", workplace / "models")
    images = labelled_images(workspace, read_catalogue(workplace / "data" / "demo"))
    scores = [(0.3 * row.label + n % 10 / 10) / 1.3 for n, row in enumerate(images.itertuples())]
    table = pd.DataFrame({"image_id": images["image_id"], "value": scores})
    table.to_csv(tmp_path / "scores.csv", index=False)
    (tmp_path / "book.csv").write_bytes(b"PK\x03\x04")

    page.goto(f"{server.url}/models?part=Outside+scores")
    expect(page.get_by_text("Drop a CSV file with the scores of any model")).to_be_visible()
    page.locator("input[type=file]").set_input_files(tmp_path / "book.csv")
    expect(page.get_by_text("Save the sheet as CSV, and take that.")).to_be_visible()
    page.locator("input[type=file]").set_input_files(tmp_path / "scores.csv")
    expect(page.get_by_text("Which column holds the scores isn't clear.")).to_be_visible()

    page.get_by_role("combobox", name="Score", exact=True).click()
    page.get_by_role("option", name="value").click()
    breasts = images.drop_duplicates(["patient_id", "laterality"])
    expect(page.get_by_text(f"demo: {len(breasts)} breasts")).to_be_visible()
    expect(page.get_by_text("so they are taken for probabilities")).to_be_visible()
    expect(page.get_by_text(re.compile("Not comparable with demo|evaluated on")).first).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)

    add_choice(page, "Groups by", "BIRADS")

    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    figures = pd.read_csv(download.value.path())
    assert figures.set_index(["unit", "measure"]).loc[("breast", "ROC AUC"), "units"] == len(breasts)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    with page.expect_download() as download:
        page.get_by_role("button", name="HTML report").click()
    report = Path(download.value.path()).read_text(encoding="utf-8")
    assert "<h2>By patient</h2>" in report
    assert not any(image in report for image in images["image_id"])

    page.get_by_test_id("stBaseButton-tertiary").filter(has_text="Clear").click()
    expect(page.get_by_text("Drop a CSV file with the scores of any model")).to_be_visible()
