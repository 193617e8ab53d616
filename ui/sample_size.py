"""Show how many patients are needed to know a measure of a model well."""

from datetime import date

import pandas as pd
import streamlit as st

from mammo_core.documents.sample_size import Measure, SampleSizeReport
from mammo_core.documents.units import Unit
from mammo_core.evaluation.operating import from_per_thousand, to_per_thousand
from mammo_core.evaluation.sample_size import PrecisionGoal, sample_size_report, share_with_cancer
from mammo_core.figures.sample_size import sample_size_panel
from ui.panels import show_panel
from ui.session import errors_shown_here

MEASURES: dict[Measure, str] = {
    "auc": "AUC",
    "sensitivity": "Sensitivity at the operating point",
    "sensitivity_at_specificity": "Sensitivity at a specificity",
}


@st.cache_data(show_spinner="Drawing patients …", max_entries=64)
def _report(_table: pd.DataFrame, identity: str, unit: Unit, goal: PrecisionGoal, name: str) -> SampleSizeReport:
    return sample_size_report(_table, unit, goal, name)


def show_sample_size(units: pd.DataFrame, unit: Unit, name: str, identity: str, threshold: float) -> None:
    """Let the user say what is to be known how well, and show what that needs.

    Args:
        units: one row per unit, with patient_id, label and probability.
        unit: what they are.
        name: of the model or scores.
        identity: of the model or scores; numbers are computed once for each.
        threshold: a unit is recalled from this probability.
    """
    part = st.expander(
        "How many patients are needed?", icon=":material/groups:", key="patients needed", on_change="rerun"
    )
    if not part.open:
        return
    with part, errors_shown_here():
        goal = choose_goal(share_with_cancer(units), identity, threshold)
        report = _report(units, identity, unit, goal, name)
        show_panel(sample_size_panel(report, f"{date.today():%d %b %Y}".lstrip("0")))


def choose_goal(share: float, identity: str, threshold: float) -> PrecisionGoal:
    """Let the user choose the measure, the width of its interval and the prevalence.

    Args:
        share: of the patients at hand with cancer, in [0, 1], from which the choice begins.
        identity: of the model or scores.
        threshold: of the sensitivity at the operating point.
    """
    with st.container(horizontal=True):
        measure = st.selectbox("Measure", list(MEASURES), format_func=MEASURES.__getitem__, key="measure", width=280)
        half_width = st.number_input("Known to ±", 0.005, 0.3, 0.03, 0.005, format="%.3f", key="half-width", width=150)
        prevalence = st.number_input(
            "Patients with cancer in 1,000",
            0.1,
            999.9,
            to_per_thousand(share),
            1.0,
            format="%.1f",
            key=f"patients with cancer {identity}",
            help="As in the patients at hand, unless you change it. In screening there are about 5.",
            width=230,
        )
        at = threshold if measure == "sensitivity" else None
        if measure == "sensitivity_at_specificity":
            at = st.number_input("Specificity", 0.5, 0.99, 0.9, 0.01, format="%.2f", key="specificity", width=150)
    return PrecisionGoal(half_width, measure, from_per_thousand(prevalence), at)
