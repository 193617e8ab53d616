"""The notice at the end of a run in a real browser: asked for, shown once, refused, impossible."""

import shutil

import pytest
from playwright.sync_api import Browser, Page, expect

from builders.runs import write_training_run
from builders.workspaces import workspace_in

NAME = "demo-noticed"
STUB = """
    window.notices = []; window.questions = 0
    window.Notification = class {
        static permission = "default"
        static async requestPermission() { window.questions++; return this.permission = ANSWER }
        constructor(title, { body }) { window.notices.push(`${title}: ${body}`) }
        close() {}
    }
"""


@pytest.fixture
def running(workplace):
    """A run that lives until the test ends it; its folder is removed afterwards."""
    run = write_training_run(workspace_in(workplace), NAME, "running")
    lock = run.lock()
    lock.acquire()
    yield run, lock
    lock.release()
    shutil.rmtree(run.path)


def open_run(browser: Browser, server, script: str) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(60_000)
    page.add_init_script(script)
    page.goto(f"{server.url}/train?run={NAME}")
    return page


def test_end_of_run_is_noticed_once_and_only_if_the_user_wants_it(browser, server, running):
    run, lock = running
    page = open_run(browser, server, STUB.replace("ANSWER", '"granted"'))
    box = page.get_by_label("Notify me when the run ends")
    expect(box).not_to_be_checked()
    assert page.evaluate("questions") == 0
    box.check()
    page.wait_for_function("questions === 1")
    run.write_state("finished", "Finished.")
    lock.release()
    page.wait_for_function("notices.length > 0")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)
    page.wait_for_timeout(2_500)  # two more updates, had they continued
    assert page.evaluate("notices") == [f"Run finished: {NAME}"]


def test_refused_or_impossible_notice_is_explained_and_the_page_works(browser, server, running):
    for script, sentence in (
        (STUB.replace("ANSWER", '"denied"'), "The browser doesn't allow notices"),
        ("delete window.Notification", "This browser shows no notices"),
    ):
        page = open_run(browser, server, script)
        box = page.get_by_label("Notify me when the run ends")
        box.click()
        expect(page.get_by_text(sentence)).to_be_visible()
        expect(box).not_to_be_checked()
        expect(page.locator(".js-plotly-plot").first).to_be_visible()
        page.close()
