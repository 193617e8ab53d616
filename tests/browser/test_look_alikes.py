"""Look-alikes in a real browser: nothing before the check, five breasts after it, and the way from exam to exam."""

import re

import pandas as pd
from playwright.sync_api import Page, expect

from builders.server import run_command


def test_look_alikes_follow_the_check_and_lead_to_their_exams(page: Page, server, workplace):
    manifest = pd.read_parquet(workplace / "data" / "prepared" / "demo" / "manifest.parquet")
    images = manifest.groupby("patient_id").size()
    patient = str(images.index[images >= 4][0])
    page.goto(f"{server.url}/exams?dataset=demo&patient={patient}")
    page.get_by_text("Look-alikes", exact=True).click()
    expect(page.get_by_text("Nobody has checked the imported data yet")).to_be_visible()
    expect(page.get_by_role("link", name="Check the data")).to_be_visible()

    run_command(workplace, "doctor", "demo")
    page.reload()
    page.get_by_text("Look-alikes", exact=True).click()
    expect(page.get_by_text("Searched among")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^(very |less )?similar, distance \d\.\d\d$"))).to_have_count(5)
    expect(page.get_by_alt_text(re.compile(r"^R (CC|MLO), (positive|negative)$")).first).to_be_visible()

    page.get_by_role("button", name="Open exam").first.click()
    expect(page).not_to_have_url(re.compile(f"patient={patient}"))
    expect(page.get_by_text("Searched among")).to_be_visible()  # it stays open from patient to patient
    expect(page.get_by_test_id("stException")).to_have_count(0)
