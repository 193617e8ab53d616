"""The viewer on exams of all kinds: what hangs where, and which text is over it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from builders.breasts import breast
from builders.dicom import build_code, build_dicom
from builders.server import Server

COMPLETE = ".viewer .stage[data-state=complete]"
SPACING = {"ImagerPixelSpacing": ["0.2", "0.2"]}
PIXELS = breast(700, 520)
BLANK, CONSTANT = np.zeros_like(PIXELS), np.full_like(PIXELS, 300)
DISPLACED = {"ViewCodeSequence": [build_code("399162004", modifiers=["399209000"])]}
EIGHT = [f"{side} {view}" for view in ("CC", "MLO", "ML", "XCCL") for side in "RL"]
CELL = """(cell) => [".name strong", ".window", ".problem"].map((part) => cell.querySelector(part).textContent)"""
PICTURE = "(cell) => cell.querySelector('canvas').toDataURL()"
DIFFERENCE = """(cells) => {
    const [one, other] = cells.map((cell) => cell.querySelector("canvas")).map(
        (canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data)
    return one.reduce((most, level, index) => Math.max(most, Math.abs(level - other[index])), 0)
}"""


@dataclass(frozen=True)
class Image:
    """An image of an exam: its side and view, its file's content, and what its row of the table says."""

    name: str
    content: bytes
    columns: Mapping[str, Any] | None = None


def image(name: str, pixels: np.ndarray = PIXELS, columns: Mapping[str, Any] | None = None, **elements: Any) -> Image:
    return Image(name, build_dicom(pixels, **{**SPACING, **elements}), columns)


PATIENTS: Mapping[str, Sequence[Image]] = {
    "one": [image("R CC")],
    "eight": [image(name) for name in EIGHT],
    "implants": [
        image("R CC", columns={"implant": 1}),
        image("R CC", **DISPLACED),
        image("L CC"),
        image("L CC", **DISPLACED),
    ],
    "inverted": [image("R CC"), image("R CC", 4095 - PIXELS, PhotometricInterpretation="MONOCHROME1")],
    "deep": [image("L MLO", (PIXELS * 16).astype(np.uint16), bits=16), image("L MLO", PIXELS)],
    "unscaled": [image("R CC", ImagerPixelSpacing=None)],
    "enlarged": [image("R CC", EstimatedRadiographicMagnificationFactor="1.1")],
    "prior": [
        image("R CC", PIXELS // 2, {"exam_id": "a", "exam_date": "2021-03-04"}),
        image("R CC", PIXELS, {"exam_id": "b", "exam_date": "2023-05-06"}),
    ],
    "damaged": [Image("R CC", b"no image" * 100), image("L CC")],
    "blank": [image("R CC", BLANK), image("L CC", CONSTANT)],
}


@pytest.fixture(scope="module")
def exams(workplace) -> None:
    """A data set with a patient of each kind."""
    folder = workplace / "data" / "kinds"
    rows = []
    for patient, images in PATIENTS.items():
        files = folder / "train_images" / patient
        files.mkdir(parents=True)
        for number, one in enumerate(images, 1):
            side, view = one.name.split()
            (files / f"{patient}{number}.dcm").write_bytes(one.content)
            known = {"patient_id": patient, "image_id": f"{patient}{number}", "laterality": side, "view": view}
            rows.append({**known, "exam_id": patient, **(one.columns or {})})
    table = pd.DataFrame(rows).assign(cancer=0, site_id=1, machine_id=1, age=50)
    table["implant"] = table["implant"].fillna(0).astype(int)
    table.to_csv(folder / "train.csv", index=False)


@pytest.fixture(scope="module")
def opened(browser: Browser) -> Page:
    """One page for all kinds, at the size of a usual screen."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(60_000)
    return page


@pytest.fixture
def show(opened: Page, server: Server, exams):
    """A function that shows a patient and returns the page; no script of it may fail."""
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))

    def show_patient(patient: str) -> Page:
        opened.goto(f"{server.url}/exams?dataset=kinds&patient={patient}")
        expect(opened.locator(COMPLETE)).to_be_visible()
        expect(opened.locator(".viewer .name small").filter(has_text=patient).first).to_be_visible()
        opened.wait_for_timeout(300)
        return opened

    yield show_patient
    assert problems == []


def cells(page: Page) -> list[list[str]]:
    """Return name, window and problem of each position."""
    return [cell.evaluate(CELL) for cell in page.locator(".viewer .cell").all()]


def pictures(page: Page) -> list[str]:
    return [cell.evaluate(PICTURE) for cell in page.locator(".viewer .cell").all()]


def test_lone_view_hangs_at_its_side_and_its_partner_is_named_as_missing(show):
    (name, window, problem), other = cells(show("one"))
    assert (name, problem) == ("R CC", "")
    assert window
    assert other == ["L CC", "", "L CC is missing."]


def test_eight_views_hang_in_four_rows_and_all_are_drawn(show):
    page = show("eight")
    assert [name for name, *_ in cells(page)] == EIGHT
    page.locator(".viewer .cell").last.scroll_into_view_if_needed()
    expect(page.locator(".viewer .window:not(:empty)")).to_have_count(8)


def test_implants_are_named_and_so_are_views_with_displaced_ones(show):
    page = show("implants")
    assert "implant" in page.locator(".viewer section p").first.inner_text()
    texts = page.locator(".viewer .name").all_inner_texts()
    assert [text.split("\n")[0] for text in texts] == ["R CC", "L CC", "R CC", "L CC"]
    assert ["implant displaced" in text for text in texts] == [False, False, True, True]


def test_monochrome1_looks_as_the_same_image_in_monochrome2(show):
    page = show("inverted")
    first, _, second, _ = pictures(page)
    assert first == second
    page.locator(".viewer .cell").first.focus()
    page.keyboard.press(",")  # brighter: the window moves the other way for MONOCHROME1
    page.wait_for_timeout(300)
    brighter, _, other, _ = pictures(page)
    assert brighter == other
    assert brighter != first


def test_sixteen_bits_keep_their_values_and_look_as_twelve(show):
    page = show("deep")
    page.get_by_role("combobox", name="Window preset").select_option("All values")
    page.wait_for_timeout(300)
    widths = [int(window.split()[1]) for _, window, _ in cells(page) if window]
    assert widths[0] > 4096
    assert widths[0] == pytest.approx(16 * widths[1], rel=0.01)
    left = page.locator(".viewer .left-breast")
    assert left.evaluate_all(DIFFERENCE) <= 1  # of 255


def test_image_without_spacing_has_no_scale_and_says_so(show):
    page = show("unscaled")
    expect(page.locator(".viewer .bar").first).to_be_hidden()
    expect(page.get_by_role("combobox", name="Zoom").locator("option", has_text="True size")).to_be_disabled()
    page.locator(".viewer .cell").first.focus()
    page.keyboard.press("d")
    expect(page.get_by_role("dialog")).to_contain_text("The file doesn't state the size of its pixels")


def test_true_size_shows_a_millimetre_as_the_browsers_and_says_how_it_is_known(show):
    page = show("enlarged")
    page.locator(".viewer .cell").first.focus()
    page.keyboard.press("s")
    page.wait_for_timeout(300)
    expect(page.get_by_role("combobox", name="Zoom")).to_have_value("true")
    bar = page.locator(".viewer .bar").first
    box, millimetres = bar.bounding_box(), int(bar.inner_text().split()[0])
    assert box
    assert box["width"] / millimetres == pytest.approx(96 / 25.4, rel=0.01)
    page.keyboard.press("p")  # a pixel of 0.2 mm at the detector shows 0.182 mm of the breast
    page.wait_for_timeout(300)
    box, millimetres = bar.bounding_box(), int(bar.inner_text().split()[0])
    assert box
    assert box["width"] / millimetres == pytest.approx(1.1 / 0.2, rel=0.01)
    page.keyboard.press("d")
    expect(page.get_by_role("dialog")).to_contain_text("divided by a magnification of 1.1")


def test_prior_exam_hangs_below_with_its_date(show):
    page = show("prior")
    headings = page.locator(".viewer section strong").filter(has_text="xam of").all_inner_texts()
    assert headings == ["Exam of 2023-05-06", "Prior exam of 2021-03-04"]
    expect(page.locator(".viewer .name small").first).to_have_text("image prior2")


def test_unreadable_view_keeps_its_position_with_the_reason(show):
    (name, window, problem), (other, shown, _) = cells(show("damaged"))
    assert (name, window) == ("R CC", "")
    assert problem.startswith("This isn't a DICOM file.")
    assert other == "L CC"
    assert shown


def test_blank_and_constant_images_have_a_window(show):
    page = show("blank")
    assert [bool(window) for _, window, _ in cells(page)] == [True, True]
    page.locator(".viewer .cell").first.focus()
    before = pictures(page)
    page.keyboard.press("i")
    page.wait_for_timeout(300)
    assert [one != other for one, other in zip(before, pictures(page), strict=True)] == [True, True]
