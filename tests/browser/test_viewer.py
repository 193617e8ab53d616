"""The viewer in a real browser: levels, tools without the server, keys, and what can't be shown."""

import json

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from builders.breasts import breast
from builders.dicom import build_dicom, build_lookup_table
from builders.server import Server
from mammo_core.dicom.display import display
from mammo_core.dicom.read import read
from mammo_core.prediction.rendering import overlay
from mammo_core.prediction.view_pixels import FIRST_SIDE
from ui.pixel_route import SCRIPTS_ADDRESS

COMPLETE = ".viewer .stage[data-state=complete]"
SPACING = {"ImagerPixelSpacing": ["0.1", "0.1"]}
TABLE = build_lookup_table(list(range(0, 65536, 16)), 0)
VIEWS = {  # side and view: what its header adds
    ("R", "CC"): {"WindowCenter": ["1500", "1800"], "WindowWidth": ["2600", "1200"], "PatientOrientation": ["P", "L"]},
    ("L", "CC"): {"WindowCenter": "1500", "WindowWidth": "2600", "PhotometricInterpretation": "MONOCHROME1"},
    ("R", "MLO"): {"WindowCenter": "1500", "WindowWidth": "300", "VOILUTFunction": "SIGMOID"},
    ("L", "ML"): {"VOILUTSequence": [TABLE]},
}
# Compares the levels of the browser with those of a picture, both at the first resolution
COMPARE_LEVELS = """async ([scripts, address, expected]) => {
    const { fetchView } = await import(`/${scripts}/pixels.js`)
    const { levelTable, unchanged } = await import(`/${scripts}/levels.js`)
    const { description, codes } = await fetchView(address, "first")
    const table = levelTable(description, unchanged())
    if (codes.length !== expected.length) return 255
    return codes.reduce((most, code, index) => Math.max(most, Math.abs(table[code] - expected[index])), 0)
}"""
# Draws three by two pixels at twice their size, mirrored, and returns the red channel
DRAW = """async (scripts) => {
    const { Renderer } = await import(`/${scripts}/renderer.js`)
    const renderer = new Renderer()
    const [level] = renderer.uploadPixels([{ codes: new Uint16Array([0, 300, 65535, 1, 2, 3]), rows: 2, columns: 3, covers: 1 }])
    const table = new Uint8Array(65536)
    for (const [code, grey] of [[0, 10], [300, 20], [65535, 30], [1, 40], [2, 50], [3, 60]]) table[code] = grey
    const canvas = Object.assign(document.createElement("canvas"), { width: 4, height: 3 })
    const context = canvas.getContext("2d")
    renderer.draw(context, level, renderer.uploadLevels(table), { origin: [3, 0], stride: [-1, 1] })
    return [...context.getImageData(0, 0, 4, 3).data].filter((_, index) => index % 4 === 0)
}"""
# Draws one row of pixels of one grey level under a heatmap of the same width, and returns their colours
DRAW_HEATMAP = """async ([scripts, grey, levels, opacity]) => {
    const { Renderer } = await import(`/${scripts}/renderer.js`)
    const renderer = new Renderer()
    const columns = levels.length
    const [level] = renderer.uploadPixels([{ codes: new Uint16Array(columns), rows: 1, columns, covers: 1 }])
    const context = Object.assign(document.createElement("canvas"), { width: columns, height: 1 }).getContext("2d")
    const heat = renderer.uploadHeatmap({ rows: 1, columns, levels: btoa(String.fromCharCode(...levels)) })
    renderer.draw(context, level, renderer.uploadLevels(new Uint8Array(65536).fill(grey)), { origin: [0, 0], stride: [1, 1] },
        { texture: heat, opacity, place: [1 / columns, 1, 0, 0] })
    return [...context.getImageData(0, 0, columns, 1).data].filter((_, index) => index % 4 !== 3)
}"""
CONTOURS = """async ([scripts, heatmap]) => (await import(`/${scripts}/contours.js`)).contoursOf(
    { ...heatmap, levels: btoa(String.fromCharCode(...heatmap.levels)) })"""
COVERED = """(cell) => {
    const text = (className, textContent) => Object.assign(document.createElement("span"), { className, textContent })
    cell.querySelector(".name").append(text("", "probability 0.02"),
        text("badge", "no decision: this model has only seen synthetic images"), text("badge", "reduced"))
    cell.querySelector(".window").textContent += " inverted"
    const box = (element) => element.getBoundingClientRect()
    const covers = (one, other) => one.left < other.right && other.left < one.right
        && one.top < other.bottom && other.top < one.bottom
    const texts = [...cell.querySelectorAll(".name > *, .window, .bar")].filter(({ textContent }) => textContent)
    const markers = [...cell.querySelectorAll(".marker")]
    if (markers.some(({ textContent }) => !textContent)) return ["no directions"]
    return markers.filter((marker) => texts.some((text) => covers(box(text), box(marker)))).map(({ className }) => className)
}"""
PICTURES = "(cells) => cells.map((cell) => cell.querySelector('canvas').toDataURL())"


@pytest.fixture(scope="module")
def mammograms(workplace):
    """A data set of one patient: four views that differ in their windows, one damaged file, one missing view."""
    folder = workplace / "data" / "windows"
    files = folder / "train_images" / "7"
    files.mkdir(parents=True)
    pixels = np.kron(breast(700, 520), np.ones((3, 3), np.uint16))
    rows = []
    for number, ((side, view), elements) in enumerate(VIEWS.items(), 1):
        (files / f"{number}.dcm").write_bytes(build_dicom(pixels, **SPACING, **elements))
        rows.append((7, number, side, view))
    (files / "5.dcm").write_bytes(b"no image" * 100)
    table = pd.DataFrame([*rows, (7, 5, "R", "ML")], columns=["patient_id", "image_id", "laterality", "view"])
    table = table.assign(cancer=[1, 0, 1, 0, 1], site_id=1, machine_id=1, age=50)  # the third is R MLO
    table.to_csv(folder / "train.csv", index=False)
    return folder


@pytest.fixture
def viewer(page: Page, server: Server, mammograms) -> Page:
    page.goto(f"{server.url}/exams?dataset=windows")
    expect(page.locator(COMPLETE)).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    return page


def settle(page: Page) -> None:
    """Wait until the browser has drawn, and fetched what a zoom needs."""
    page.wait_for_timeout(600)
    expect(page.locator(COMPLETE)).to_be_visible()


def pictures(page: Page) -> list[str]:
    settle(page)
    return page.locator(".viewer .cell").evaluate_all(PICTURES)


def windows(page: Page) -> list[str]:
    return page.locator(".viewer .corner.window").all_inner_texts()


def center(page: Page, number: int = 0) -> tuple[float, float]:
    box = page.locator(".viewer .cell").nth(number).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, x: float, y: float) -> None:
    left, top = center(page)
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(left + x, top + y, steps=4)
    page.mouse.up()


def addresses(page: Page) -> list[str]:
    """Return the addresses of the views' pixels, as the page got them."""
    loaded = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)")
    return sorted({name.rpartition("/")[0].strip("/") for name in loaded if name.startswith("/pixels/")})


def test_levels_in_the_browser_are_those_of_the_servers_pictures(viewer: Page, server: Server, mammograms):
    differences = []
    expected = {
        number: display(read(mammograms / "train_images" / "7" / f"{number}.dcm", FIRST_SIDE)).ravel().tolist()
        for number in range(1, len(VIEWS) + 1)
    }
    readable = [address for address in addresses(viewer) if viewer.request.get(f"{server.url}/{address}/first").ok]
    assert len(readable) == len(VIEWS)
    for picture in expected.values():
        arguments = [[SCRIPTS_ADDRESS, address, picture] for address in readable]
        differences.append(min(viewer.evaluate(COMPARE_LEVELS, one) for one in arguments))
    assert max(differences) <= 1


def test_renderer_draws_each_pixels_level_and_black_around_them(viewer: Page):
    assert viewer.evaluate(DRAW, SCRIPTS_ADDRESS) == [30, 20, 10, 0, 60, 50, 40, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("opacity", [0.0, 0.6, 1.0])
def test_heatmap_has_the_colours_of_the_servers_pictures(viewer: Page, opacity):
    levels = list(range(0, 256, 5))
    drawn = np.array(viewer.evaluate(DRAW_HEATMAP, [SCRIPTS_ADDRESS, 100, levels, opacity])).reshape(1, -1, 3)
    expected = overlay(np.full((1, len(levels)), 100, np.uint8), np.array([levels]) / 255, opacity)
    assert np.abs(drawn - expected.astype(int)).max() <= 1


def test_contours_run_around_what_passes_half_of_the_scale(viewer: Page):
    levels = [0, 0, 0, 0, 255, 100, 0, 0, 0]
    lines = viewer.evaluate(CONTOURS, [SCRIPTS_ADDRESS, {"rows": 3, "columns": 3, "levels": levels}])
    points = sorted({(round(x * 3, 2), round(y * 3, 2)) for line in lines for x, y in line})
    right = 1.5 + (255 - 127.5) / (255 - 100)  # between the middles of two cells
    assert points == [(1.0, 1.5), (1.5, 1.0), (1.5, 2.0), (round(right, 2), 1.5)]
    assert len(lines) == 4
    edge = viewer.evaluate(CONTOURS, [SCRIPTS_ADDRESS, {"rows": 1, "columns": 1, "levels": [255]}])
    assert len(edge) == 4  # closed also at the edge of the frame
    assert viewer.evaluate(CONTOURS, [SCRIPTS_ADDRESS, {"rows": 1, "columns": 1, "levels": [120]}]) == []


def test_two_fingers_zoom_about_the_middle_between_them(browser: Browser, server: Server, mammograms):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, has_touch=True)
    page = context.new_page()
    page.goto(f"{server.url}/exams?dataset=windows")
    expect(page.locator(COMPLETE)).to_be_visible()
    page.locator(".viewer .cell").first.scroll_into_view_if_needed()
    before = pictures(page)
    left, top = center(page)
    device = context.new_cdp_session(page)

    def touch(kind: str, *offsets: float) -> None:
        points = [{"x": left + offset, "y": top, "id": number} for number, offset in enumerate(offsets)]
        device.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    bar = page.locator(".viewer .cell").first.locator(".bar")
    text, width = bar.inner_text(), bar.bounding_box()
    touch("touchStart", -30)
    touch("touchStart", -30, 30)
    touch("touchMove", -45, 45)
    touch("touchMove", -60, 60)
    touch("touchEnd")
    zoomed = pictures(page)
    assert [one != other for one, other in zip(before, zoomed, strict=True)][:3] == [True, True, True]
    assert mm_per_pixel(text, width) == pytest.approx(2 * mm_per_pixel(bar.inner_text(), bar.bounding_box()), rel=0.05)
    context.close()


def mm_per_pixel(text: str, box) -> float:
    """Return the scale that a scale bar shows."""
    return float(text.split(maxsplit=1)[0]) / box["width"]


def test_image_over_the_limit_of_models_is_shown_reduced_and_says_so(page: Page, server: Server, workplace):
    folder = workplace / "data" / "huge"
    files = folder / "train_images" / "7"
    files.mkdir(parents=True)
    pixels = np.kron(breast(1050, 1000), np.ones((10, 10), np.uint16))
    (files / "1.dcm").write_bytes(build_dicom(pixels, **SPACING))
    (files / "2.dcm").write_bytes(build_dicom(np.full((700, 520), 300, np.uint16), **SPACING))
    rows = [(7, 1, "R", "CC"), (7, 2, "L", "CC")]
    table = pd.DataFrame(rows, columns=["patient_id", "image_id", "laterality", "view"])
    table.assign(cancer=0, site_id=1, machine_id=1, age=50).to_csv(folder / "train.csv", index=False)
    page.goto(f"{server.url}/exams?dataset=huge")
    expect(page.locator(COMPLETE)).to_be_visible()
    cells = page.locator(".viewer .cell")
    assert cells.locator(".badge").all_inner_texts() == ["reduced"]
    assert windows(page)[1].startswith("W ")  # a constant image has a window
    page.mouse.move(*center(page))
    page.mouse.wheel(0, -1500)
    settle(page)
    assert cells.locator(".badge").all_inner_texts() == ["reduced"]
    cells.nth(0).focus()
    page.keyboard.press("d")
    expect(page.get_by_role("dialog")).to_contain_text("105 megapixels and is shown at reduced resolution")
    page.goto(f"{server.url}/exams?dataset=huge&show=pictures")
    expect(page.get_by_test_id("stAlert")).to_contain_text(["105 megapixels and is shown at reduced resolution"])
    (files / "1.dcm").unlink()  # 210 MB


def test_prior_exams_hang_below_the_newest_with_their_dates(page: Page, server: Server, workplace):
    folder = workplace / "data" / "priors"
    files = folder / "train_images" / "7"
    files.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (exam, date) in enumerate([("a", "2021-03-04"), ("b", "2023-05-06")], 1):
        (files / f"{number}.dcm").write_bytes(build_dicom(breast(700, 520) // number, **SPACING))
        rows.append((7, number, "R", "CC", exam, date))
    names = ["patient_id", "image_id", "laterality", "view", "exam_id", "exam_date"]
    table = pd.DataFrame(rows, columns=names)
    table.assign(cancer=0, site_id=1, machine_id=1, age=50).to_csv(folder / "train.csv", index=False)
    page.goto(f"{server.url}/exams?dataset=priors")
    expect(page.locator(COMPLETE)).to_be_visible()
    assert page.locator(".viewer section strong").all_inner_texts()[:1] == ["Exam of 2023-05-06"]
    assert "Prior exam of 2021-03-04" in page.locator(".viewer section").nth(1).inner_text()
    assert page.locator(".viewer .name small").all_inner_texts()[0] == "image 2"
    before = [text for text in windows(page) if text]
    drag(page, 60, 40)
    settle(page)
    after = [text for text in windows(page) if text]
    assert len(before) == 2
    assert [one != other for one, other in zip(before, after, strict=True)] == [
        True,
        True,
    ]  # the prior exam's is linked


def test_tools_change_all_linked_views_and_ask_the_server_for_nothing(viewer: Page):
    settle(viewer)
    requested: list[str] = []
    viewer.on("request", lambda request: requested.append(request.url))
    viewer.context.on("request", lambda request: requested.append(request.url))
    sockets = viewer.evaluate("""() => {
        window.sentToServer = []
        const send = WebSocket.prototype.send
        WebSocket.prototype.send = function (...message) { window.sentToServer.push(1); return send.apply(this, message) }
    }""")
    assert sockets is None
    before = pictures(viewer)
    for change in (
        lambda: drag(viewer, 60, 40),
        lambda: viewer.keyboard.press("i"),
        lambda: viewer.keyboard.press("["),
        lambda: viewer.keyboard.press("2"),
        lambda: viewer.get_by_role("combobox", name="Window preset").select_option("All values"),
        lambda: viewer.mouse.wheel(0, -100),
        lambda: viewer.keyboard.press("Shift+ArrowLeft"),
        lambda: viewer.mouse.dblclick(*center(viewer)),
    ):
        change()
        after = pictures(viewer)
        changed = [one != other for one, other in zip(before, after, strict=True)]
        assert changed[:3] == [True, True, True]
        before = after
    assert requested == []
    assert viewer.evaluate("window.sentToServer.length") == 0


def test_reset_brings_back_the_first_picture_and_unlinked_views_stay(viewer: Page):
    first, shown = pictures(viewer), windows(viewer)
    drag(viewer, 60, 40)
    assert pictures(viewer) != first
    viewer.keyboard.press("Space")
    assert pictures(viewer) == first
    assert windows(viewer) == shown
    viewer.keyboard.press("k")
    viewer.keyboard.press("i")
    changed = [one != other for one, other in zip(first, pictures(viewer), strict=True)]
    assert changed == [True, *[False] * (len(first) - 1)]


def test_zoom_beyond_the_first_resolution_fetches_all_pixels_once(viewer: Page):
    settle(viewer)
    requested: list[str] = []
    viewer.on("request", lambda request: requested.append(request.url.rpartition("/")[2]))
    viewer.mouse.move(*center(viewer))
    viewer.mouse.wheel(0, -1200)
    settle(viewer)
    viewer.mouse.wheel(0, -300)
    settle(viewer)
    assert requested == ["complete"] * len(VIEWS)


def test_views_hang_with_markers_and_scale_and_say_what_is_missing(viewer: Page):
    names = viewer.locator(".viewer .name strong").all_inner_texts()
    assert [name for name in names if name] == ["R CC", "L CC", "R MLO", "L MLO", "R ML", "L ML"]
    cells = viewer.locator(".viewer .cell")
    expect(cells.nth(3)).to_contain_text("L MLO is missing.")
    expect(cells.nth(4)).to_contain_text("This isn't a DICOM file.")
    expect(cells.nth(0).locator(".bar")).to_contain_text("mm")
    # The file's rows lead backwards; a right breast hangs with its chest wall at the right, and its pixels have it at the left
    assert [cells.nth(0).locator(f".marker.{edge}").inner_text() for edge in ("left", "right", "bottom")] == [
        "P",
        "A",
        "L",
    ]


def test_views_fill_the_screen_in_full_screen(viewer: Page):
    viewer.locator(".viewer .cell").first.focus()
    viewer.keyboard.press("f")
    viewer.wait_for_function("document.fullscreenElement !== null")
    settle(viewer)
    box = viewer.locator(".viewer .cell").nth(2).bounding_box()
    assert box
    assert 840 < box["y"] + box["height"] <= 900
    viewer.keyboard.press("Enter")
    settle(viewer)
    box = viewer.locator(".viewer .cell.chosen").bounding_box()
    assert box
    assert box["height"] > 780
    assert box["y"] + box["height"] <= 900


def test_keys_show_one_view_its_details_and_the_list_of_keys(viewer: Page):
    cells = viewer.locator(".viewer .cell")
    cells.nth(0).focus()
    viewer.keyboard.press("ArrowRight")
    viewer.keyboard.press("Enter")
    expect(cells.nth(0)).to_be_hidden()
    expect(cells.nth(1)).to_be_visible()
    viewer.keyboard.press("ArrowLeft")
    expect(cells.nth(0)).to_be_visible()
    expect(cells.nth(1)).to_be_hidden()
    viewer.keyboard.press("d")
    expect(viewer.get_by_role("dialog")).to_contain_text("1560 × 2100 pixels")
    viewer.keyboard.press("Escape")
    viewer.keyboard.press("?")
    expect(viewer.get_by_role("dialog")).to_contain_text("narrower or wider window")
    viewer.keyboard.press("Escape")
    expect(viewer.get_by_role("dialog")).to_have_count(0)
    viewer.keyboard.press("Escape")
    expect(cells.nth(1)).to_be_visible()


def test_labels_are_shown_on_request_only(viewer: Page):
    cells, box = viewer.locator(".viewer .cell"), viewer.locator(".viewer").get_by_role("checkbox", name="Labels")
    findings = viewer.locator(".viewer .findings")
    assert "cancer" not in viewer.locator(".viewer .stage").inner_text()
    assert "cancer" not in "".join(image.get_attribute("aria-label") or "" for image in viewer.locator("canvas").all())
    viewer.locator(".viewer").get_by_role("button", name="Show").click()
    expect(box).not_to_be_checked()
    cells.nth(0).focus()
    expect(box).to_be_hidden()  # the menu closes when the focus leaves it
    viewer.keyboard.press("t")
    assert cells.locator(".badge").all_inner_texts() == ["cancer", "no cancer", "cancer", "cancer", "no cancer"]
    expect(findings).to_contain_text("R: cancer")
    expect(cells.nth(1).get_by_role("img")).to_have_attribute("aria-label", "L CC, image 2, no cancer")
    viewer.locator(".viewer").get_by_role("button", name="Show").click()
    expect(box).to_be_checked()
    box.uncheck()
    expect(findings).to_be_hidden()
    expect(cells.locator(".badge")).to_have_count(0)
    viewer.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(viewer.locator(".viewer").get_by_role("button", name="Show")).to_be_focused()
    viewer.keyboard.press("Enter")
    expect(box).to_be_visible()
    viewer.get_by_role("heading", name="Exams").click()
    expect(box).to_be_hidden()


@pytest.mark.parametrize(("width", "rows"), [(1440, 1), (1024, 2), (390, 2)])
def test_toolbar_stays_low_and_every_button_has_a_name(viewer: Page, width, rows):
    viewer.set_viewport_size({"width": width, "height": 900})
    settle(viewer)
    buttons = viewer.locator(".toolbar button:visible, .toolbar select:visible").all()
    boxes = [box for button in buttons if (box := button.bounding_box())]
    assert len(boxes) == len(buttons) > 12
    tops = {round(box["y"] + box["height"] / 2, -1) for box in boxes}
    assert len(tops) <= rows
    assert max(box["x"] + box["width"] for box in boxes) <= width
    assert all(button.get_attribute("aria-label") or button.inner_text() for button in buttons)


def test_toolbar_is_one_stop_of_the_tab_key_and_arrows_go_through_it(viewer: Page):
    toolbar = viewer.get_by_role("toolbar", name="Viewer")
    toolbar.get_by_role("button", name="Window", exact=True).focus()
    viewer.keyboard.press("ArrowLeft")
    keys = toolbar.get_by_role("button", name="Keys")
    expect(keys).to_be_focused()  # the last one
    assert keys.evaluate("(button) => getComputedStyle(button).outlineStyle") == "solid"
    viewer.keyboard.press("ArrowRight")
    for _ in range(3):
        viewer.keyboard.press("ArrowRight")
    box = toolbar.get_by_role("button", name="Box")
    expect(box).to_be_focused()
    before = windows(viewer)
    for _ in range(2):
        viewer.keyboard.press("ArrowRight")  # over buttons that can't be pressed at present
    expect(toolbar.get_by_role("combobox", name="Window preset")).to_be_focused()
    viewer.keyboard.press("ArrowRight")
    expect(toolbar.get_by_role("button", name="Invert")).to_be_focused()
    assert windows(viewer) == before  # the list of presets has only let the focus pass
    viewer.keyboard.press("End")
    expect(keys).to_be_focused()
    viewer.keyboard.press("Tab")
    expect(viewer.locator(".viewer .cell").first).to_be_focused()
    viewer.keyboard.press("Shift+Tab")
    expect(keys).to_be_focused()
    assert toolbar.locator("[tabindex='0']").count() == 1


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_names_leave_the_directions_free_however_long_they_are(viewer: Page, width):
    viewer.set_viewport_size({"width": width, "height": 768})
    settle(viewer)
    assert viewer.locator(".viewer .cell").first.evaluate(COVERED) == []


def test_narrow_screen_stacks_the_views_without_scrolling_sideways(viewer: Page):
    viewer.set_viewport_size({"width": 1024, "height": 768})
    settle(viewer)
    right, left = (cell.bounding_box() for cell in viewer.locator(".viewer .cell").all()[:2])
    assert right
    assert left
    assert (right["y"], right["x"] + right["width"]) == (left["y"], left["x"])  # still back to back
    viewer.set_viewport_size({"width": 390, "height": 844})
    settle(viewer)
    boxes = [cell.bounding_box() for cell in viewer.locator(".viewer .cell").all()[:2]]
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["x"] == boxes[1]["x"]
    assert boxes[1]["y"] >= boxes[0]["y"] + boxes[0]["height"]
    assert viewer.evaluate("document.documentElement.scrollWidth") <= 390
    viewer.locator(".viewer .cell").first.focus()
    viewer.keyboard.press("?")
    dialog = viewer.get_by_role("dialog")
    assert dialog.evaluate(
        "({ scrollTop, scrollHeight, clientHeight }) => scrollTop === 0 && scrollHeight > clientHeight"
    )


def test_browser_without_webgl_shows_pictures_and_one_sentence(browser: Browser, server: Server, mammograms):
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.add_init_script("""
        const original = HTMLCanvasElement.prototype.getContext
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
            return kind === "webgl2" ? null : original.call(this, kind, ...rest)
        }
    """)
    page.goto(f"{server.url}/exams?dataset=windows")
    expect(page.get_by_text("This browser has no WebGL 2")).to_be_visible()
    expect(page.get_by_role("img", name="R CC, image 1")).to_be_visible()
    page.close()


def test_pixels_are_not_given_to_those_who_guess(viewer: Page, server: Server):
    host = {"Host": f"localhost:{server.port}"}
    statuses = {address: server.status(f"/{address}/first", host) for address in addresses(viewer)}
    assert sorted(statuses.values()) == [*[200] * len(VIEWS), 422]  # one file is damaged
    address = next(iter(statuses))
    assert server.status(f"/{address[:-1]}/first", host) == 404
    assert json.dumps(address).count("dcm") == 0
