"""Choose which training runs are listed, with which columns, in which order.

The address keeps all of it.
"""

from collections.abc import Sequence

import streamlit as st

from mammo_core.jobs.run_table import COLUMNS, DEFAULT_COLUMNS, RUN, STARTED, RunFilter, filter_options
from mammo_core.jobs.training_runs import TrainingRun
from ui.literal import literal

KEYS = ("states", "stores", "networks", "tags")  # of the filters, in the session and in the address
LABELS = {"states": "State", "stores": "Data", "networks": "Network", "tags": "Tag"}


def choose_filter(runs: Sequence[TrainingRun]) -> RunFilter:
    """Show a button for each filter, and return what is chosen.

    Args:
        runs: all there are, archived ones too.
    """
    options = filter_options(runs)
    chosen = {key: _choose_values(key, getattr(options, key)) for key in KEYS}
    archived = st.toggle("Archived", key="archived", bind="query-params")
    return RunFilter(**chosen, archived=archived)


def _choose_values(key: str, values: list[str]) -> list[str]:
    requested = st.session_state.get(key, st.query_params.get_all(key))
    known = [value for value in requested if value in values]
    if key in st.session_state and known != requested:
        st.session_state[key] = known  # no run has the others any more
    text = f": **{literal(', '.join(known))}**" if known else ""
    with st.popover(f"{literal(LABELS[key])}{text}", key=f"{key} filter"):
        return st.multiselect(LABELS[key], values, key=key, placeholder="all", bind="query-params", width=260)


def offer_clearing() -> None:
    """Show a button that clears all filters."""
    st.button(
        "Clear filters", key="clear filters", on_click=clear_filters, icon=":material/filter_alt_off:", type="tertiary"
    )


def clear_filters() -> None:
    """Reset all filters; a button's callback."""
    st.session_state.update({key: [] for key in KEYS})


def choose_columns() -> tuple[list[str], bool]:
    """Let the user choose columns, and whether to leave out what is equal."""
    with st.popover("Columns", icon=":material/view_column:"):
        chosen = st.multiselect(
            "Columns",
            [column for column in COLUMNS if column != RUN],
            [column for column in DEFAULT_COLUMNS if column != RUN],
            key="columns",
            bind="query-params",
            width=420,
        )
        differing = st.toggle(
            "Only what differs",
            key="differing",
            bind="query-params",
            help="Shows every setting in which the listed runs differ, or the selected ones, and leaves out what is equal.",
        )
    return [RUN, *(column for column in COLUMNS if column in chosen)], differing


def choose_order(columns: Sequence[str]) -> tuple[str, bool]:
    """Let the user choose a column to sort by, and the direction.

    Args:
        columns: those of the table.

    Returns:
        The column, and whether its highest value comes first.
    """
    options = [STARTED, *(column for column in columns if column != STARTED)]
    if st.session_state.get("sort", STARTED) not in options:
        st.session_state["sort"] = STARTED
    with st.popover("Sort", icon=":material/sort:"):
        column = st.selectbox("Sort by", options, key="sort", bind="query-params", width=260)
        ascending = st.toggle("Lowest first", key="ascending", bind="query-params")
    return column, not ascending
