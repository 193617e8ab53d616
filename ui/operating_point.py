"""Show a model's operating point on the Models page, and let the user move it."""

import streamlit as st

from mammo_core.documents.operating_point import ThresholdChoice
from mammo_core.evaluation.operating import POLICIES, PREVALENCES, choose_threshold, from_per_thousand, to_per_thousand
from mammo_core.evaluation.tables import MODEL, operating_table
from mammo_core.evaluation.units import to_unit
from mammo_core.figures.evaluation import score_figure
from mammo_core.models.bundle import Bundle
from mammo_core.models.registry import choose_operating_point
from ui.access.sign_in import request
from ui.charts import show_chart
from ui.session import current_workspace, errors_shown


def show_operating_point(bundle: Bundle) -> None:
    """Let the user move the threshold, see its consequences, and save it."""
    left, right = st.columns(2, gap="large")
    with left:
        threshold, policy = select_threshold(bundle)
        prevalence = select_prevalence()
    units = to_unit(bundle.evaluation_predictions(), "breast")
    points = {MODEL: threshold}
    if threshold != bundle.threshold:
        points = {f"new, {threshold:.3f}": threshold, f"now, {bundle.threshold:.3f}": bundle.threshold}
    right.dataframe(operating_table(units, points, prevalence), hide_index=True)
    right.caption(
        f"Breasts of the held-out patients, projected to {to_per_thousand(prevalence):.1f} cancers in 1,000; 95 % intervals. "
        "Readers: US screening, Breast Cancer Surveillance Consortium (Lehman et al. 2017)."
    )
    with right:
        show_chart(score_figure(units, threshold, present=bundle.threshold), "scores at the threshold", bundle.name)
    if left.button("Use this operating point", icon=":material/save:", disabled=threshold == bundle.threshold):
        with errors_shown():
            request("choose operating point", bundle.name)
            choose_operating_point(current_workspace(), bundle.name, threshold, policy)
        st.rerun()


def select_threshold(bundle: Bundle) -> tuple[float, ThresholdChoice]:
    """Let the user select a threshold, and return it with its policy."""
    policy = st.pills(
        "Preset (from validation)", POLICIES, format_func=POLICIES.__getitem__, key=f"policy {bundle.name}"
    )
    preset = choose_threshold(bundle.validation_predictions(), policy) if policy else bundle.threshold
    threshold = st.slider(
        "Threshold", 0.0, 1.0, float(preset), 0.001, format="%.3f", key=f"threshold {bundle.name} {policy}"
    )
    return threshold, policy if policy and threshold == preset else "by hand"


def select_prevalence() -> float:
    """Let the user select a prevalence in [0, 1]."""
    population = st.segmented_control(
        "Prevalence", [*PREVALENCES, "custom"], default="screening", required=True, key="prevalence"
    )
    if population in PREVALENCES:
        return PREVALENCES[population]
    return from_per_thousand(st.number_input("Cancers in 1,000", 0.1, 500.0, 20.6, 0.1))
