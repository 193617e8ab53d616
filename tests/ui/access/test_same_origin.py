"""Who reaches the server: browsers on its own pages, by its own names."""

import pytest
from starlette.datastructures import Headers

from ui.access.same_origin import (
    WRONG_HOST,
    WRONG_ORIGIN,
    Address,
    is_allowed,
    is_foreign_fetch,
    parse_address,
    reject_request,
    same_address,
)

HERE = "localhost:8501"


@pytest.mark.parametrize(
    ("headers", "rejection"),
    [
        ({"host": HERE}, None),
        ({"host": "127.0.0.1:8501", "origin": "http://127.0.0.1:8501"}, None),
        ({"host": "[::1]:8501", "origin": "http://[::1]:8501"}, None),
        ({"host": "attacker.example:8501"}, WRONG_HOST),
        ({"host": "attacker.example:8501", "origin": "http://attacker.example:8501"}, WRONG_HOST),
        ({"host": "localhost.attacker.example"}, WRONG_HOST),
        ({"host": "user@localhost"}, WRONG_HOST),
        ({"host": ""}, WRONG_HOST),
        ({}, WRONG_HOST),
        ({"host": HERE, "origin": "http://localhost:9999"}, WRONG_ORIGIN),
        ({"host": HERE, "origin": "http://attacker.example"}, WRONG_ORIGIN),
        ({"host": HERE, "origin": "null"}, WRONG_ORIGIN),
        ({"host": HERE, "origin": "http://127.0.0.1:8501"}, WRONG_ORIGIN),
        ({"host": HERE, "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}, WRONG_ORIGIN),
        ({"host": HERE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, WRONG_ORIGIN),
        ({"host": HERE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, None),
        ({"host": HERE, "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}, None),
    ],
)  # fmt: skip
def test_reject_request_allows_own_names_and_pages(headers, rejection):
    assert reject_request(Headers(headers), [], []) == rejection


def test_reject_request_with_two_hosts_is_refused():
    raw = [(b"host", b"localhost:8501"), (b"host", b"attacker.example")]
    assert reject_request(Headers(raw=raw), [], []) == WRONG_HOST


def test_reject_request_allows_what_the_operator_lists():
    behind_proxy = Headers({"host": "mammo.example.org", "origin": "https://mammo.example.org"})
    from_portal = Headers({"host": "mammo.example.org", "origin": "https://portal.example.org"})
    assert reject_request(behind_proxy, ["mammo.example.org"], []) is None
    assert reject_request(from_portal, ["mammo.example.org"], []) == WRONG_ORIGIN
    assert reject_request(from_portal, ["mammo.example.org"], ["https://portal.example.org"]) is None


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("//LocalHost.:8501", Address("localhost", 8501)),
        ("https://a.b", Address("a.b", None)),
        ("//a:99999", None),
        ("//a:b", None),
        ("https://a.b/path", None),
        ("null", None),
    ],
)
def test_parse_address(url, address):
    assert parse_address(url) == address


@pytest.mark.parametrize(
    ("name", "hosts", "allowed"),
    [
        ("127.0.0.1", [], True),
        ("a.example.org", [], False),
        ("a.example.org", ["A.example.org."], True),
        ("a.example.org", ["*.example.org"], True),
        ("example.org", ["*.example.org"], False),
        ("badexample.org", ["*.example.org"], False),
        ("anything", ["*"], True),
    ],
)
def test_is_allowed(name, hosts, allowed):
    assert is_allowed(name, hosts) is allowed


def test_same_address_knows_default_ports():
    assert same_address("https://a", Address("a", 443))
    assert same_address("http://a:80", Address("a", None))
    assert not same_address("http://a", Address("a", 443))
    assert not same_address("ftp://a:80", Address("a", 80))


def test_is_foreign_fetch_of_an_old_browser_is_unknown():
    assert not is_foreign_fetch(Headers({}))
