"""Let the user check a folder outside the data folder, and link it."""

from pathlib import Path

import streamlit as st

from mammo_core.dataset.catalogue import Catalogue, read_catalogue
from mammo_core.dataset.library import free_name, link_dataset, summarise_dataset, warn_of_missing
from mammo_core.errors import MammoError
from mammo_core.storage.path_text import path_text, text_path
from ui.access.sign_in import request
from ui.literal import literal, literal_table
from ui.resources import read_for_display
from ui.session import announce, current_workspace, errors_shown_here, show_error

PREVIEWS, PREVIEW_PIXELS = 3, 150
CHECKED = "checked folder"  # in the session: the path that was checked last


@st.dialog("Link a folder", width="large")
def choose_folder() -> None:
    """Ask for a folder, show what is in it, and link it on click."""
    show_choices()


def show_choices() -> None:
    """Show the contents of the dialog."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        path = st.text_input(
            "Folder with train.csv", placeholder="/data/rsna-breast-cancer-detection", key="link path"
        ).strip()
        if st.button("Check", key="check folder", icon=":material/search:"):
            st.session_state[CHECKED] = path
    if not path or st.session_state.get(CHECKED) != path:
        st.caption("The folder is only read. You see its contents before anything happens.")
        return
    try:
        with st.spinner("Reading the CSV and looking for the files …"):
            request("link data", "")  # looking at a folder already reads it
            catalogue = read_catalogue(Path(path))
    except MammoError as error:
        return show_error(error)
    show_contents(catalogue)
    name = st.text_input("Name", value=free_name(current_workspace(), path_text(catalogue.root.name)), key="link name")
    nothing = catalogue.missing_files == len(catalogue.table)
    if st.button(
        "Link",
        key="link now",
        type="primary",
        icon=":material/link:",
        disabled=nothing,
        help="None of the images has a file here." if nothing else None,
    ):
        link(name.strip(), catalogue)


def show_contents(catalogue: Catalogue) -> None:
    """Show what a folder holds, with its first pictures."""
    if warning := warn_of_missing(catalogue):
        st.warning(literal(warning), icon=":material/folder_off:")
    st.table(literal_table(summarise_dataset(catalogue)), hide_index=True)
    files = catalogue.table["file"].dropna().head(PREVIEWS)
    with st.container(horizontal=True):
        for file in files:
            with errors_shown_here():
                image = read_for_display(text_path(file), None, None)
                st.image(
                    image.picture, width=PREVIEW_PIXELS, output_format="PNG", alt="One of the folder's first images"
                )


def link(name: str, catalogue: Catalogue) -> None:
    """Link a folder and show the page again; an error is shown here."""
    try:
        request("link data", name)
        link_dataset(current_workspace(), name, catalogue.csv)
    except MammoError as error:
        return show_error(error)
    announce(f"Linked {name}. Next: import it, or explore it.")
    st.session_state.pop(CHECKED, None)
    st.rerun()
