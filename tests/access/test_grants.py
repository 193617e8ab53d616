from mammo_core.access.grants import TOKEN_BYTES, Grants


def test_grant_gives_the_same_token_for_the_same_item_of_a_session_only():
    grants: Grants[str] = Grants()
    token = grants.grant("one", "file")
    assert grants.grant("one", "file") == token
    assert grants.grant("other", "file") != token
    assert grants.grant("one", "other file") != token
    assert len(token) >= TOKEN_BYTES
    assert grants.resolve(token) == "file"
    assert grants.resolve(token[:-1]) is None
    assert grants.resolve("") is None


def test_grants_of_a_session_end_with_it():
    grants: Grants[str] = Grants()
    ended, other = grants.grant("ended", "file"), grants.grant("other", "file")
    grants.revoke("ended")
    grants.revoke("never there")
    assert grants.resolve(ended) is None
    assert grants.resolve(other) == "file"


def test_oldest_grants_of_a_session_end_first():
    grants: Grants[int] = Grants(kept=2)
    tokens = [grants.grant("one", number) for number in (1, 2, 1, 3)]
    assert [grants.resolve(token) for token in tokens] == [1, None, 1, 3]


def test_withdraw_ends_a_sessions_grants_of_a_kind_only():
    grants: Grants[object] = Grants()
    text, number, other = grants.grant("one", "a"), grants.grant("one", 1), grants.grant("other", "a")
    grants.withdraw("one", str)
    assert [grants.resolve(token) for token in (text, number, other)] == [None, 1, "a"]
    grants.withdraw("nobody", str)
    assert grants.grant("one", "a") != text
