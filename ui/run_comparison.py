"""Show one selected training run, or the curves of several over each other."""

import pandas as pd
import streamlit as st

from mammo_core.errors import MammoError
from mammo_core.evaluation.units import to_unit
from mammo_core.figures.evaluation import calibration_figure, roc_figure
from mammo_core.figures.training import CurveOptions
from mammo_core.jobs.training_runs import TrainingRun, short_names
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import model_folder
from mammo_core.workspace import Workspace
from ui.charts import show_chart
from ui.run_view import choose_options, show_curves, show_run
from ui.session import errors_shown_here, show_error

REFRESH_SECONDS = 1.0


def show_chosen(workspace: Workspace, runs: list[TrainingRun]) -> None:
    """Show the selected runs; the view is refreshed while one of them is active."""
    if not runs:
        return
    active = any(run.is_active for run in runs)
    names = [
        run.name for run in sorted(runs, key=lambda run: run.auc is None)
    ]  # so that all charts have the same colours
    options, polled = choose_options(active)
    refresh = REFRESH_SECONDS if polled else None
    if len(runs) == 1:
        return st.fragment(errors_shown_here()(show_run), run_every=refresh)(workspace, names[0], [], options, active)
    st.fragment(errors_shown_here()(show_overlay), run_every=refresh)(workspace, names, options)
    show_scores(workspace, [run for run in runs if run.auc is not None])


def show_overlay(workspace: Workspace, names: list[str], options: CurveOptions) -> None:
    """Show the learning curves of several runs over each other."""
    show_curves(workspace, names, options)


def show_scores(workspace: Workspace, runs: list[TrainingRun]) -> None:
    """Show ROC and calibration of the models of several runs.

    Args:
        workspace: the folders to work in.
        runs: those that have a model.
    """
    if not runs:
        return
    titles = short_names(runs)
    units = {titles[run.name]: table for run in runs if (table := read_breasts(workspace, run.name)) is not None}
    if not units:
        return
    left, right = st.columns(2)
    source = ", ".join(units)
    with left:
        show_chart(roc_figure(units), "roc of runs", source)
    with right:
        show_chart(calibration_figure(units), "calibration of runs", source)
    st.caption("Breasts of each run's own test patients.")


def read_breasts(workspace: Workspace, name: str) -> pd.DataFrame | None:
    """Return the predictions for a run's test breasts; without them, say why."""
    try:
        return to_unit(open_bundle(model_folder(workspace, name)).evaluation_predictions(), "breast")
    except MammoError as error:
        show_error(error)
        return None
