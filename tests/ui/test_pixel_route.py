"""The viewer's routes: scripts for everybody, pixels for the session that has their address."""

import json

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from builders.app import show_component
from builders.breasts import breast
from builders.dicom import build_dicom
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.prediction.view_pixels import LENGTH
from mammo_core.storage.byte_cache import ByteCache
from mammo_core.storage.hashing import file_version
from ui.pixel_route import GONE, SCRIPT, UPLOAD_BYTES, GrantedFile, GrantedUpload, scripts_version, viewer_routes
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


def upload(source: bytes, sandbox: Sandbox, messages: ByteCache) -> str:
    return f"/pixels/{all_grants.grant('one', GrantedUpload('key', source, sandbox, messages))}"


def test_pixels_of_an_upload_come_from_memory_once_and_end_when_it_is_cleared(client, sandbox, monkeypatch):
    decoded = []
    run = sandbox.run
    monkeypatch.setattr(sandbox, "run", lambda *arguments: decoded.append(arguments) or run(*arguments))
    messages = ByteCache(UPLOAD_BYTES)
    address = upload(build_dicom(breast(1200, 900)), sandbox, messages)
    for _ in range(2):
        answer = client.get(f"{address}/first")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert len(decoded) == 1
    all_grants.withdraw("one", GrantedUpload)
    assert client.get(f"{address}/first").status_code == 404


def test_upload_that_cannot_be_read_gives_its_reason(client, sandbox):
    answer = client.get(f"{upload(b'no image' * 100, sandbox, ByteCache(UPLOAD_BYTES))}/first")
    assert answer.status_code == 422
    assert answer.json()["problem"].startswith("This isn't a DICOM file.")
    all_grants.revoke("one")


def test_grant_of_an_upload_is_withdrawn_with_its_messages():
    state = show_component(grant_and_withdraw).session_state["result"]
    assert state == (True, True, False, False)


def grant_and_withdraw() -> tuple[bool, ...]:
    import streamlit as st

    from mammo_core.prediction.files import InputFile
    from ui.pixel_route import UPLOAD_MESSAGES, GrantedUpload, grant_upload, withdraw_uploads
    from ui.resources import sandbox
    from ui.session_grants import granted_item

    address = grant_upload(InputFile("a", b"1", "a"), sandbox())
    token = address.removeprefix("pixels/")
    before = granted_item(token, GrantedUpload) is not None, UPLOAD_MESSAGES in st.session_state
    withdraw_uploads()
    return (*before, granted_item(token, GrantedUpload) is not None, UPLOAD_MESSAGES in st.session_state)


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
