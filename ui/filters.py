"""Choose which part of a data set is shown.

There is one small button for each filter, above what is shown. Each filter is kept in the URL, so that a link carries it
from one page to another.
"""

from collections.abc import Mapping
from functools import partial

import pandas as pd
import streamlit as st

from mammo_core.documents.column_words import name_value
from mammo_core.explore.filters import (
    FILTER_COLUMNS,
    LABELS,
    Filters,
    age_limits,
    filter_options,
)
from mammo_core.explore.units import has_values
from mammo_core.figures.panels import MarkFilter
from ui.literal import literal

AGE_HELP = "Narrowing the range also removes images without an age."
LABEL_HELP = "Label of the image, breast or patient, as chosen in “Count by”."
NO_MATCH = "No image matches these filters. Remove one, or clear all."
SHOWN_VALUES = 2  # on a button; more are counted


@st.cache_resource(show_spinner=False, max_entries=4)
def limits_of(_table: pd.DataFrame, identity: str) -> tuple[dict[str, list[str]], tuple[int, int] | None]:
    """Return the values of each filter, and the youngest and oldest age."""
    return filter_options(_table), age_limits(_table)


def choose_filters(table: pd.DataFrame, identity: str, label_help: str = LABEL_HELP) -> Filters:
    """Show the filters in one line, and return what is chosen.

    Args:
        table: of the whole data set.
        identity: of the table, so that its values are looked up once.
        label_help: what the label is that of.
    """
    options, limits = limits_of(table, identity)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        chosen = {column: _choose_values(column, values) for column, values in options.items()}
        ages = _choose_ages(limits) if limits else None
        label = None
        if has_values(table, "cancer"):
            label = st.pills(
                "Label",
                list(LABELS),
                key="label",
                bind="query-params",
                help=literal(label_help),
                label_visibility="collapsed",
            )
        filters = Filters(chosen, None if ages == limits else ages, label)
        if filters.active:
            offer_clearing(table, "clear filters")
    return filters


def _choose_values(column: str, values: list[str]) -> list[str]:
    requested = [name_value(column, value) for value in st.session_state.get(column, [])]
    if column not in st.session_state:  # at the first run, the values are still in the URL alone, in words
        requested = [
            name for name in st.query_params.get_all(column) if name in {name_value(column, v) for v in values}
        ]
    more = f" +{len(requested) - SHOWN_VALUES}" if len(requested) > SHOWN_VALUES else ""
    text = f": **{literal(', '.join(requested[:SHOWN_VALUES]) + more)}**" if requested else ""
    with st.popover(f"{literal(FILTER_COLUMNS[column])}{text}", key=f"{column} filter"):
        return st.multiselect(
            FILTER_COLUMNS[column],
            values,
            key=column,
            placeholder="all",
            bind="query-params",
            format_func=partial(name_value, column),
        )


def _choose_ages(limits: tuple[int, int]) -> tuple[int, int]:
    requested = st.session_state.get("age") or tuple(map(int, filter(str.isdigit, st.query_params.get_all("age"))))
    low, high = requested if len(requested) == 2 else limits
    text = "" if (low, high) == limits else f": **{low:d}–{high:d}**"
    with st.popover(f"Age{text}", key="age filter"):
        ages: tuple[int, int] = st.slider(
            "Age, years", *limits, limits, key="age", bind="query-params", help=AGE_HELP, width=260
        )
        return ages


def offer_clearing(table: pd.DataFrame, key: str) -> None:
    """Show a button that clears all filters."""
    st.button(
        "Clear filters",
        key=key,
        on_click=clear_filters,
        args=(table,),
        icon=":material/filter_alt_off:",
        type="tertiary",
    )


def clear_filters(table: pd.DataFrame) -> None:
    """Reset all filters; a button's callback."""
    st.session_state.update({column: [] for column in filter_options(table)} | {"label": None})
    if limits := age_limits(table):
        st.session_state["age"] = limits


def filter_further(table: pd.DataFrame, chosen: MarkFilter) -> None:
    """Set filters to what a click on a figure chose; others stay.

    Args:
        table: with all images.
        chosen: a column that this table can't be filtered by is left out.
    """
    options, limits = filter_options(table), age_limits(table)
    if chosen.column in options:
        st.session_state[chosen.column] = [chosen.value]
    if chosen.ages and limits:
        low, high = (min(max(age, limits[0]), limits[1]) for age in chosen.ages)
        st.session_state["age"] = (low, high)
    if chosen.label:
        st.session_state["label"] = chosen.label
    if chosen.unit:
        st.session_state["unit"] = chosen.unit


def filter_parameters(filters: Filters, unit: str) -> Mapping[str, str | list[str]]:
    """Return filters as query parameters of another page.

    Values are in words there, see `name_value`.
    """
    parameters: dict[str, str | list[str]] = {
        column: [name_value(column, value) for value in values] for column, values in filters.values.items() if values
    }
    if filters.ages is not None:
        parameters["age"] = [f"{age:g}" for age in filters.ages]
    if filters.label is not None:
        parameters |= {"label": filters.label, "unit": unit}
    return parameters
