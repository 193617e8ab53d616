"""The viewer's routes: scripts for everybody, pixels for the session that has their address."""

import json

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from builders.breasts import breast
from builders.dicom import build_dicom
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.prediction.view_pixels import LENGTH
from mammo_core.storage.hashing import file_version
from ui.pixel_route import GONE, SCRIPT, GrantedFile, scripts_version, viewer_routes
from ui.session_grants import all_grants


@pytest.fixture
def client():
    return TestClient(Starlette(routes=viewer_routes()))


@pytest.fixture
def sandbox():
    with Sandbox(1) as opened:
        yield opened


def granted(file, sandbox: Sandbox, session: str = "one") -> str:
    return f"/pixels/{all_grants.grant(session, GrantedFile(file, file_version(file), sandbox))}"


def test_pixels_come_by_their_address_and_end_with_the_session(client, sandbox, tmp_path):
    file = tmp_path / "1.dcm"
    file.write_bytes(build_dicom(breast(1200, 900)))
    address = granted(file, sandbox)
    first, complete = client.get(f"{address}/first"), client.get(f"{address}/complete")
    sizes = []
    for answer in (first, complete):
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        (length,) = LENGTH.unpack_from(answer.content)
        sizes.append(json.loads(answer.content[LENGTH.size : LENGTH.size + length])["rows"])
    assert sizes == [1200, 1200]
    assert client.get(f"{address}/other").status_code == 404
    assert client.get(f"{address[:-1]}/first").status_code == 404
    all_grants.revoke("one")
    ended = client.get(f"{address}/first")
    assert (ended.status_code, ended.text) == (404, GONE)


def test_pixels_that_were_sent_are_not_decoded_again_until_the_file_changes(client, sandbox, tmp_path, monkeypatch):
    file, decoded = tmp_path / "1.dcm", []
    run = sandbox.run
    monkeypatch.setattr(sandbox, "run", lambda *arguments: decoded.append(arguments) or run(*arguments))
    file.write_bytes(build_dicom(breast()))
    for session in ("one", "other"):
        assert client.get(f"{granted(file, sandbox, session)}/first").status_code == 200
    assert len(decoded) == 1
    file.write_bytes(build_dicom(breast() // 2))
    assert client.get(f"{granted(file, sandbox)}/first").status_code == 200
    assert len(decoded) == 2


def test_file_that_cannot_be_read_gives_its_reason_without_its_name(client, sandbox, tmp_path):
    file = tmp_path / "Doe_Jane.dcm"
    file.write_bytes(b"no image" * 100)
    answer = client.get(f"{granted(file, sandbox)}/first")
    assert answer.status_code == 422
    assert answer.json()["problem"].startswith("This isn't a DICOM file.")
    file.unlink()
    gone = client.get(f"{granted(file, sandbox)}/first")
    assert gone.status_code == 422
    assert "Doe" not in gone.text


def test_scripts_are_served_under_an_address_of_their_version(client):
    answer = client.get(f"/{SCRIPT}")
    assert answer.status_code == 200
    assert "javascript" in answer.headers["content-type"]
    assert scripts_version() in SCRIPT
    assert client.get(f"/viewer/{scripts_version()}/../__init__.py").status_code == 404
