"""One walk along the whole line in a real browser: explore, predict, train, reload, lose the server, stop."""

import re
import zipfile
from pathlib import Path

import pandas as pd
from playwright.sync_api import Page, expect

from builders.pages import CHART, points, wait_for_growth

PICTURE = "(canvas) => canvas.toDataURL()"
PAGES = ("", "explore", "exams", "data", "train", "models", "predict")


def test_every_page_url_opens_without_exception_and_asks_no_other_server(page: Page, server):
    requested = []
    page.on("request", lambda request: requested.append(request.url))
    for name in PAGES:
        page.goto(f"{server.url}/{name}")
        expect(page.get_by_test_id("stHeading").first).to_be_visible()
        expect(page.get_by_test_id("stSidebarNav").get_by_text("Overview")).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)
    assert [url for url in requested if not url.startswith((server.url, "data:", "blob:"))] == []


def test_explore_page_shows_chart_and_image_count(page: Page, server, workplace):
    page.goto(f"{server.url}/explore")
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    images = len(pd.read_csv(workplace / "data" / "demo" / "train.csv"))
    expect(page.get_by_test_id("stMain")).to_contain_text(f"{images:,}")


def test_predict_uploaded_exam_shows_results_heatmaps_and_exports(page: Page, server, workplace, tmp_path):
    table = pd.read_csv(workplace / "data" / "demo" / "train.csv")
    standard = table[table["view"].isin(["CC", "MLO"])].groupby("patient_id").filter(lambda rows: len(rows) == 4)
    exam = standard[standard["patient_id"] == standard.loc[standard["cancer"] == 1, "patient_id"].iloc[0]]
    folder = workplace / "data" / "demo" / "train_images"
    files = [folder / str(row.patient_id) / f"{row.image_id}.dcm" for row in exam.itertuples()]
    (tmp_path / "letter.txt").write_text("not an image")
    (tmp_path / "damaged.dcm").write_bytes(files[0].read_bytes()[:5000])
    page.goto(f"{server.url}/predict")
    page.locator("input[type=file]").set_input_files([*files, tmp_path / "letter.txt", tmp_path / "damaged.dcm"])
    expect(page.get_by_text("This isn't a DICOM file")).to_be_visible()
    expect(page.get_by_text(re.compile("damaged.dcm: "))).to_be_visible()
    views = page.get_by_role("img", name=re.compile("probability [01]"))
    expect(views).to_have_count(4)
    expect(page.get_by_text(re.compile("^(No recall|Recall) \\("))).to_have_count(3)  # the patient's and both breasts'
    expect(page.get_by_text("synthetic images only").first).to_be_visible()

    expect(page.locator(".viewer .stage[data-state=complete]")).to_be_visible()
    page.wait_for_timeout(600)
    with_heatmap = views.first.evaluate(PICTURE)
    page.locator(".viewer .cell").first.focus()
    page.keyboard.press("h")
    page.wait_for_timeout(600)
    assert views.first.evaluate(PICTURE) != with_heatmap
    page.get_by_text("What the network sees").click()
    expect(page.get_by_role("img", name=re.compile("^Network input of"))).to_have_count(4)

    page.get_by_test_id("stMain").get_by_text("pictures", exact=True).click()
    expect(page.locator(".viewer")).to_have_count(0)
    expect(views).to_have_count(4)
    with_heatmap = views.first.get_attribute("src")
    page.get_by_test_id("stMain").get_by_text("Heatmap", exact=True).click()
    expect(views.first).not_to_have_attribute("src", with_heatmap or "")

    results = pd.read_csv(taken(page, "CSV"))
    assert results["probability"].between(0, 1).sum() == 4
    assert results["error"].notna().sum() == 2
    assert not results["file"].str.contains("dcm").any()
    report = taken(page, "HTML report").read_text(encoding="utf-8")
    assert "Not a medical device" in report
    assert files[0].name not in report
    with zipfile.ZipFile(taken(page, "DICOM")) as archive:
        assert len(archive.namelist()) == 8  # a picture and a report of each image


def taken(page: Page, button: str) -> Path:
    """Click a download button and return the file; not while the script runs, which makes the button anew."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    return Path(download.value.path())


def test_train_run_survives_reload_and_server_restart_then_stops_and_resumes(page: Page, server, workplace):
    page.goto(f"{server.url}/train")
    start_long_run(page)
    expect(page.get_by_text(re.compile("running|queued")).first).to_be_visible()
    expect(page.locator(CHART).first).to_be_visible(timeout=120_000)
    zoom_and_hide(page)
    seen = view(page)
    assert seen["zoomed"]
    assert "training" in seen["hidden"]
    wait_for_growth(page, points(page))
    assert view(page) == seen

    page.reload()
    expect(page.locator(CHART).first).to_be_visible()
    wait_for_growth(page, points(page))

    server.kill()
    server.start()
    page.goto(f"{server.url}/train")
    expect(page.locator(CHART).first).to_be_visible()
    wait_for_growth(page, points(page))

    main = page.get_by_test_id("stMain")  # Streamlit's own header has a Stop as well, while the script runs
    main.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("Kept the model of epoch")).to_be_visible(timeout=90_000)
    expect(page.get_by_text("Saved model verified")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Example [1-4], (posi|nega)tive, after epoch"))).to_have_count(4)
    expect(page.get_by_text("This network has no class activation map")).to_be_visible()
    (request,) = (workplace / "models").glob("*/work.json")
    expect_listed(page, server, request.parent.name, "stopped")

    page.goto(f"{server.url}/train")
    main.get_by_role("button", name="Resume").click()
    expect(page.locator(CHART).first.get_by_text("resumed")).to_be_visible(timeout=90_000)  # the seam in the curve
    wait_for_growth(page, points(page))
    main.get_by_role("button", name="Stop", exact=True).click()
    main.get_by_role("button", name="Stop now").click()
    expect(page.get_by_text("Ended at once by a second stop.")).to_be_visible()


def expect_listed(page: Page, server, name: str, state: str) -> None:
    """The models page lists a run in this state, and its model can be opened."""
    page.goto(f"{server.url}/models")
    row = page.get_by_test_id("stDataFrame").first.locator("tr", has_text=name)
    expect(row).to_have_count(1)
    expect(row.get_by_text(state, exact=True)).to_have_count(1)


def start_long_run(page: Page) -> None:
    """Start the slow network for all epochs, so that there is time to lose the page and the server."""
    page.get_by_text("All settings").click()
    page.get_by_role("combobox", name="Network").click()
    page.get_by_role("option", name="original").click()
    for name in ("Max. epochs", "Early stopping after … epochs"):
        page.get_by_role("slider", name=name).press("End")
    page.get_by_role("button", name="Train", exact=True).click()


def zoom_and_hide(page: Page) -> None:
    """Zoom into the middle of the loss chart, and hide its first line by a click in the legend."""
    chart = page.locator(CHART).first
    chart.scroll_into_view_if_needed()
    box = chart.locator(".nsewdrag").first.bounding_box()
    assert box
    left, top, width, height = box["x"], box["y"], box["width"], box["height"]
    page.mouse.move(left + 0.3 * width, top + 0.3 * height)
    page.mouse.down()
    page.mouse.move(left + 0.7 * width, top + 0.7 * height, steps=5)
    page.mouse.up()
    chart.locator(".legendtoggle").first.click()
    page.wait_for_function(
        f"document.querySelector('{CHART}').calcdata.some(([point]) => point.trace.visible !== true)"
    )


def view(page: Page) -> dict:
    """Return what the loss chart shows: the axes' ranges and the names of the hidden lines."""
    script = """({ layout, calcdata }) => ({
        ranges: [layout.xaxis.range, layout.yaxis.range],
        zoomed: layout.xaxis.autorange === false && layout.yaxis.autorange === false,
        hidden: calcdata.map(([point]) => point.trace).filter((trace) => trace.visible !== true).map((trace) => trace.name),
    })"""
    return page.locator(CHART).first.evaluate(script)
