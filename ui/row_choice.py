"""Choose one row of a table: by a click, or with the arrows above it."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from ui.literal import literal

ROW_HEIGHT, VISIBLE_ROWS = 35, 6  # px; a longer table scrolls
PREVIOUS_KEY, NEXT_KEY = "Alt+Up", "Alt+Down"  # with Alt, so that no key acts that was meant for a field

CONFIG = {  # of columns that tables may have
    "probability": st.column_config.NumberColumn(format="%.2f"),
    "score": st.column_config.NumberColumn(format="%.2f"),
    "age": st.column_config.NumberColumn(format="%.0f"),
    " ": st.column_config.ImageColumn(width=40),  # a picture needs no name
}


def choose_row(
    table: pd.DataFrame, key: str, columns: Mapping[str, str], start: int = 0, name: str = "", rows: int = VISIBLE_ROWS
) -> int:
    """Show a table of which one row is selected, and return the row's index.

    Arrows above it lead from row to row, and say which one it is.

    Args:
        table: with at least one row.
        key: of the selection in the session state; another key is another selection.
        columns: those to show, with their names on the page; missing ones are left out.
        start: the row that is selected at first.
        name: of a row, such as "positive".
        rows: how many are seen at once.
    """
    shown = table.rename(columns=columns)[[name for column, name in columns.items() if column in table]]
    state = st.session_state.get(key)
    selected = list(state["selection"]["rows"]) if state else [start]
    index = selected[0] if selected and selected[0] < len(table) else start
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        _show_arrow("Previous", PREVIOUS_KEY, key, index - 1, disabled=index == 0)
        _show_arrow("Next", NEXT_KEY, key, index + 1, disabled=index == len(table) - 1)
        st.markdown(literal(f"{name} {index + 1:,} of {len(table):,}"), width="content")
    event = st.dataframe(
        shown,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [start]}},
        placeholder="–",
        column_config=CONFIG,
        height=ROW_HEIGHT * (min(len(table), rows) + 1) + 3,
        key=key,
    )
    return event.selection.rows[0] if event.selection.rows else index


def _show_arrow(label: str, shortcut: str, key: str, index: int, *, disabled: bool) -> None:
    end = "This is the first one." if label == "Previous" else "This is the last one."
    st.button(
        literal(label),
        shortcut=shortcut,
        key=f"{label} {key}",
        help=end if disabled else None,
        disabled=disabled,
        on_click=select_row,
        args=(key, index),
    )


def select_row(key: str, index: int) -> None:
    """Select a row of the table with this key; a button's callback."""
    st.session_state[key] = {"selection": {"rows": [index], "columns": [], "cells": []}}
