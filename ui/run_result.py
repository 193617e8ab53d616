"""Show what a finished training run has come to, and where to go on."""

import streamlit as st

from mammo_core.documents.report import EvaluationReport, Standing
from mammo_core.errors import ModelError
from mammo_core.evaluation.tables import format_interval
from mammo_core.models.bundle import Bundle, open_bundle
from mammo_core.models.registry import list_models, model_folder, readable_active_model
from mammo_core.workspace import Workspace
from ui.literal import literal
from ui.model_actions import confirm_activation
from ui.report_view import PARTS, report_of
from ui.session import show_error

BADGES: dict[Standing, str] = {
    "better": ":green-badge[:material/check_circle: better than chance and the baselines]",
    "baseline": ":orange-badge[:material/balance: better than chance, but not than every baseline]",
    "chance": ":red-badge[:material/warning: not distinguishable from chance]",
    "unknown": ":gray-badge[:material/help: too little to tell]",
}


def show_result(workspace: Workspace, name: str) -> None:
    """Show the result of a run that has a model: its AUC, verdict and next steps."""
    if name not in list_models(workspace):
        return
    try:
        bundle = open_bundle(model_folder(workspace, name))
    except ModelError as error:
        return show_error(error)
    report = report_of(bundle)
    with st.container(border=True):
        figure, verdict = st.columns([1, 2], vertical_alignment="center", gap="medium")
        with figure:
            show_figure(bundle, report)
        with verdict:
            st.markdown(BADGES[report.standing()])
            st.markdown(literal(report.verdict_or_reason()))
        show_next_steps(workspace, bundle)


def show_figure(bundle: Bundle, report: EvaluationReport) -> None:
    """Show the AUC with its interval, and what it was measured on."""
    value = "–" if report.auc.value is None else f"{report.auc.value:.3f}"
    st.metric(f"{PARTS[report.part]}: AUC by breast", value)
    images = "synthetic " if bundle.synthetic else ""
    st.caption(
        f"{literal(format_interval(report.auc))} · {report.n:,} {images}breasts "
        f"({report.positives:,} positive) of {report.patients:,} patients"
    )


def show_next_steps(workspace: Workspace, bundle: Bundle) -> None:
    """Show where to go on with a new model."""
    active = readable_active_model(workspace)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            "pages/models.py", label="Open report", icon=":material/balance:", query_params={"model": bundle.name}
        )
        if active not in (None, bundle.name):
            st.page_link(
                "pages/models.py",
                label="Compare with the active model",
                icon=":material/compare_arrows:",
                query_params={"model": [bundle.name, str(active)]},
            )
        st.page_link(
            "pages/predict.py",
            label="Try on an exam",
            icon=":material/upload_file:",
            query_params={"model": bundle.name},
        )
        if active == bundle.name:
            st.badge("active model", icon=":material/check:", color="green")
        elif st.button("Activate", key=f"activate {bundle.name}", icon=":material/check:"):
            confirm_activation(bundle)
