"""Short trainings in a real browser: what a split by image hides, and example breasts with activation maps."""

import re
import shutil

import pytest
from playwright.sync_api import Page, expect

from builders.pages import CHART, points, wait_for_end, wait_for_growth
from builders.server import Server, run_command
from builders.workspaces import workspace_in
from mammo_core.documents.split_lesson import TITLES
from mammo_core.jobs.lesson import read_lesson

EXAMPLES = re.compile("^Example [1-4], (posi|nega)tive, after epoch")


@pytest.fixture(scope="module")
def folder(workplace, tmp_path_factory):
    """A folder with the shared data set, imported with small images, on which a training takes seconds."""
    folder = tmp_path_factory.mktemp("training")
    shutil.copytree(workplace / "data" / "demo", folder / "data" / "demo")
    run_command(folder, "import", "demo", "--size", "128")
    return folder


@pytest.fixture(scope="module")
def training_server(folder):
    running = Server(folder)
    yield running
    running.kill()


def test_lesson_shows_both_curves_live_and_says_what_they_mean(page: Page, training_server, folder):
    page.goto(f"{training_server.url}/train")
    main = page.get_by_test_id("stMain")
    main.get_by_text("Show me the lie").click()
    main.get_by_role("button", name="Show it").click()
    expect(main.get_by_role("button", name="Stop", exact=True)).to_be_visible()  # in a process of its own
    chart = page.locator(CHART).first
    expect(chart.get_by_text(re.compile("^Split by image")).first).to_be_visible()
    wait_for_growth(page, points(page))
    expect(main.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    expect(chart.get_by_text(re.compile("^Split by patient")).first).to_be_visible()

    expect(main.get_by_role("button", name="Repeat")).to_be_visible()
    lesson = read_lesson(workspace_in(folder), "demo")
    assert lesson
    for text in lesson.describe():
        expect(main.get_by_text(text)).to_be_visible()
    networks = main.get_by_test_id("stDataFrame").locator("tbody tr")
    for title in TITLES.values():
        expect(networks.filter(has_text=title)).to_have_count(2)
        expect(chart.get_by_text(re.compile(f"^{title}")).first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_example_breasts_have_activation_maps_after_an_epoch_and_at_the_end(page: Page, training_server):
    page.goto(f"{training_server.url}/train")
    main = page.get_by_test_id("stMain")
    wait_for_end(page)  # a run that begins meanwhile would close what is opened
    main.get_by_text("All settings").click()
    page.get_by_role("combobox", name="Network").click()
    page.get_by_role("option", name="compact").click()
    wait_for_end(page)
    epochs = page.get_by_role("slider", name="Max. epochs")
    epochs.press("Home")
    epochs.press("ArrowRight")
    wait_for_end(page)
    main.get_by_role("button", name="Train", exact=True).click()

    examples = page.get_by_role("img", name=EXAMPLES)
    expect(examples).to_have_count(4)
    expect(main.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    expect(page.get_by_text("Where the network sees signs of cancer")).to_be_visible()

    expect(page.get_by_text("Saved model verified")).to_be_visible()
    expect(main.get_by_role("combobox", name="Run")).to_have_value(re.compile("· compact · AUC 0"))
    expect(page.get_by_role("img", name=re.compile("after epoch 2"))).to_have_count(4)
    page.get_by_role("group", name="Epoch", exact=True).get_by_role("slider").press("Home")
    expect(page.get_by_role("img", name=re.compile("after epoch 1"))).to_have_count(4)

    page.set_viewport_size({"width": 390, "height": 844})
    first, second = (example.bounding_box() for example in examples.all()[:2])
    assert first
    assert second
    assert first["y"] == second["y"]  # side by side also on a phone
    expect(page.get_by_test_id("stException")).to_have_count(0)
