"""Marks in a real browser: drawn, changed and undone at once, kept for others, right whatever the viewer shows."""

import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from builders.server import Server
from mammo_core.dataset.catalogue import Catalogue, read_catalogue
from mammo_core.dataset.library import describe_source
from mammo_core.dataset.marks import mark_path, read_marks
from mammo_core.documents.card import ModelCard
from mammo_core.documents.marks import Mark
from mammo_core.models.bundle import CARD, PREDICTIONS, write_card
from mammo_core.settings import PROJECT
from mammo_core.workspace import Workspace

COMPLETE = ".viewer .stage[data-state=complete]"
READER = "Ann *B*"


@pytest.fixture
def workspace(workplace) -> Workspace:
    return Workspace(workplace / "data", workplace / "models")


@pytest.fixture
def catalogue(workspace: Workspace) -> Catalogue:
    return read_catalogue(workspace.data / "demo")


@pytest.fixture
def kept(workspace: Workspace, catalogue: Catalogue) -> Callable[[], tuple[Mark, ...]]:
    """A function that reads the marks of the data set, of which there are none at first."""
    source = describe_source(workspace, catalogue)
    mark_path(workspace, source).unlink(missing_ok=True)
    return lambda: read_marks(workspace, source)


@pytest.fixture
def patient(catalogue: Catalogue) -> str:
    """A patient with all four views."""
    there = catalogue.table[catalogue.table["file"].notna() & catalogue.table["view"].isin(["CC", "MLO"])]
    sizes = there.groupby("patient_id").size()
    return str(sizes[sizes == 4].index[0])


def open_exam(page: Page, server: Server, patient: str) -> Page:
    page.goto(f"{server.url}/exams?dataset=demo&patient={patient}")
    expect(page.locator(COMPLETE)).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.locator(".viewer").scroll_into_view_if_needed()
    return page


@pytest.fixture
def viewer(page: Page, server: Server, patient: str, kept) -> Page:
    return open_exam(page, server, patient)


def cell(page: Page, name: str) -> Locator:
    """Return the cell of a view, such as "R CC", or of an image, such as "image 12"."""
    return page.locator(".viewer .cell").filter(has=page.locator(f".name :text-is('{name}')"))


def drag(page: Page, name: str, start: tuple[float, float], end: tuple[float, float], release: bool = True) -> None:
    """Drag in a view, between points given as shares of its width and height."""
    box = cell(page, name).bounding_box()
    assert box
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=5)
    if release:
        page.mouse.up()


def give_name(page: Page, name: str = READER) -> None:
    page.get_by_role("textbox", name="Your name").fill(name)
    page.get_by_role("button", name="Save").click()


def draw(page: Page, tool: str, name: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw a mark; the first one of a browser needs the reader's name."""
    page.locator(".viewer").get_by_role("button", name=tool, exact=True).click()
    if page.get_by_role("textbox", name="Your name").is_visible():
        give_name(page)
    drag(page, name, start, end)


def wait_until_kept(page: Page, count: int) -> None:
    text = f"{count} mark" if count == 1 else f"{count} marks"
    expect(page.locator(".viewer .status")).to_have_text(text)


def image_of(catalogue: Catalogue, patient: str, name: str) -> str:
    table = catalogue.table[catalogue.table["patient_id"] == patient]
    return str(table.loc[table["laterality"].str.cat(table["view"], sep=" ") == name, "image_id"].iloc[0])


def test_mark_is_drawn_named_and_seen_after_reload_and_by_another_session(
    viewer: Page, server: Server, browser: Browser, patient, catalogue, kept
):
    draw(viewer, "Box", "R CC", (0.5, 0.3), (0.7, 0.5))
    wait_until_kept(viewer, 1)
    viewer.get_by_role("combobox", name="Kind").select_option("calcifications")
    viewer.get_by_role("combobox", name="Finding").select_option("malignant")
    expect(viewer.locator(".viewer .about")).to_contain_text(READER)
    expect(viewer.locator(".viewer .status")).to_have_text("1 mark")
    viewer.wait_for_timeout(300)
    (mark,) = kept()
    assert (mark.shape, mark.kind, mark.finding, mark.author) == ("box", "calcifications", "malignant", READER)
    assert (mark.patient_id, mark.image_id) == (patient, image_of(catalogue, patient, "R CC"))
    open_exam(viewer, server, patient)
    wait_until_kept(viewer, 1)
    other = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    open_exam(other, server, patient)
    wait_until_kept(other, 1)
    draw(other, "Ellipse", "L CC", (0.3, 0.3), (0.5, 0.5))  # in its own name
    wait_until_kept(other, 2)
    viewer.evaluate("window.dispatchEvent(new Event('focus'))")  # as when a reader returns to this window
    wait_until_kept(viewer, 2)
    other.context.close()


def test_changes_are_undone_redone_and_deleted(viewer: Page, kept):
    draw(viewer, "Ellipse", "R CC", (0.5, 0.3), (0.7, 0.5))
    wait_until_kept(viewer, 1)
    drag(viewer, "R CC", (0.6, 0.4), (0.65, 0.45))  # its middle: the mark is moved
    viewer.wait_for_timeout(300)
    (moved,) = kept()
    assert moved.version == 2
    for keys, count, version in (("Control+z", 1, 3), ("Control+z", 0, None), ("Control+y", 1, 1), ("Control+y", 1, 2)):
        viewer.keyboard.press(keys)
        wait_until_kept(viewer, count)
        viewer.wait_for_timeout(300)
        assert [mark.version for mark in kept()] == ([version] if version else [])
    (again,) = kept()
    assert (again.top, again.left, again.bottom, again.right) == (moved.top, moved.left, moved.bottom, moved.right)
    viewer.keyboard.press("Delete")
    wait_until_kept(viewer, 0)
    viewer.locator(".viewer").get_by_role("button", name="Undo").click()
    wait_until_kept(viewer, 1)


def test_coordinates_are_those_of_the_stored_image_at_every_zoom_and_side(
    viewer: Page, server, patient, catalogue, kept
):
    """The same part of the image is marked before and after zooming; a right breast may hang mirrored."""
    viewer.get_by_role("combobox", name="Zoom").select_option("image")  # to its edges
    for name in ("R CC", "L CC"):
        cell(viewer, name).focus()
        draw(viewer, "Box", name, (0.45, 0.45), (0.55, 0.55))
    wait_until_kept(viewer, 2)
    viewer.keyboard.press("Escape")
    box = cell(viewer, "R CC").bounding_box()
    assert box
    viewer.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    viewer.mouse.wheel(0, -300)
    viewer.wait_for_timeout(600)
    factor = zoom_factor(-300)
    for name in ("R CC", "L CC"):
        draw(
            viewer,
            "Ellipse",
            name,
            (0.5 - 0.05 * factor, 0.5 - 0.05 * factor),
            (0.5 + 0.05 * factor, 0.5 + 0.05 * factor),
        )
        viewer.keyboard.press("Escape")
    wait_until_kept(viewer, 4)
    viewer.wait_for_timeout(300)
    marks: dict[str, list[Mark]] = {}
    for mark in kept():
        marks.setdefault(mark.image_id, []).append(mark)
    for first, second in marks.values():
        for edge in ("top", "left", "bottom", "right"):
            assert (
                abs(getattr(first, edge) - getattr(second, edge)) < 6
            )  # a pixel of the screen has some two of the image


def zoom_factor(delta: float) -> float:
    return 2.718281828 ** (-delta * 0.0015)


def test_escape_cancels_what_is_being_drawn_and_keys_move_a_mark(viewer: Page, kept):
    draw(viewer, "Box", "R CC", (0.5, 0.3), (0.7, 0.5))
    wait_until_kept(viewer, 1)
    viewer.keyboard.press("Escape")
    drag(viewer, "R CC", (0.5, 0.6), (0.7, 0.8), release=False)
    viewer.keyboard.press("Escape")
    viewer.mouse.up()
    viewer.wait_for_timeout(600)
    (first,) = kept()
    viewer.keyboard.press("n")
    for key in ("ArrowDown", "ArrowDown", "Shift+ArrowDown"):
        viewer.keyboard.press(key)
    viewer.wait_for_timeout(1000)
    (mark,) = kept()
    assert mark.version == 2  # kept once, after the last key
    assert mark.top - first.top == pytest.approx(2 * (mark.bottom - first.bottom) / 3)
    assert (mark.left, mark.right) == (first.left, first.right)


def test_change_that_another_has_overtaken_is_not_made(viewer: Page, server, browser: Browser, patient, kept):
    draw(viewer, "Box", "R CC", (0.5, 0.3), (0.7, 0.5))
    wait_until_kept(viewer, 1)
    other = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    open_exam(other, server, patient)
    wait_until_kept(other, 1)
    other.keyboard.press("Tab")
    cell(other, "R CC").focus()
    other.keyboard.press("n")
    other.get_by_role("combobox", name="Finding").select_option("benign")
    give_name(other, "Bob")
    wait_until_kept(other, 1)
    other.wait_for_timeout(300)
    viewer.get_by_role("combobox", name="Finding").select_option("malignant")
    expect(viewer.locator(".viewer .status")).to_contain_text("Somebody else has changed this mark meanwhile.")
    (mark,) = kept()
    assert (mark.finding, mark.author) == ("benign", "Bob")
    expect(viewer.get_by_role("combobox", name="Finding")).to_have_value("benign")
    other.context.close()


def test_change_waits_for_a_server_that_does_not_answer(viewer: Page, kept):
    viewer.route("**/marks/*", lambda route: route.abort())
    draw(viewer, "Box", "R CC", (0.5, 0.3), (0.7, 0.5))
    expect(viewer.locator(".viewer .status")).to_contain_text("Not kept yet")
    assert kept() == ()
    viewer.unroute("**/marks/*")
    wait_until_kept(viewer, 1)
    assert len(kept()) == 1


def test_data_page_counts_marks_and_offers_them(viewer: Page, server: Server, tmp_path, kept):
    draw(viewer, "Box", "R CC", (0.5, 0.3), (0.7, 0.5))
    draw(viewer, "Ellipse", "L CC", (0.3, 0.3), (0.5, 0.5))
    wait_until_kept(viewer, 2)
    viewer.goto(f"{server.url}/data?dataset=demo")
    expect(viewer.get_by_text("2 marks on 2 images: 2 unsure")).to_be_visible()
    viewer.get_by_role("button", name="Export marks").click()
    expect(viewer.get_by_text("Nothing else of the headers is copied.")).to_be_visible()
    with viewer.expect_download() as download:
        viewer.get_by_role("button", name="CSV").click()
    download.value.save_as(tmp_path / "lesions.csv")
    table = pd.read_csv(tmp_path / "lesions.csv")
    assert table["author"].tolist() == [READER, READER]
    assert table["shape"].tolist() == ["box", "ellipse"]
    with viewer.expect_download() as download:
        viewer.get_by_role("button", name="DICOM SR").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist() == ["marks-0001.dcm", "marks-0002.dcm"]
        assert archive.read("marks-0001.dcm")[128:132] == b"DICM"


@pytest.fixture
def model(workplace, catalogue: Catalogue) -> Iterator[str]:
    """The shipped model as if it had been evaluated on the data set; it is removed afterwards."""
    folder = workplace / "models" / "errors"
    shutil.copytree(PROJECT / "models" / "demo", folder)
    predictions = pd.read_parquet(folder / PREDICTIONS)
    images = catalogue.table[catalogue.table["file"].notna() & catalogue.table["laterality"].notna()]
    tested = predictions[predictions["part"] == "test"].head(len(images)).reset_index(drop=True)
    names = ["patient_id", "image_id", "laterality", "view"]
    tested[names] = images[names].head(len(tested)).to_numpy()
    tested["label"] = images["cancer"].head(len(tested)).to_numpy(int)
    validated = predictions[predictions["part"] == "validation"]
    pd.concat([validated, tested]).to_parquet(folder / PREDICTIONS, index=False)
    card = ModelCard.read(folder / CARD)
    data = card.data.model_copy(update={"dataset": "demo"})
    write_card(folder, card.model_copy(update={"name": folder.name, "data": data}))
    yield folder.name
    shutil.rmtree(folder)


def test_mark_drawn_on_the_errors_of_a_model_is_one_of_its_data_set(page: Page, server: Server, model, catalogue, kept):
    page.goto(f"{server.url}/models?view=Errors&model={model}")
    group = re.compile("^[1-9][0-9]*\\s+(detected cancers|missed cancers|false positives|true negatives)$")
    page.get_by_role("button", name=group).first.click()
    page.locator(".viewer .cell").first.scroll_into_view_if_needed()
    expect(page.locator(COMPLETE)).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    shown = page.locator(".viewer .cell").filter(has=page.locator(".window:not(:empty)"))
    label = shown.first.locator("small").inner_text()
    draw(page, "Ellipse", label, (0.4, 0.4), (0.6, 0.6))
    wait_until_kept(page, 1)
    page.wait_for_timeout(300)
    (mark,) = kept()
    assert (f"image {mark.image_id}", mark.shape, mark.author) == (label, "ellipse", READER)
    row = catalogue.table[catalogue.table["image_id"] == mark.image_id].iloc[0]
    assert (mark.patient_id, mark.laterality, mark.view) == (row["patient_id"], row["laterality"], row["view"])
    open_exam(page, server, mark.patient_id)
    wait_until_kept(page, 1)


def marks_address(page: Page) -> str:
    names: list[Any] = page.evaluate(
        "performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)"
    )
    return next(name for name in names if name.startswith("/marks/"))


def test_marks_are_not_given_to_those_who_guess_or_other_sites(viewer: Page, server: Server):
    address, host = marks_address(viewer), {"Host": f"localhost:{server.port}"}
    assert server.status(address, host) == 200
    assert server.status(address[:-1], host) == 404
    assert server.status(address, {**host, "Origin": "https://evil.example"}) == 403
    assert "dcm" not in json.dumps(address)
