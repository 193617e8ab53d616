"""Many people at the same time: each gets the predictions of their own files, and no others."""

import hashlib
import random
import subprocess
import sys
from pathlib import Path

import pandas as pd
from playwright.sync_api import Browser, Page, TimeoutError, expect

from builders.server import ROOT, Server, server_environment

SESSIONS, FILES = 8, 25
COLUMNS = ["file", "patient", "laterality", "view", "probability"]


def test_concurrent_sessions_each_get_only_their_own_predictions(browser: Browser, server: Server, workplace, tmp_path):
    table = pd.read_csv(workplace / "data" / "demo" / "train.csv")
    folder = workplace / "data" / "demo" / "train_images"
    paths = [folder / str(row.patient_id) / f"{row.image_id}.dcm" for row in table.itertuples()]
    there = [path for path in paths if path.exists()]
    chosen = [random.Random(number).sample(there, FILES) for number in range(SESSIONS)]
    alone = one_by_one(there, workplace, tmp_path / "alone.csv")
    contexts = [browser.new_context(accept_downloads=True) for _ in chosen]
    pages = [context.new_page() for context in contexts]
    for page in pages:
        page.set_default_timeout(240_000)  # eight browser windows draw 25 images each
        page.goto(f"{server.url}/predict")
    for page in pages:
        expect(page.locator("input[type=file]")).to_be_attached()
    for page, files in zip(pages, chosen, strict=True):
        page.locator("input[type=file]").set_input_files(files)
    for page, files in zip(pages, chosen, strict=True):
        results = downloaded_results(page)
        expected = alone[alone["file"].isin([path.name for path in files])]
        assert len(results) == FILES
        assert fingerprint(results) == fingerprint(expected)
    for context in contexts:
        context.close()


def one_by_one(files: list[Path], workplace: Path, csv: Path) -> pd.DataFrame:
    """Return the command line's predictions of the files, made in one process."""
    command = [sys.executable, "-m", "mammo_core", "predict", *map(str, files), "--csv", str(csv)]
    subprocess.run(command, cwd=ROOT, env=server_environment(workplace), check=True, stdout=subprocess.DEVNULL)
    return read(csv)


def downloaded_results(page: Page) -> pd.DataFrame:
    """Wait for a session's predictions and return them, with the names of their files."""
    keep = page.get_by_text("Include file names")
    expect(keep).to_be_visible(timeout=240_000)
    wait_until_idle(page)
    keep.click()
    page.wait_for_timeout(1000)  # until the page has heard the click
    while True:
        wait_until_idle(page)
        try:
            with page.expect_download(timeout=20_000) as download:
                page.get_by_role("button", name="CSV", exact=True).click()
        except TimeoutError:  # the button was made anew meanwhile
            continue
        results = read(Path(download.value.path()))
        if results["file"].str.endswith(".dcm").all():
            return results


def wait_until_idle(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=240_000)


def read(csv: Path) -> pd.DataFrame:
    table = pd.read_csv(csv, dtype="str")
    return table.assign(file=table["file"].map(lambda name: Path(name).name))


def fingerprint(table: pd.DataFrame) -> str:
    """Return a hash of the files and their predictions, whatever the order."""
    return hashlib.sha256(table[COLUMNS].sort_values("file").to_csv(index=False).encode()).hexdigest()
