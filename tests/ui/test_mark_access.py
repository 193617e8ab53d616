import pytest

from builders.app import show_component
from mammo_core.access.people import Person
from mammo_core.dataset.catalogue import read_catalogue
from ui import mark_access
from ui.mark_access import grant_marks
from ui.mark_route import GrantedMarks
from ui.session_grants import granted_item


@pytest.fixture
def images(prepared):
    catalogue = read_catalogue(prepared.data / "demo")
    return catalogue, catalogue.table.head(3)


def test_access_is_to_the_marks_of_the_images_that_are_shown(images):
    catalogue, rows = images
    access = show_component(grant_marks, catalogue, rows).session_state["result"]
    assert (access.may_change, access.author) == (True, "")
    granted = granted_item(access.address.removeprefix("marks/"), GrantedMarks)
    assert granted is not None
    assert granted.source.dataset == "demo"
    assert [image.image_id for image in granted.images] == rows["image_id"].tolist()
    assert [image.patient_id for image in granted.images] == rows["patient_id"].tolist()


@pytest.mark.parametrize(("role", "may_change"), [("editor", True), ("viewer", False), (None, False)])
def test_access_of_whoever_has_signed_in(images, monkeypatch, role, may_change):
    monkeypatch.setattr(mark_access, "current_person", lambda: Person("Ann " * 40, "id 7", role, 1e12))
    access = show_component(grant_marks, *images).session_state["result"]
    assert access.may_change is may_change
    assert access.author == ("Ann " * 40)[:64]
