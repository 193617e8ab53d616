"""Show and change the list of a data set's images that are left out."""

import pandas as pd
import streamlit as st

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.leave_out import (
    MAX_CSV_BYTES,
    check_listed,
    describe_leave_out,
    leave_out,
    leave_out_csv,
    leave_out_table,
    read_leave_out,
    read_leave_out_csv,
    take_back,
)
from mammo_core.dataset.library import describe_source
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.leave_out import LeaveOutList
from ui.access.sign_in import request
from ui.literal import literal
from ui.session import announce, current_workspace, errors_shown_here
from ui.uploads import remove_uploads

NUMBER = "number of the leave-out list"  # of lists that were uploaded, in the session
MEGABYTES = MAX_CSV_BYTES // 1_000_000
MEANING = (
    "Training and evaluation do so at once, import the next time. An image that is taken back after such an import comes back "
    "with the one after."
)


def show_leave_out_list(catalogue: Catalogue, dataset: str) -> None:
    """Show the list of a data set in one line, and all of it when it is opened.

    Args:
        catalogue: the data set.
        dataset: its name.
    """
    source = describe_source(current_workspace(), catalogue)
    listed = read_leave_out(current_workspace().data, source)
    title = f"Leave-out list ({len(listed.images):,})"
    with st.expander(title, icon=":material/playlist_remove:", key=f"leave-out list {dataset}"):
        table = leave_out_table(listed, catalogue)
        st.markdown(literal(describe_leave_out(table)))
        if listed.images:
            st.caption(MEANING)
        taken = choose_listed(table, dataset) if listed.images else []
        with st.container(horizontal=True, vertical_alignment="center"):
            if listed.images:
                offer_taking_back(source, dataset, taken)
                offer_list(listed)
            with st.popover("Add from a CSV", icon=":material/upload_file:", key="add to the list"):
                add_uploaded(catalogue, source, dataset, listed)


def choose_listed(table: pd.DataFrame, dataset: str) -> list[str]:
    """Show the list as a table, and return the image_ids of the selected rows."""
    chosen = st.dataframe(
        table,
        hide_index=True,
        column_config={"reason": st.column_config.Column(width="large"), "since": "since, UTC"},
        on_select="rerun",
        selection_mode="multi-row",
        key=f"left out of {dataset}, {len(table)}",
    )
    return [str(table["image_id"].iloc[row]) for row in chosen.selection.rows if row < len(table)]


def offer_taking_back(source: StoreSource, dataset: str, images: list[str]) -> None:
    """Show the button that takes images off the list."""
    label = f"Take back {len(images):,} selected" if images else "Take back"
    help_text = None if images else "Select rows of the table first."
    if st.button(label, key="take back", icon=":material/undo:", disabled=not images, help=literal(help_text or "")):
        with errors_shown_here():
            request("leave out images", dataset)
            take_back(current_workspace().data, source, images)
            announce("Taken back.")
            st.rerun()


def offer_list(listed: LeaveOutList) -> None:
    """Offer a list as a CSV file."""
    st.download_button(
        "Download, CSV",
        lambda: leave_out_csv(listed),
        "leave-out-list.csv",
        "text/csv",
        key="download the list",
        icon=":material/download:",
        on_click="ignore",
    )


def add_uploaded(catalogue: Catalogue, source: StoreSource, dataset: str, listed: LeaveOutList) -> None:
    """Let the user add the images of a CSV to the list, after a look at their number."""
    upload = st.file_uploader(
        "A CSV with the columns image_id and reason",
        type=["csv", "tsv", "txt"],
        key=f"uploaded list {st.session_state.get(NUMBER, 0)}",  # an uploader can be emptied by another key only
        max_upload_size=MEGABYTES,
    )
    st.caption(
        "Such as a list that was downloaded here. The reason may be missing. Nothing is left out before you confirm."
    )
    if upload is None:
        return
    with errors_shown_here():
        reasons = read_leave_out_csv(upload.getvalue())
        check_listed(catalogue, reasons)
        known = sum(image in listed.reasons for image in reasons)
        st.markdown(f"{len(reasons):,} images, of which {known:,} are on the list already and get the new reason.")
        if st.button("Leave them out", key="leave out uploaded", icon=":material/playlist_remove:", type="primary"):
            request("leave out images", dataset)
            leave_out(current_workspace().data, source, reasons)
            remove_uploads()
            st.session_state[NUMBER] = st.session_state.get(NUMBER, 0) + 1
            announce(f"{len(reasons):,} images are left out from now on.")
            st.rerun()
