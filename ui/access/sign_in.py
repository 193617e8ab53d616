"""Let people sign in at an OpenID provider, and know who has.

Without a section [auth] in Streamlit's secrets nobody signs in, and whoever reaches the server may do everything: by
default that is only this machine.
"""

from collections.abc import Mapping
from threading import Event
from typing import Any

import streamlit as st

from mammo_core.access.audit_log import authorise, check_session
from mammo_core.access.people import Person, read_person
from mammo_core.documents.audit import Action
from mammo_core.errors import AccessError
from mammo_core.settings import settings
from mammo_core.workspace import Workspace
from ui.literal import literal

PROVIDER_KEY = "server_metadata_url"  # what the secrets of a provider have
RECORDED = "sign-in recorded"  # in the session
_kept = Event()


def auth_secrets() -> Mapping[str, Any]:
    """Return the section [auth] of Streamlit's secrets, empty if there is none."""
    return st.secrets.get("auth", {}) if st.secrets.load_if_toml_exists() else {}


def sign_in_configured() -> bool:
    """Return whether people have to sign in."""
    return _kept.is_set() or bool(auth_secrets())


def keep_sign_in() -> None:
    """Have people sign in until this process ends, also if the secrets are lost."""
    _kept.set()


def claims() -> Mapping[str, object]:
    """Return the claims of the identity token of whoever has signed in, else nothing."""
    return st.user.to_dict() if st.user.get("is_logged_in") else {}


def current_person() -> Person | None:
    """Return who has signed in; None where nobody has to.

    Raises:
        AccessError: nobody has signed in.
    """
    if not sign_in_configured():
        return None
    if not (given := claims()):
        raise AccessError("Sign in first.")
    return read_person(given, settings())


def check_signed_in() -> None:
    """Check that whoever sees the page may still see it.

    Raises:
        AccessError: nobody has signed in, the session has ended, or the person has no role.
    """
    person = current_person()
    if person is None:
        return
    check_session(person)
    if person.role is None:
        raise AccessError(f"{person.name} has no role here. Ask the operator of this server for one.")


def is_signed_in() -> bool:
    """Return whether whoever sees the page may see more than the way to sign in."""
    try:
        check_signed_in()
    except AccessError:
        return False
    return True


def request(action: Action, name: str) -> None:
    """Record what the person asks for, and refuse it unless the role allows it.

    Args:
        action: for what.
        name: of the data set, imported data, run or model.

    Raises:
        AccessError: the role doesn't allow it, or the session has ended.
    """
    if (person := current_person()) is not None:
        authorise(Workspace.from_environment(), person, action, name)


def require_sign_in() -> None:
    """Show the page to sign in, and nothing else, unless somebody has signed in."""
    if not sign_in_configured():
        return
    try:
        check_signed_in()
        if RECORDED not in st.session_state:
            request("sign in", "")
            st.session_state[RECORDED] = True
    except AccessError as error:
        show_sign_in(error if claims() else None)
        st.stop()
    show_person()


def show_sign_in(error: AccessError | None) -> None:
    """Show a button for each provider, and why a former sign-in isn't enough."""
    st.title("Mammography workbench")
    if error is not None:
        st.warning(literal(error), icon=":material/lock:")
    secrets = auth_secrets()
    names = [name for name, section in secrets.items() if isinstance(section, Mapping) and PROVIDER_KEY in section]
    if PROVIDER_KEY in secrets:
        st.button("Sign in", icon=":material/login:", type="primary", on_click=st.login)
    for name in names:
        st.button(
            f"Sign in with {literal(name)}",
            key=f"sign in with {name}",
            icon=":material/login:",
            on_click=st.login,
            args=(name,),
        )


def show_person() -> None:
    """Show who has signed in with which role, at the side."""
    person = current_person()
    if person is not None:
        with st.sidebar:
            st.caption(f"{literal(person.name)}, {literal(person.role)}")
            st.button("Sign out", icon=":material/logout:", type="tertiary", on_click=st.logout)
