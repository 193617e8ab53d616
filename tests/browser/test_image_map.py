"""The map of imported images in a real browser: draw around points."""

import re

import pytest
from playwright.sync_api import Page, expect

from builders.server import Server, run_command
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """A server on a data set of eight patients, imported and checked."""
    folder = tmp_path_factory.mktemp("map")
    generate(folder / "data" / "demo", DemoSpec(patients=8, seed=8, prevalence=0.4, rows=512, columns=384))
    for words in (["import", "demo"], ["doctor", "demo"]):
        run_command(folder, *words)
    running = Server(folder)
    yield running
    running.kill()


def test_images_of_selected_points_are_shown_with_their_exams(page: Page, checked: Server):
    page.goto(f"{checked.url}/explore?dataset=demo&tab=Map")
    map_ = page.get_by_test_id("stPlotlyChart")
    expect(page.get_by_text("look alike to the network")).to_be_visible()
    area = map_.locator(".nsewdrag").first
    area.scroll_into_view_if_needed()
    total = int(re.match(r"[\d,]+", page.get_by_text("look alike to the network").inner_text())[0])
    box = area.bounding_box()
    assert box
    left, top, right, bottom = box["x"] + 2, box["y"] + 2, box["x"] + box["width"] - 2, box["y"] + box["height"] - 2
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top)):  # the lasso, around all points
        page.mouse.move(x, y, steps=5)
    page.mouse.up()
    expect(page.get_by_text(f"{total} images are selected.")).to_be_visible()
    expect(page.get_by_test_id("stImage").first).to_be_visible()
    page.get_by_test_id("stPageLink").get_by_text(re.compile("^[LR] (CC|MLO)")).first.click()
    page.wait_for_url(re.compile(r"/exams\?.*patient="))
    expect(page.get_by_test_id("stException")).to_have_count(0)
