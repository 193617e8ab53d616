"""A model on other data in a real browser: start the evaluation, follow it, read it, see it again at once."""

import re

from playwright.sync_api import Page, expect

from builders.pages import add_choice


def test_model_is_evaluated_on_other_data_and_the_result_is_kept(page: Page, server):
    page.goto(f"{server.url}/models?view=Other+data&model=demo")
    expect(page.get_by_text("not evaluated yet")).to_be_visible()
    page.get_by_role("button", name="Evaluate", exact=True).click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()  # in a process of its own
    expect(page.get_by_role("button", name="Evaluate again")).to_be_visible(timeout=180_000)
    expect(page.get_by_text("Figures at the threshold")).to_be_visible()
    expect(page.get_by_text(re.compile("At the threshold .*, which was chosen at home"))).to_be_visible()
    expect(page.get_by_text(re.compile("of the images are unlike those that the model was trained on"))).to_be_visible()
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
