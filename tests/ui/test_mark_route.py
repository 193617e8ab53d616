"""The route of marks: for whoever has its address, for its images only, and for editors where people sign in."""

import json

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from builders.marks import make_mark, make_region, mark_id
from mammo_core.access.people import Person
from mammo_core.dataset.marks import MarkedImage, change_mark, mark_path, read_marks
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.marks import MarkAnswer, MarkChange
from mammo_core.errors import AccessError
from ui import mark_route
from ui.mark_route import GONE, GrantedMarks, mark_routes
from ui.session_grants import all_grants

SOURCE = StoreSource(csv="set/train.csv", dataset="set", synthetic=False)
IMAGES = (MarkedImage("7", "3", "R", "CC"), MarkedImage("8", "3", None, "CC"))
OTHER = MarkedImage("9", "4", "L", "CC")


@pytest.fixture
def client():
    return TestClient(Starlette(routes=mark_routes("")))


@pytest.fixture
def address(workspace):
    yield f"/marks/{all_grants.grant('one', GrantedMarks(workspace, SOURCE, IMAGES))}"
    all_grants.revoke("one")


def change(number: int, version: int = 0, image: str = "7", author: str = "Ann", **changes) -> str:
    region = None if changes.pop("deleted", False) else make_region(image, **changes)
    return json.dumps(MarkChange(id=mark_id(number), version=version, region=region, author=author).to_json())


def test_change_is_made_and_answered_with_the_marks_of_the_granted_images(client, address, workspace):
    change_mark(workspace, SOURCE, MarkChange(id=mark_id(9), version=0, region=make_region("9"), author="Bob"), OTHER)
    assert client.get(address).json() == {"marks": [], "problem": ""}
    answer = client.post(address, content=change(1, image="8"))
    (mark,) = MarkAnswer.model_validate_json(answer.text).marks
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert (mark.image_id, mark.patient_id, mark.laterality, mark.author, mark.version) == ("8", "3", None, "Ann", 1)
    assert client.get(address).json() == answer.json()
    assert len(read_marks(workspace, SOURCE)) == 2
    assert client.post(address, content=change(1, 1, deleted=True)).json()["marks"] == []


def test_change_of_an_image_that_was_not_granted_is_refused(client, address, workspace):
    change_mark(workspace, SOURCE, MarkChange(id=mark_id(9), version=0, region=make_region("9"), author="Bob"), OTHER)
    before = read_marks(workspace, SOURCE)
    for content in (
        change(1, image="9"),
        change(9, 1, image="9", finding="benign"),
        change(9, 1, image="7"),
        change(9, 1, deleted=True),
    ):
        assert client.post(address, content=content).status_code in (409, 422)
    assert read_marks(workspace, SOURCE) == before


def test_late_change_is_answered_with_the_marks_as_they_are(client, address):
    client.post(address, content=change(1))
    client.post(address, content=change(1, 1, finding="benign"))
    late = client.post(address, content=change(1, 1, finding="unsure"))
    assert late.status_code == 409
    assert late.json()["problem"].startswith("Somebody else has changed this mark")
    assert [mark["finding"] for mark in late.json()["marks"]] == ["benign"]
    assert client.post(address, content=change(2, 1, deleted=True)).status_code == 409


@pytest.mark.parametrize("content", [b"", b"[]", b'{"id": 1}', b"\xff", b"x" * 20_000])
def test_what_is_no_change_is_one_sentence(client, address, workspace, content):
    answer = client.post(address, content=content)
    assert answer.status_code in (413, 422)
    assert "isn't a change of a mark" in answer.text
    assert read_marks(workspace, SOURCE) == ()


def test_change_without_author_is_refused(client, address):
    answer = client.post(address, content=change(1, author=""))
    assert (answer.status_code, answer.json()["marks"]) == (422, None)
    assert answer.json()["problem"].startswith("Enter your name first")


def test_address_that_nobody_has_gives_nothing(client, address):
    for answer in (client.get(address[:-1]), client.post(address[:-1], content=change(1))):
        assert (answer.status_code, answer.text) == (404, GONE)
    all_grants.revoke("one")
    assert client.get(address).status_code == 404


def test_author_is_whoever_has_signed_in(client, address, workspace, monkeypatch):
    person = Person("Eva", "id 7", "editor", 1e12)
    monkeypatch.setattr(mark_route, "request_by_cookie", lambda connection, action, name: person)
    client.post(address, content=change(1, author="somebody else"))
    assert [mark.author for mark in read_marks(workspace, SOURCE)] == ["Eva"]


def test_person_who_may_not_draw_gets_the_reason_and_changes_nothing(client, address, workspace, monkeypatch):
    def deny(connection: object, action: str, name: str) -> None:
        raise AccessError(f"Not allowed: {action}, {name}.")

    monkeypatch.setattr(mark_route, "request_by_cookie", deny)
    answer = client.post(address, content=change(1))
    assert (answer.status_code, answer.json()) == (403, {"problem": "Not allowed: draw marks, set.", "marks": None})
    assert read_marks(workspace, SOURCE) == ()


def test_damaged_file_of_marks_is_one_sentence(client, address, workspace):
    path = mark_path(workspace, SOURCE)
    path.parent.mkdir(parents=True)
    path.write_text("no JSON")
    answer = client.get(address)
    assert answer.status_code == 422
    assert "isn't readable as JSON" in answer.json()["problem"]


def test_granted_marks_show_those_of_their_images_only(workspace):
    granted = GrantedMarks(workspace, SOURCE, IMAGES)
    assert granted.shown((make_mark(1, "7"), make_mark(2, "9"))) == (make_mark(1, "7"),)
