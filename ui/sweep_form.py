"""Let the user vary settings and test on folds, and start all the runs at once."""

from collections.abc import Sequence

import streamlit as st
from pydantic import JsonValue

from mammo_core.documents.job import JobState
from mammo_core.documents.time_estimate import TimeEstimate
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.jobs.run_table import SETTINGS
from mammo_core.jobs.sweep import start_sweep, variants
from mammo_core.jobs.sweep_results import format_setting
from mammo_core.jobs.sweep_values import VARIABLE, count_runs, options_of, parse_values, without_foreign_start
from mammo_core.jobs.training_estimate import estimate_sweep
from mammo_core.learning.plan import input_states
from mammo_core.settings import settings
from mammo_core.storage.hashing import FileStates, file_states
from mammo_core.workspace import Workspace
from ui.access.sign_in import request
from ui.literal import literal
from ui.session import errors_shown

STARTED_SWEEP = "started sweep"  # in the session: the one to show when the page is drawn again
MAX_FOLDS = 20


def choose_variation(start: TrainingConfig) -> list[TrainingConfig]:
    """Let the user vary settings and choose folds; return the settings of each run.

    Args:
        start: the settings that all runs have in common.

    Returns:
        One for each combination of values and fold; only the start if nothing is varied.

    Raises:
        ConfigError: a value can't be used, or there are too many runs.
    """
    left, right = st.columns([3, 1])
    names = left.multiselect(
        "Vary",
        VARIABLE,
        key="varied settings",
        format_func=SETTINGS.__getitem__,
        placeholder="no setting",
        help="One run is started for every combination of their values.",
    )
    folds = right.selectbox(
        "Patient folds",
        [None, *range(2, MAX_FOLDS + 1)],
        key="number of folds",
        format_func=lambda number: "one split" if number is None else f"{number} folds",
        help="One run tests on each fold; over all of them each patient is tested once.",
    )
    choices = {name: choose_values(start, name) for name in names}
    count_runs(choices, folds)
    configs = variants(start.to_json(), choices, folds)
    if start.start_from is None or "start_from" in choices or {config.network for config in configs} <= {start.network}:
        return configs
    st.caption(
        f"Runs of other networks than {literal(start.network)} start from their own weights, not from "
        f"{literal(start.start_from)}."
    )
    return without_foreign_start(configs, start.network)


def choose_values(start: TrainingConfig, name: str) -> list[JsonValue]:
    """Let the user choose the values of a setting.

    Args:
        start: has the value to begin with.
        name: of the setting.

    Raises:
        ConfigError: one can't be used.
    """
    present, title, key = getattr(start, name), SETTINGS[name], f"values of {name}"
    options = options_of(name)
    if options is None:
        text = st.text_input(literal(title), format_setting(present), key=key, help="Values with commas between them.")
        return parse_values(name, text)
    chosen = st.pills(
        literal(title),
        options,
        selection_mode="multi",
        default=[present],
        key=key,
        format_func=lambda value: literal(format_setting(value)),
    )
    return parse_values(name, ", ".join(str(value) for value in options if value in chosen))


@st.cache_data(max_entries=16, show_spinner=False)
def _cached_estimate(
    _workspace: Workspace, _configs: Sequence[TrainingConfig], settings: str, states: FileStates
) -> TimeEstimate:
    return estimate_sweep(_workspace, _configs)


def estimate_runs(workspace: Workspace, configs: Sequence[TrainingConfig]) -> TimeEstimate:
    """Estimate the time of all runs together.

    It is estimated again only after settings, data or runs have changed.

    Raises:
        MammoError: one of the runs isn't possible.
    """
    states = file_states(sorted(workspace.models.glob(f"[!.]*/{JobState.file_name}")))
    for store, start_from in dict.fromkeys((config.store, config.start_from) for config in configs):
        states += input_states(workspace, store, start_from)
    return _cached_estimate(workspace, configs, repr([config.to_json() for config in configs]), states)


def show_sweep_plan(workspace: Workspace, configs: Sequence[TrainingConfig]) -> None:
    """Say how many runs there would be and how long they take; start them on a click.

    Args:
        workspace: the folders to work in.
        configs: of the runs, at least two.
    """
    estimate = estimate_runs(workspace, configs)
    scheduler = choose_scheduler()
    order = "one after the other" if scheduler is None else "one for each free worker of the cluster"
    st.markdown(
        f"**{len(configs):,} runs**, {order}, on **{literal(configs[0].store)}**. They go on when this page is "
        "closed, and one that fails doesn't end the others."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(f"Start {len(configs):,} runs", key="start sweep", type="primary", icon=":material/play_arrow:"):
            with errors_shown(), st.spinner("Starting …"):
                request("train", configs[0].store)
                st.session_state[STARTED_SWEEP] = start_sweep(workspace, configs, scheduler).name
            st.rerun()
        st.caption(literal(describe_time(estimate, scheduler)), width="content")


def choose_scheduler() -> str | None:
    """Let the user choose a Dask cluster among those that the settings name.

    Returns:
        The scheduler's address; None for this machine, or where no cluster is named.
    """
    addresses = settings().scheduler_addresses
    if not addresses:
        return None
    return st.selectbox(
        "Run on",
        [None, *addresses],
        key="scheduler of the sweep",
        format_func=lambda address: "this machine" if address is None else literal(address),
        help="A Dask cluster whose workers see the same data and models. The server's operator names them, and sets the "
        "certificates with which they are reached.",
        width=380,
    )


def describe_time(estimate: TimeEstimate, scheduler: str | None) -> str:
    """Return the estimated time of all runs as text for display."""
    return estimate.describe() if scheduler is None else f"one after the other: {estimate.describe()}"
