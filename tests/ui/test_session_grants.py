import pytest

from builders.app import show_component
from ui.session_grants import all_grants, grant, granted_item


@pytest.fixture
def token():
    yield all_grants.grant("one", "item")
    all_grants.revoke("one")


def test_item_is_given_as_its_own_kind_only(token):
    assert granted_item(token, str) == "item"
    assert granted_item(token, int) is None
    assert granted_item(token[:-1], str) is None


def test_grant_is_the_same_within_a_session():
    first, second = show_component(grant_twice).session_state["result"]
    assert first == second
    assert granted_item(first, str) == "item"


def grant_twice() -> tuple[str, str]:
    return grant("item"), grant("item")
