"""Evaluate a model on other data than its own on the Models page."""

import streamlit as st

from mammo_core.assessment.kept_evaluations import KeptEvaluation, kept_evaluations, kept_predictions
from mammo_core.assessment.store_evaluation import fitting_stores
from mammo_core.documents.job import FINAL
from mammo_core.evaluation.elsewhere_tables import HOME, describe_shift, elsewhere_table, shift_table
from mammo_core.evaluation.units import to_unit
from mammo_core.figures.evaluation import precision_figure, roc_figure
from mammo_core.jobs.evaluation import evaluation_job, evaluation_jobs
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.process import launch
from mammo_core.models.bundle import Bundle
from ui.access.sign_in import request
from ui.charts import show_chart
from ui.evaluation_removal import offer_deletion, offer_undo
from ui.literal import literal
from ui.report_view import report_of, show_localisation
from ui.session import current_workspace, errors_shown, errors_shown_here, state_badge
from ui.stop_button import show_stop_button
from ui.subgroup_view import show_store_subgroups

REFRESH_SECONDS = 1.0
INTRODUCTION = (
    "Patients that the model, or a model it started from, was fitted to or selected on are left out. The threshold is the one "
    "chosen at home."
)


def show_other_data(bundle: Bundle) -> None:
    """Let the user evaluate a model on other data, and show what came of it."""
    workspace = current_workspace()
    offer_undo()
    kept = kept_evaluations(workspace, bundle)
    stores = sorted({*fitting_stores(workspace, bundle), *kept})
    if not stores:
        st.info(
            "No data were imported in the size that this model expects. Import some first.",
            icon=":material/folder_open:",
        )
        st.page_link("pages/data.py", label="Go to Data", icon=":material/arrow_forward:")
        return
    st.caption(INTRODUCTION)
    active = active_evaluations(bundle, stores)
    refresh = REFRESH_SECONDS if active else None
    st.fragment(errors_shown_here()(follow_evaluations), run_every=refresh)(bundle, stores, kept, bool(active))
    if kept:
        show_evaluations(bundle, kept)


def active_evaluations(bundle: Bundle, stores: list[str]) -> dict[str, JobFolder]:
    """Return the evaluations that are queued or running, by store."""
    jobs = evaluation_jobs(current_workspace(), bundle, stores)
    return {store: job for store, job in jobs.items() if job.state() not in FINAL}


def follow_evaluations(bundle: Bundle, stores: list[str], kept: dict[str, KeptEvaluation], was_active: bool) -> None:
    """Show each store with its evaluation's state, and a button to start or stop it.

    A fragment calls this every second while one is active.

    Args:
        bundle: the model.
        stores: names of the stores.
        kept: the evaluations that were made before.
        was_active: whether one was active when the page around this was drawn.
    """
    if was_active and not active_evaluations(bundle, stores):
        st.rerun()  # the complete page once more, without polling
    jobs = evaluation_jobs(current_workspace(), bundle, stores)
    for store in stores:
        with st.container(border=True):
            left, right = st.columns([5, 1], vertical_alignment="center")
            job = jobs.get(store)
            if job is not None and job.state() not in FINAL:
                left.progress(job.fraction(), text=f"**{literal(store)}** {literal(job.progress_text())}")
                with right:
                    show_stop_button(job, "An earlier evaluation stays.")
                continue
            with left:
                show_kept(store, kept.get(store), job)
            with right:
                offer_evaluation(bundle, store, "Evaluate again" if store in kept else "Evaluate")


def show_kept(store: str, kept: KeptEvaluation | None, job: JobFolder | None) -> None:
    """Show in one line what is known of a model on a store.

    Args:
        store: its name.
        kept: the evaluation that was made before, if any.
        job: the last evaluation's job, if any.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        made = f"evaluated {kept.evaluation.created:%Y-%m-%d %H:%M} UTC" if kept is not None else "not evaluated yet"
        st.markdown(f"**{literal(store)}** · {literal(made)}", width="content")
        if job is not None and (state := job.state()) != "finished":
            st.markdown(f"{state_badge(state)} {literal(job.message())}", width="content")
        if kept is not None and (changed := kept.outdated or kept.new_lesions):
            st.markdown(f":orange-badge[out of date] {literal(changed)}", width="content")


def offer_evaluation(bundle: Bundle, store: str, label: str) -> None:
    """Show the button that starts an evaluation."""
    if st.button(literal(label), key=f"evaluate on {store}", icon=":material/play_arrow:", width="stretch"):
        with errors_shown():
            request("evaluate model", bundle.name)
            launch(evaluation_job(bundle, store), current_workspace())
        st.rerun()


def show_evaluations(bundle: Bundle, kept: dict[str, KeptEvaluation]) -> None:
    """Show the evaluations side by side: figures, shifts, drift and curves."""
    evaluations = {store: one.evaluation for store, one in kept.items()}
    st.markdown("**Figures at the threshold**")
    reports = {store: evaluation.report for store, evaluation in evaluations.items()}
    st.dataframe(elsewhere_table(report_of(bundle), reports), hide_index=True, height="content")
    if shifts := {store: evaluation.shift for store, evaluation in evaluations.items() if evaluation.shift}:
        st.markdown("**Shift from home**")
        st.dataframe(shift_table(shifts), hide_index=True, height="content")
    for store, evaluation in evaluations.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{literal(store)}**", width="content")
            offer_deletion(bundle, store)
        st.info(literal(evaluation.report.verdict_or_reason()), icon=":material/balance:")
        st.markdown(literal(describe_shift(evaluation)))
        if evaluation.drift is not None:
            st.markdown(literal(evaluation.drift.verdict))
        show_localisation(evaluation.report.localisation)
        if evaluation.notes:
            st.caption(literal(" ".join(evaluation.notes)))
        show_store_subgroups(bundle, store, evaluation.report.auc.value)
    with errors_shown_here():
        units = {HOME: to_unit(bundle.evaluation_predictions(), "breast")}
        for store in evaluations:
            units[store] = to_unit(kept_predictions(current_workspace(), bundle, store), "breast")
        left, right = st.columns(2)
        source = f"{bundle.name} on {', '.join(evaluations)}"
        with left:
            show_chart(roc_figure(units, bundle.threshold), "roc on other data", source)
        with right:
            show_chart(precision_figure(units), "precision on other data", source)
