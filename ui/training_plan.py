"""Show what a training run would do, and start it."""

import streamlit as st

from mammo_core.dataset.store import Store
from mammo_core.documents.job import JobState
from mammo_core.documents.time_estimate import TimeEstimate
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import MammoError, ModelError
from mammo_core.jobs.importing import describe_unfinished_import, is_active_import, resume_import_job
from mammo_core.jobs.process import launch
from mammo_core.jobs.training import start
from mammo_core.jobs.training_estimate import estimate_training
from mammo_core.learning.plan import TrainingPlan, assert_memory, input_states, resolve, resolve_preset
from mammo_core.models.registry import compatible_models, readable_active_model
from mammo_core.storage.hashing import FileStates, file_states
from mammo_core.workspace import Workspace
from ui.access.sign_in import request
from ui.literal import literal
from ui.session import errors_shown, errors_shown_here, show_error
from ui.sweep_form import choose_variation, show_sweep_plan
from ui.training_form import choose_settings, reset_settings

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


@st.cache_data(max_entries=16, show_spinner=False)
def _cached_estimate(_workspace: Workspace, _plan: TrainingPlan, settings: str, states: FileStates) -> TimeEstimate:
    return estimate_training(_workspace, _plan)


def estimate_plan(workspace: Workspace, plan: TrainingPlan) -> TimeEstimate:
    """Estimate the time of a plan.

    Runs are read again only after one has changed its state.
    """
    config = plan.config
    runs = file_states(sorted(workspace.models.glob(f"[!.]*/{JobState.file_name}")))
    states = runs + input_states(workspace, config.store, config.start_from)
    return _cached_estimate(workspace, plan, config.model_dump_json(), states)


def _fitting(plan: TrainingPlan) -> TrainingPlan:
    """Return a plan after checking the free memory, which changes while it is cached."""
    assert_memory(plan.config, plan.store)
    return plan


def plan_run(workspace: Workspace, store: Store) -> None:
    """Let the user plan a run on a store, and start it.

    The plan is the quick start's until the user changes a setting.
    """
    show_unfinished_import(workspace, store)
    preset, config, shown = None, None, st.container()
    with errors_shown():
        start_models = compatible_models(workspace, store.preprocessing)
    with shown, errors_shown_here():
        preset = plan_preset(workspace, store.name, start_models)
    quick_start = preset.config if preset else TrainingConfig(store=store.name)
    with st.expander("All settings", key="own settings"), errors_shown_here():
        # Also while the expander is closed: widgets that aren't drawn lose their values.
        config = choose_settings(quick_start, start_models)
    if config is None:  # the form says why
        return
    configs = None
    with st.expander("Vary settings and folds", key="variation"), errors_shown_here():
        configs = choose_variation(config)
    if configs is None:  # likewise
        return
    config = configs[0]
    with shown, errors_shown_here():
        if len(configs) > 1:
            show_sweep_plan(workspace, configs)
        elif config != quick_start:
            show_plan(workspace, plan_settings(workspace, config), is_own=True)
        elif preset:
            show_plan(workspace, preset)


def show_plan(workspace: Workspace, plan: TrainingPlan, *, is_own: bool = False) -> None:
    """Show what a run would do, with a button that starts it.

    Args:
        workspace: the folders to work in.
        plan: of the run.
        is_own: whether its settings differ from the quick start's.
    """
    preview = plan.describe()
    description, parts = st.columns(2, gap="large")
    parts.dataframe(preview.parts, hide_index=True, width="content")
    with description:
        st.markdown(literal(preview.sentence))
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Train", key="Train", type="primary", icon=":material/play_arrow:"):
                with errors_shown(), st.spinner("Starting …"):
                    request("train", plan.config.store)
                    st.session_state["run"] = start(workspace, plan).name
                st.session_state["started"] = True
                st.rerun()
            st.caption(literal(estimate_plan(workspace, plan).describe()), width="content")
            if is_own:
                st.button("Reset to quick start", icon=":material/undo:", type="tertiary", on_click=reset_settings)


def show_unfinished_import(workspace: Workspace, store: Store) -> None:
    """Say that a store lacks images, and let the user resume its import."""
    with errors_shown_here():
        unfinished = describe_unfinished_import(store)
        if unfinished is None:
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning(literal(unfinished), icon=":material/hourglass:")
            if is_active_import(store):
                st.page_link("pages/data.py", label="Go to Data", icon=":material/arrow_forward:")
            elif st.button("Resume the import", key="resume the import", icon=":material/play_arrow:"):
                try:
                    request("import", store.name)
                    launch(resume_import_job(workspace, store), workspace)
                except MammoError as error:
                    return show_error(error)
                st.switch_page("pages/data.py")
