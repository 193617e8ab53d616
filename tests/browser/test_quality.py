"""The quality of imported data in a real browser: check them, look at a copy, leave it out and take it back."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks._planted_faults import Faults, plant_faults
from builders.server import Server, run_command
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec

FIRST_ROW = {"x": 18, "y": 52}  # px: its box, in a table that is a canvas


@pytest.fixture
def page(browser: Browser) -> Page:
    """A page for the server below."""
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.set_default_timeout(60_000)
    return opened


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A server on a data set with four images that are there again under other patients."""
    folder = tmp_path_factory.mktemp("quality")
    generate(folder / "sound", DemoSpec(patients=8, seed=8, prevalence=0.4, rows=512, columns=384))
    (folder / "data" / "copied").mkdir(parents=True)
    plant_faults(read_catalogue(folder / "sound"), folder / "data" / "copied", Faults(duplicates=4, flips=0, views=0))
    run_command(folder, "import", "copied")
    running = Server(folder)
    yield running
    running.kill()


def test_copy_is_reported_shown_left_out_and_taken_back(page: Page, planted: Server):
    page.goto(f"{planted.url}/data?dataset=copied")
    expect(page.get_by_text("Not checked yet · no image left out")).to_be_visible()
    page.get_by_role("link", name="Quality").click()
    page.get_by_role("button", name="Check the images").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()  # in a process of its own
    expect(page.get_by_role("button", name="Check again")).to_be_visible(timeout=180_000)
    expect(page.get_by_text(re.compile("4 pairs of the same image"))).to_be_visible()

    pictures = page.get_by_test_id("stImage").get_by_role("img")
    expect(pictures).to_have_count(8)
    names = [picture.get_attribute("alt") for picture in pictures.all()]
    assert all(re.fullmatch(r"[LR] (CC|MLO), image \d+", name or "") for name in names)
    copy = (names[1] or "").rpartition(" ")[2]  # the second of the first pair

    page.get_by_text("Leave out", exact=True).nth(1).click()
    expect(page.get_by_label("Reason for 1 selected")).to_have_value(re.compile("The same exposure is there under two"))
    page.get_by_role("button", name="Leave out 1 image").click()
    page.get_by_text("Leave-out list (1)").click()
    expect(page.get_by_text("1 image of 1 patient is left out")).to_be_visible()
    table = page.get_by_test_id("stDataFrame")
    expect(table.first.locator("tbody tr", has_text=copy)).to_have_count(1)
    expect(page.get_by_text("Leave out", exact=True)).to_have_count(7)

    table.first.click(position=FIRST_ROW)
    page.get_by_role("button", name="Take back 1 selected").click()
    expect(page.get_by_text("Leave-out list (0)")).to_be_visible()
    expect(page.get_by_text("Leave out", exact=True)).to_have_count(8)

    page.set_viewport_size({"width": 390, "height": 844})
    boxes = [picture.bounding_box() for picture in pictures.all()[:2]]
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["y"] == boxes[1]["y"]  # side by side also on a phone
    expect(page.get_by_test_id("stException")).to_have_count(0)
