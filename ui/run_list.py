"""Show the table of all training runs on the Train page.

The address keeps what it shows.
"""

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mammo_core.assessment.baseline_difference import BaselineDifference, differences_from_baseline
from mammo_core.documents.job import State
from mammo_core.jobs.run_table import (
    AUC,
    DIFFERENCE,
    DIFFERENCE_INTERVAL,
    RUN,
    SETTINGS,
    differing_columns,
    filter_options,
    sort_table,
    tabulate_runs,
    with_differences,
)
from mammo_core.jobs.runs import run_folder
from mammo_core.jobs.training_runs import TrainingRun, active_progress, list_training_runs
from mammo_core.models.bundle import CARD, EVALUATION, PREDICTIONS
from mammo_core.storage.hashing import FileStates, file_states
from mammo_core.workspace import Workspace
from ui.literal import literal
from ui.run_actions import offer_undo, show_run_actions
from ui.run_comparison import show_chosen
from ui.run_filter import choose_columns, choose_filter, choose_order, offer_clearing
from ui.session import errors_shown, errors_shown_here

PARAMETER = "chosen"  # of the address: the selected runs, once for each
WATCH_SECONDS = 2.0
HIGH_TABLE = 12  # rows; a longer one scrolls
THREE_DIGITS = (
    AUC,
    "average precision",
    "sensitivity at 90 % specificity",
    "partial AUC",
    "Brier score",
    "validation AUC",
)
FORMATS = {
    **{column: st.column_config.NumberColumn(format="%.3f") for column in THREE_DIGITS},
    DIFFERENCE: st.column_config.NumberColumn(format="%+.3f"),
    "minutes": st.column_config.NumberColumn(format="%.1f"),
    RUN: st.column_config.TextColumn(pinned=True),
}


def show_all_runs(workspace: Workspace, bar: DeltaGenerator) -> None:
    """Show all runs, of every state and store, and what is done with selected ones.

    Args:
        workspace: the folders to work in.
        bar: a horizontal container for the filters.
    """
    with errors_shown():
        runs = list_training_runs(workspace)
    offer_undo()
    if not runs:
        st.info("There is no run yet. Start one under “Train”.", icon=":material/model_training:")
        return
    with bar:
        chosen = choose_filter(runs)
    shown = [run for run in runs if chosen.keeps(run)]
    if not shown:
        st.info(f"None of the {len(runs):,} runs matches these filters.", icon=":material/filter_alt:")
        return offer_clearing()
    show_table(workspace, shown, runs)
    if seen := {run.name: (run.state, run.epochs) for run in shown if run.is_active}:
        st.fragment(errors_shown_here()(watch), run_every=WATCH_SECONDS)(workspace, seen)


def watch(workspace: Workspace, seen: dict[str, tuple[State, int | None]]) -> None:
    """Show the page again as soon as an active run has a new epoch or state.

    A fragment calls this every two seconds.

    Args:
        workspace: the folders to work in.
        seen: what the page shows of them, see `active_progress`.
    """
    if active_progress(workspace, list(seen)) != seen:
        st.rerun()


def show_table(workspace: Workspace, runs: list[TrainingRun], every: list[TrainingRun]) -> None:
    """Show a table of runs, the actions on selected ones, and their curves.

    Args:
        workspace: the folders to work in.
        runs: those to show, at least one.
        every: all there are; they are compared at once, whatever is shown.
    """
    tools = st.container(horizontal=True, vertical_alignment="bottom")
    with tools:
        baseline = choose_baseline(runs)
        columns, differing = choose_columns()
    table, reasons = tabulate_runs(runs), list[str]()
    if baseline:
        with errors_shown():
            differences = differences_from(workspace, every, baseline)
        table = with_differences(table, {name: difference.gain for name, difference in differences.items()}, baseline)
        reasons = [differences[run.name].reason for run in runs if run.name in differences]
        columns = [*columns, DIFFERENCE, DIFFERENCE_INTERVAL]
    with tools:
        order = choose_order([column for column in table.columns if column in columns])
    table = sort_table(table, order[0], descending=order[1])
    selected = requested_runs(table)
    if differing:
        compared = table[table[RUN].isin(selected)] if len(selected) > 1 else table
        columns = [column for column in differing_columns(compared) if column in (*columns, *SETTINGS.values())]
    drawn = table[[column for column in table.columns if column in columns]]
    names = choose_in_list(drawn)
    show_reasons(reasons, len(runs) - 1)
    by_name = {run.name: run for run in runs}
    show_run_actions([by_name[name] for name in names], drawn, filter_options(every).tags)
    show_chosen(workspace, [by_name[name] for name in names])


def choose_baseline(runs: Sequence[TrainingRun]) -> str | None:
    """Let the user pin a run, from which the difference of all others is shown."""
    names = [run.name for run in runs if run.auc is not None]
    if st.session_state.get("baseline") not in (None, *names):
        st.session_state["baseline"] = None  # it is filtered out, or deleted
    return st.selectbox(
        "Baseline",
        names,
        index=None,
        placeholder="none",
        key="baseline",
        bind="query-params",
        help="Every other run's paired difference in AUC from this one, with its 95 % interval.",
        width=330,
    )


@st.cache_data(max_entries=16, show_spinner="Comparing …")
def _cached_differences(
    _workspace: Workspace, names: tuple[str, ...], baseline: str, states: FileStates
) -> dict[str, BaselineDifference]:
    return differences_from_baseline(_workspace, names, baseline)


def differences_from(workspace: Workspace, runs: Sequence[TrainingRun], baseline: str) -> dict[str, BaselineDifference]:
    """Return the difference of each other run that has a model, by name.

    They are compared again only after one of them has changed.
    """
    names = tuple(run.name for run in runs if run.auc is not None and run.name != baseline)
    states = file_states(
        run_folder(workspace, name) / file for name in (baseline, *names) for file in (CARD, EVALUATION, PREDICTIONS)
    )
    return _cached_differences(workspace, names, baseline, states)


def show_reasons(reasons: list[str], others: int) -> None:
    """Say why runs aren't comparable with the baseline, each reason once."""
    for reason in filter(None, dict.fromkeys(reasons)):
        count = reasons.count(reason)
        st.caption(f"{count:,} of {others:,} other runs: {literal(reason)}")


def requested_runs(table: pd.DataFrame) -> list[str]:
    """Return the runs of a table that the page's address names."""
    names = set(table[RUN])
    return [name for name in st.query_params.get_all(PARAMETER) if name in names]


def choose_in_list(table: pd.DataFrame) -> list[str]:
    """Show the table and return the selected runs, which the address then names.

    Args:
        table: with the column "run"; at least one row.
    """
    names = table[RUN].tolist()
    requested = [names.index(name) for name in requested_runs(table)]
    st.caption("Select one run to see it, several to compare them.")
    rows = st.dataframe(
        table,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": requested}},
        placeholder="–",
        column_config=FORMATS,
        height="content" if len(table) <= HIGH_TABLE else 35 * (HIGH_TABLE + 1) + 3,
        key=f"all runs {hash(tuple(names))}",  # a selection is of row numbers, so it begins anew with another order
    ).selection.rows
    chosen = [names[row] for row in rows if row < len(names)]
    if chosen != st.query_params.get_all(PARAMETER):
        st.query_params[PARAMETER] = chosen
    return chosen
