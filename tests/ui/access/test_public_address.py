from threading import Event

import pytest
import streamlit as st
from streamlit.runtime.secrets import Secrets

from mammo_core.settings import settings
from ui.access import sign_in
from ui.access.public_address import check_address, is_loopback, public_names


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("mammo.example.org", False),
    ],
)
def test_is_loopback(address, loopback):
    assert is_loopback(address) is loopback


@pytest.mark.parametrize(
    ("address", "hosts", "names"),
    [
        ("127.0.0.1", [], []),
        ("127.0.0.1", ["localhost"], []),
        (None, [], ["0.0.0.0"]),
        ("::", [], ["::"]),
        ("127.0.0.1", ["mammo.example.org"], ["mammo.example.org"]),
        ("127.0.0.1", ["*"], ["*"]),
    ],
)
def test_public_names_are_those_of_other_machines(address, hosts, names):
    assert public_names(address, hosts) == names


@pytest.fixture
def serve(monkeypatch, tmp_path):
    """Return a function that starts a server at an address, as far as the check goes."""

    def check(address, *, hosts=(), secrets=None, open_access="false"):
        path = tmp_path / "secrets.toml"
        if secrets is not None:
            path.write_text(secrets)
        options = {"server.address": address, "server.allowedHosts": list(hosts), "secrets.files": [str(path)]}
        monkeypatch.setattr(st, "get_option", options.__getitem__)
        monkeypatch.setattr(st, "secrets", Secrets())
        monkeypatch.setattr("streamlit.config.get_option", options.get)
        monkeypatch.setattr(sign_in, "_kept", Event())
        monkeypatch.setenv("MAMMO_OPEN_ACCESS", open_access)
        settings.cache_clear()
        check_address()
        return sign_in.sign_in_configured()

    yield check
    settings.cache_clear()


@pytest.mark.parametrize(
    ("address", "hosts", "name"),
    [("0.0.0.0", (), "0.0.0.0"), ("127.0.0.1", ("mammo.example.org",), "mammo.example.org")],
)
def test_check_address_ends_the_program_where_strangers_could_reach_it(serve, address, hosts, name):
    with pytest.raises(SystemExit) as end:
        serve(address, hosts=hosts)
    assert str(end.value).startswith(f"Error: other machines could reach the server at {name}, and without sign-in ")
    assert "MAMMO_OPEN_ACCESS=true" in str(end.value)
    assert "\n" not in str(end.value)


def test_check_address_allows_loopback_sign_in_and_what_the_operator_says(serve):
    assert not serve("127.0.0.1")
    assert not serve("0.0.0.0", open_access="true")
    assert serve("0.0.0.0", hosts=["mammo.example.org"], secrets='[auth]\nclient_id = "a"\n')


def test_check_address_unreadable_secrets_end_the_program_on_loopback_too(serve):
    with pytest.raises(SystemExit, match="can't be read, so nobody could sign in"):
        serve("127.0.0.1", secrets="[auth\n")


def test_sign_in_is_kept_when_the_secrets_are_lost(serve, monkeypatch):
    serve("0.0.0.0", secrets='[auth]\nclient_id = "a"\n')
    monkeypatch.setattr(sign_in, "auth_secrets", dict)
    assert sign_in.sign_in_configured()
