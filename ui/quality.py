"""Show what is wrong with a data set's imported images, and leave some out.

This is the tab Quality of the Explore page.
"""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.store import MANIFEST, Store, list_stores, stores_of
from mammo_core.dataset.store_checks import StoreCheck, read_check
from mammo_core.documents.doctor_report import DoctorReport
from mammo_core.errors import MammoError
from mammo_core.explore.findings import Finding, list_findings
from mammo_core.storage.hashing import FileStates, file_states
from mammo_core.storage.path_text import path_text
from ui.check_status import show_check
from ui.finding_list import show_findings
from ui.finding_pictures import pngs_of
from ui.leave_out_list import show_leave_out_list
from ui.literal import literal
from ui.session import current_workspace, errors_shown, errors_shown_here, show_error

QUALITY = "Quality"  # name of the tab
KEY = "prepared"  # of the select box; also the name in the address
KEPT = 4  # checks that are kept for all sessions


def quality_address(store: Store) -> dict[str, str]:
    """Return the query parameters with which the Explore page shows a store's check.

    Raises:
        DataError: the store doesn't tell where its images come from.
    """
    return {"dataset": store.source().dataset, "tab": QUALITY, KEY: store.name}


def show_quality(catalogue: Catalogue, dataset: str, identity: str) -> None:
    """Show the check of a data set's imported images, and its leave-out list.

    Args:
        catalogue: the data set.
        dataset: its name.
        identity: text that changes when the data set or an import does.
    """
    with errors_shown_here():
        show_leave_out_list(catalogue, dataset)
    bar = st.container(horizontal=True, vertical_alignment="bottom")
    store = choose_store(catalogue, bar, "so there is nothing to check")
    if store is None:
        return
    with errors_shown():
        images = len(pngs_of(store))
        check, damaged = known_check(store)
        show_check(bar, store, images, check, damaged)
        if check is None:
            return
        st.markdown(f"{literal(check.when)}. {literal(describe_comparison(check.report))}")
        findings = findings_of(check.report, catalogue.table, (path_text(store.folder), states_of(store), identity))
    st.fragment(errors_shown_here()(show_findings))(findings, check.report, catalogue, dataset, store)


def choose_store(catalogue: Catalogue, bar: DeltaGenerator, otherwise: str) -> Store | None:
    """Let the user choose among the imports of a data set; without one, lead to Data.

    Args:
        catalogue: the data set.
        bar: where the choice belongs.
        otherwise: what follows if it isn't imported, for the end of a sentence.
    """
    with errors_shown():
        stores = {store.name: store for store in stores_of(catalogue.csv, list_stores(current_workspace()))}
    if not stores:
        st.info(f"These images aren't imported yet, {literal(otherwise)}.", icon=":material/database:")
        st.page_link("pages/data.py", label="Go to Data", icon=":material/arrow_forward:")
        return None
    return stores[bar.selectbox("Imported data", list(stores), key=KEY, bind="query-params", width=260)]


def states_of(store: Store) -> FileStates:
    """Return the states of a store's images and of its last report."""
    return file_states([store.folder / MANIFEST, store.folder / DoctorReport.file_name])


def known_check(store: Store) -> tuple[StoreCheck | None, bool]:
    """Return the last check of a store, and whether its report is damaged.

    What is wrong with it is shown.
    """
    try:
        return check_of(store, path_text(store.folder), states_of(store)), False
    except MammoError as error:
        show_error(error)
        return None, True


def describe_comparison(report: DoctorReport) -> str:
    """Return what a check counted, and with what it compared."""
    others = [f"Compared with {', '.join(report.compared_with)}."] if report.compared_with else []
    return " ".join([report.describe(), *others, *(overlap.describe() for overlap in report.models)])


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def check_of(_store: Store, folder: str, states: FileStates) -> StoreCheck | None:
    """Return the last check of a store, which is read again when it changes."""
    return read_check(_store)


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def findings_of(_report: DoctorReport, _table: pd.DataFrame, key: tuple[str, FileStates, str]) -> list[Finding]:
    """Return the findings of a report, see `list_findings`."""
    return list_findings(_report, _table)
