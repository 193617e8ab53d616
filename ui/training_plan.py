"""Show what a training run would do, and start it."""

import streamlit as st

from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import ModelError
from mammo_core.jobs.training import start
from mammo_core.learning.plan import TrainingPlan, assert_memory, input_states, resolve, resolve_preset
from mammo_core.models.registry import readable_active_model
from mammo_core.storage.hashing import FileStates
from mammo_core.workspace import Workspace
from ui.literal import literal
from ui.session import errors_shown

KEPT_PLANS = 2  # each holds the table of a store's images


@st.cache_resource(max_entries=KEPT_PLANS, show_spinner=False)
def _cached_plan(_workspace: Workspace, _config: TrainingConfig, settings: str, states: FileStates) -> TrainingPlan:
    return resolve(_workspace, _config)


@st.cache_resource(max_entries=KEPT_PLANS, show_spinner=False)
def _cached_preset(_workspace: Workspace, store: str, start_from: str | None, states: FileStates) -> TrainingPlan:
    return resolve_preset(_workspace, store, start_from)


def plan_settings(workspace: Workspace, config: TrainingConfig) -> TrainingPlan:
    """Resolve settings from the form into a plan.

    The plan is resolved again only after the settings, the store or the start model have changed.

    Raises:
        MammoError: see `resolve`.
    """
    states = input_states(workspace, config.store, config.start_from)
    return _fitting(_cached_plan(workspace, config, config.model_dump_json(), states))


def plan_preset(workspace: Workspace, store: str, start_models: list[str]) -> TrainingPlan:
    """Resolve the one-click preset into a plan.

    It starts from the active model if that is compatible and intact.

    Raises:
        MammoError: see `resolve`.
    """
    active = readable_active_model(workspace)
    if active in start_models:
        try:
            return _fitting(_cached_preset(workspace, store, active, input_states(workspace, store, active)))
        except ModelError as error:
            st.warning(f"{literal(error)} Training starts from ImageNet weights.", icon=":material/warning:")
    return _fitting(_cached_preset(workspace, store, None, input_states(workspace, store, None)))


def _fitting(plan: TrainingPlan) -> TrainingPlan:
    """Return a plan after checking the free memory, which changes while it is cached."""
    assert_memory(plan.config, plan.store)
    return plan


def show_plan(workspace: Workspace, plan: TrainingPlan, label: str) -> None:
    """Show what a run would do, with a button that starts it."""
    preview = plan.describe()
    description, parts = st.columns(2, gap="large")
    description.markdown(literal(preview.sentence))
    parts.dataframe(preview.parts, hide_index=True, width="content")
    if description.button(literal(label), key=label, type="primary", icon=":material/play_arrow:"):
        with errors_shown():
            st.session_state["run"] = start(workspace, plan).name
        st.session_state["started"] = True
        st.rerun()
