"""Sign-in at a real OpenID provider on this machine, and what the roles allow."""

import json
import subprocess
import sys
import time
import urllib.request

import pytest
from playwright.sync_api import Browser, Page, expect

from builders.server import PATIENCE, Server, free_port
from mammo_core.storage.json_files import read_json_lines

PEOPLE = {"ann": ["editor"], "ben": ["viewer"], "eve": []}
SECRETS = """
[auth]
redirect_uri = "http://localhost:{port}/oauth2callback"
cookie_secret = "a long secret of this test alone, 0123456789"
client_id = "workbench"
client_secret = "secret"
server_metadata_url = "{provider}/.well-known/openid-configuration"
"""


@pytest.fixture(scope="module")
def provider():
    """An OpenID provider with three people, whose tokens are valid for an hour."""
    port = free_port()
    users = [json.dumps({"sub": name, "preferred_username": name, "roles": roles}) for name, roles in PEOPLE.items()]
    options = [word for user in users for word in ("--user-claims", user)]
    process = subprocess.Popen([sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *options])
    url, deadline = f"http://localhost:{port}", time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(f"{url}/.well-known/openid-configuration", timeout=1)
            break
        except OSError:
            assert time.monotonic() < deadline, "the provider doesn't answer"
            time.sleep(0.2)
    yield url
    process.kill()
    process.wait()


def start_server(workplace, provider: str, folder, **variables: str) -> Server:
    port = free_port()
    (folder / "secrets.toml").write_text(SECRETS.format(port=port, provider=provider))
    return Server(workplace, "--secrets.files", str(folder / "secrets.toml"), variables=variables, port=port)


@pytest.fixture(scope="module")
def closed_server(workplace, provider, tmp_path_factory):
    running = start_server(workplace, provider, tmp_path_factory.mktemp("secrets"))
    yield running
    running.kill()


@pytest.fixture
def visitor(browser: Browser) -> Page:
    """A page of a browser without cookies."""
    context = browser.new_context()
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    yield opened
    context.close()


def sign_in(page: Page, server: Server, name: str, path: str = "") -> None:
    page.goto(f"http://localhost:{server.port}/{path}")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=name, exact=True).click()  # the provider's own page


def test_strangers_see_no_page_and_upload_nothing(visitor: Page, closed_server: Server):
    for path in ("", "predict", "data", "models"):
        visitor.goto(f"http://localhost:{closed_server.port}/{path}")
        expect(visitor.get_by_role("button", name="Sign in")).to_be_visible()
        expect(visitor.get_by_test_id("stHeading")).to_have_count(1)
        expect(visitor.get_by_test_id("stSidebarNav")).to_have_count(0)
        expect(visitor.locator("input[type=file]")).to_have_count(0)
    host = {"Host": f"localhost:{closed_server.port}"}
    assert closed_server.status("/pixels/token/first", host) == 403
    assert closed_server.status("/media/picture.png", host) == 403


def test_editor_signs_in_acts_and_signs_out(visitor: Page, closed_server: Server, workplace):
    sign_in(visitor, closed_server, "ann")
    expect(visitor.get_by_test_id("stSidebar")).to_contain_text("ann, editor")
    visitor.get_by_test_id("stSidebarNav").get_by_role("link", name="Data").click()
    visitor.get_by_role("button", name="Create demo data").first.click()
    visitor.get_by_label("Name").fill("of-ann")
    visitor.get_by_role("button", name="Create", exact=True).click()
    expect(visitor.get_by_test_id("stMain")).to_contain_text("of-ann")
    visitor.get_by_role("button", name="Sign out").click()
    visitor.get_by_role("button", name="End session").click()  # the provider's own page
    expect(visitor.get_by_role("button", name="Sign in")).to_be_visible()
    lines = read_json_lines(workplace / "data" / "audit.jsonl")
    assert [(line["who"], line["role"], line["action"], line["object"], line["allowed"]) for line in lines] == [
        ("ann", "editor", "sign in", "", True),
        ("ann", "editor", "create data", "of-ann", True),
    ]


def test_viewer_may_look_but_not_change(visitor: Page, closed_server: Server, workplace):
    sign_in(visitor, closed_server, "ben")
    expect(visitor.get_by_test_id("stSidebar")).to_contain_text("ben, viewer")
    visitor.get_by_test_id("stSidebarNav").get_by_role("link", name="Data").click()
    visitor.get_by_role("button", name="Create demo data").first.click()
    visitor.get_by_label("Name").fill("of-ben")
    visitor.get_by_role("button", name="Create", exact=True).click()
    expect(visitor.get_by_role("dialog")).to_contain_text("Your role doesn't allow this")
    assert not (workplace / "data" / "of-ben").exists()
    last = read_json_lines(workplace / "data" / "audit.jsonl")[-1]
    assert (last["who"], last["action"], last["allowed"]) == ("ben", "create data", False)


def open_viewer(page: Page, server: Server) -> None:
    """Show an exam of the demo data in the viewer; whoever sees the page has signed in."""
    expect(page.get_by_test_id("stSidebarNav")).to_be_visible()
    page.goto(f"http://localhost:{server.port}/exams?dataset=demo")
    expect(page.locator(".viewer .stage[data-state=complete]")).to_be_visible()


def test_editor_draws_in_the_name_of_the_sign_in_and_a_viewer_cannot(
    visitor: Page, browser: Browser, closed_server: Server, workplace
):
    sign_in(visitor, closed_server, "ann")
    open_viewer(visitor, closed_server)
    visitor.locator(".viewer").get_by_role("button", name="Box", exact=True).click()
    expect(visitor.get_by_role("textbox", name="Your name")).to_have_count(0)
    box = visitor.locator(".viewer .cell").first.bounding_box()
    assert box
    visitor.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.3 * box["height"])
    visitor.mouse.down()
    visitor.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"], steps=4)
    visitor.mouse.up()
    expect(visitor.locator(".viewer .about")).to_contain_text("ann")
    expect(visitor.locator(".viewer .status")).to_have_text("1 mark")
    last = read_json_lines(workplace / "data" / "audit.jsonl")[-1]
    assert (last["who"], last["action"], last["object"], last["allowed"]) == ("ann", "draw marks", "demo", True)
    other = browser.new_context().new_page()
    sign_in(other, closed_server, "ben")
    open_viewer(other, closed_server)
    expect(other.locator(".viewer .status")).to_have_text("1 mark")
    expect(other.locator(".viewer").get_by_role("button", name="Box", exact=True)).to_have_count(0)
    answer = other.evaluate("""async () => {
        const address = performance.getEntriesByType("resource").map(({ name }) => name).find((name) => name.includes("/marks/"))
        const { marks: [{ id }] } = await (await fetch(address)).json()
        const body = JSON.stringify({ id, version: 1, region: null, author: "ann" })
        const response = await fetch(address, { method: "POST", body })
        return [response.status, (await response.json()).problem]
    }""")
    assert answer[0] == 403
    assert answer[1].startswith("Your role doesn't allow this (draw marks).")
    last = read_json_lines(workplace / "data" / "audit.jsonl")[-1]
    assert (last["who"], last["action"], last["allowed"]) == ("ben", "draw marks", False)
    other.context.close()


def test_person_without_a_role_sees_no_page(visitor: Page, closed_server: Server):
    sign_in(visitor, closed_server, "eve")
    expect(visitor.get_by_test_id("stAlert")).to_contain_text("eve has no role here")
    expect(visitor.get_by_test_id("stSidebarNav")).to_have_count(0)


def test_session_ends_in_an_open_page(visitor: Page, workplace, provider, tmp_path):
    server = start_server(workplace, provider, tmp_path, MAMMO_SESSION_HOURS="0.003")  # 11 s
    try:
        sign_in(visitor, server, "ann")
        expect(visitor.get_by_test_id("stSidebar")).to_contain_text("ann, editor")
        time.sleep(11)
        visitor.get_by_test_id("stSidebarNav").get_by_role("link", name="Models").click()
        expect(visitor.get_by_test_id("stAlert")).to_contain_text("Your session has ended. Sign in again.")
    finally:
        server.kill()
