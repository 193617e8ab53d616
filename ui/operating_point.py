"""A model's operating point, as the models page shows it."""

import streamlit as st

from mammo_core.evaluation import POLICIES, choose_threshold, to_unit
from mammo_core.evaluation.operating import PREVALENCES
from mammo_core.evaluation.tables import operating_table
from mammo_core.figures.evaluation import score_figure
from mammo_core.models.bundle import Bundle
from mammo_core.models.registry import choose_operating_point
from mammo_core.workspace import Workspace
from ui.session import errors_shown


def show_operating_point(bundle: Bundle) -> None:
    """Let the user move the threshold, see what it means, and keep it."""
    validation = bundle.validation()
    left, right = st.columns([2, 3], gap="large")
    policy = left.pills(
        "Chosen on validation for", POLICIES, format_func=POLICIES.__getitem__, key=f"policy {bundle.name}"
    )
    start = choose_threshold(validation, policy) if policy else bundle.threshold
    threshold = left.slider(
        "Threshold", 0.0, 1.0, float(start), 0.001, format="%.3f", key=f"threshold {bundle.name} {policy}"
    )
    where = left.segmented_control(
        "Prevalence", [*PREVALENCES, "own"], default="screening", required=True, key="prevalence"
    )
    share = PREVALENCES.get(where) or left.number_input("Cancers in 1,000", 0.1, 500.0, 20.6, 0.1) / 1000
    units = to_unit(bundle.evaluation_predictions(), "breast")
    right.dataframe(operating_table(units, threshold, share), hide_index=True)
    right.caption(
        f"Breasts of the held-out patients, projected to {1000 * share:.1f} cancers in 1,000. Readers: US screening, "
        "Breast Cancer Surveillance Consortium (Lehman et al. 2017)."
    )
    right.plotly_chart(score_figure(units, threshold), key="scores at the threshold")
    if left.button("Use this operating point", icon=":material/save:", disabled=threshold == bundle.threshold):
        with errors_shown():
            choose_operating_point(
                Workspace.from_environment(),
                bundle.name,
                threshold,
                policy if policy and threshold == start else "by hand",
            )
        st.rerun()
