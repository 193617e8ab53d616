"""A model on other data in a real browser: start the evaluation, follow it, read it, see it again at once."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from builders.marks import draw
from builders.pages import add_choice
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.library import describe_source
from mammo_core.dataset.marks import mark_path
from mammo_core.workspace import Workspace


@pytest.fixture
def marked(workplace) -> Iterator[None]:
    """A malignant mark on a positive image, and one on a negative image, which contradicts its label."""
    workspace, catalogue = (
        Workspace(workplace / "data", workplace / "models"),
        read_catalogue(workplace / "data" / "demo"),
    )
    there = catalogue.table[catalogue.table["file"].notna() & catalogue.table["laterality"].notna()]
    for number, label in enumerate((1, 0), 1):
        image = str(there.loc[(there["cancer"] == label) & there["view"].isin(["CC", "MLO"]), "image_id"].iloc[0])
        draw(workspace, catalogue, number, image)
    yield
    mark_path(workspace, describe_source(workspace, catalogue)).unlink()


def test_model_is_evaluated_on_other_data_and_the_result_is_kept(page: Page, server, marked):
    page.goto(f"{server.url}/models?view=Other+data&model=demo")
    expect(page.get_by_text("not evaluated yet")).to_be_visible()
    page.get_by_role("button", name="Evaluate", exact=True).click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()  # in a process of its own
    expect(page.get_by_role("button", name="Evaluate again")).to_be_visible(timeout=180_000)
    expect(page.get_by_text("Figures at the threshold")).to_be_visible()
    expect(page.get_by_text(re.compile("At the threshold .*, which was chosen at home"))).to_be_visible()
    expect(page.get_by_text(re.compile("of the images are unlike those that the model was trained on"))).to_be_visible()
    expect(page.get_by_text("Readers' marks among these lesions: 1.")).to_be_visible()
    expect(page.get_by_text("1 malignant mark counts as lesions, on 1 image. 1 more doesn't count")).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)

    page.reload()
    expect(page.get_by_text(re.compile(r"evaluated \d{4}-\d{2}-\d{2}"))).to_be_visible()
    expect(page.get_by_text("Figures at the threshold")).to_be_visible()

    page.get_by_test_id("stExpander").get_by_text("Subgroups").click()
    add_choice(page, "Groups by", "biopsy")
    expect(page.get_by_test_id("stException")).to_have_count(0)

    page.get_by_role("button", name="Delete", exact=True).last.click()  # the first one is the model's
    page.get_by_role("button", name="Delete evaluation").click()
    expect(page.get_by_text("not evaluated yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(re.compile(r"evaluated \d{4}-\d{2}-\d{2}"))).to_be_visible()

    page.goto(f"{server.url}/models?view=Report&model=demo")
    page.get_by_text("How many patients are needed?").click()
    expect(page.get_by_text(re.compile("To know the AUC by breast to ±0.03 you need about"))).to_be_visible()
