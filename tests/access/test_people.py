import pytest

from mammo_core.access.people import read_person
from mammo_core.settings import Settings

CLAIMS = {"iss": "https://id.example", "sub": "7", "iat": 1000, "exp": 1300}


@pytest.mark.parametrize(
    ("claim", "given", "role"),
    [
        ("roles", {"roles": ["viewer"]}, "viewer"),
        ("roles", {"roles": ["viewer", "editor"]}, "editor"),
        ("roles", {"roles": "editor"}, "editor"),
        ("roles", {"roles": []}, None),
        ("roles", {}, None),
        ("roles", {"roles": {"editor": True}}, None),
        ("roles", {"roles": ["Editor", 1, None]}, None),
        ("realm_access.roles", {"realm_access": {"roles": ["editor"]}}, "editor"),
        ("realm_access.roles", {"realm_access": "editor"}, None),
        ("https://x.example/roles", {"https://x.example/roles": ["viewer"]}, "viewer"),
    ],
)
def test_read_person_role_comes_from_the_claim_alone(claim, given, role):
    assert read_person(CLAIMS | given, Settings(role_claim=claim)).role == role


def test_read_person_roles_have_the_names_that_settings_give():
    settings = Settings(viewer_role="readers", editor_role="admins")
    assert read_person(CLAIMS | {"roles": ["admins"]}, settings).role == "editor"
    assert read_person(CLAIMS | {"roles": ["editor"]}, settings).role is None


@pytest.mark.parametrize(
    ("changes", "hours", "end"),
    [
        ({}, 0, 1300),
        ({}, 2, 8200),
        ({"exp": None}, 0, 0),
        ({"exp": "2099"}, 0, 0),
        ({"iat": None}, 2, 0),
    ],
)
def test_read_person_session_ends_with_the_token_or_after_hours(changes, hours, end):
    assert read_person(CLAIMS | changes, Settings(session_hours=hours)).session_end == end


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"email": "a@b.example", "name": "A"}, "a@b.example"),
        ({"preferred_username": "a", "name": "A"}, "a"),
        ({"email": ""}, "7"),
    ],
)
def test_read_person_is_named_as_people_know_them(given, name):
    person = read_person(CLAIMS | given, Settings())
    assert (person.name, person.subject) == (name, "https://id.example 7")
