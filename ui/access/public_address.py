"""Refuse to serve other machines without sign-in."""

import ipaddress
import sys
from pathlib import Path

import streamlit as st

from mammo_core.settings import settings
from ui.access.same_origin import LOOPBACK_NAMES
from ui.access.sign_in import keep_sign_in, sign_in_configured

REFUSAL = (
    "Error: other machines could reach the server at {name}, and without sign-in everybody there could read, change and delete "
    "all data. Configure sign-in (docs/deployment.md), or set MAMMO_OPEN_ACCESS=true if something in front of the server "
    "decides who may connect. By default the server listens on 127.0.0.1 and answers to the names of loopback only."
)
UNREADABLE = (
    "Error: the secrets in {path} can't be read, so nobody could sign in. Mend the file (TOML), or move it away."
)


def check_address() -> None:
    """End the program, before it answers anybody, if strangers could reach it."""
    files = [path for path in st.get_option("secrets.files") if Path(path).is_file()]
    if files and not st.secrets.load_if_toml_exists():
        sys.exit(UNREADABLE.format(path=files[0]))
    if sign_in_configured():
        return keep_sign_in()
    public = public_names(st.get_option("server.address"), st.get_option("server.allowedHosts"))
    if public and not settings().open_access:
        sys.exit(REFUSAL.format(name=public[0]))


def public_names(address: str | None, hosts: list[str]) -> list[str]:
    """Return the address and names by which other machines could reach the server.

    A name other than those of loopback is allowed where a proxy in front passes requests on.
    """
    address = address or "0.0.0.0"
    return [*([] if is_loopback(address) else [address]), *(host for host in hosts if host not in LOOPBACK_NAMES)]


def is_loopback(address: str) -> bool:
    """Return whether only this machine reaches an address."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:  # another name may have any address
        return False
