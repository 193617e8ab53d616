"""A model's operating point and the errors it makes there, as the models page shows them."""

import streamlit as st

from mammo_core.dataset.library import list_datasets
from mammo_core.evaluation import POLICIES, at_threshold, choose_threshold, to_unit
from mammo_core.evaluation.operating import PREVALENCES, outcomes
from mammo_core.evaluation.tables import operating_table
from mammo_core.figures.evaluation import score_figure
from mammo_core.models import Bundle, choose_operating_point
from pages._session import errors_shown

OUTCOMES = {
    "missed cancers": (1, False),
    "false alarms": (0, True),
    "found cancers": (1, True),
    "rightly not recalled": (0, False),
}

SHOWN = ("patient_id", "laterality", "probability", "age", "density", "machine_id")


def show_operating_point(bundle: Bundle) -> None:
    """Let the user move the threshold, see what it means, and keep it."""
    predictions = bundle.predictions()
    validation = predictions[predictions["part"] == "validation"]
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
    units = to_unit(bundle.judged(), "breast")
    right.dataframe(operating_table(units, threshold, share), hide_index=True)
    right.caption(
        f"Breasts of the held-out patients, projected to {1000 * share:.1f} cancers in 1,000. Readers: US screening, "
        "Breast Cancer Surveillance Consortium (Lehman et al. 2017)."
    )
    right.plotly_chart(score_figure(units, threshold), key="scores at the threshold")
    if left.button("Use this operating point", icon=":material/save:", disabled=threshold == bundle.threshold):
        with errors_shown():
            choose_operating_point(bundle.name, threshold, policy or "by hand")
        st.rerun()


def show_errors(bundle: Bundle) -> None:
    """List the worst errors of a cell of the confusion matrix, each one click from its exam."""
    cells = at_threshold(to_unit(bundle.judged(), "breast"), bundle.threshold)["confusion"]
    names = dict(zip(OUTCOMES, (cells["fn"], cells["fp"], cells["tp"], cells["tn"]), strict=True))
    cell = st.segmented_control(
        "Breasts",
        OUTCOMES,
        default="missed cancers",
        required=True,
        format_func=lambda name: f"{name} ({names[name]})",
        key="cell",
    )
    worst = outcomes(to_unit(bundle.judged(), "breast"), bundle.threshold, *OUTCOMES[cell])
    if worst.empty:
        st.info(f"There are no {cell} at this operating point.", icon=":material/check:")
        return
    st.caption("Select a breast to hang its exam.")
    event = st.dataframe(
        worst,
        column_order=SHOWN,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"breasts {cell}",
    )
    if event.selection.rows:
        patient, dataset = str(worst["patient_id"].iloc[event.selection.rows[0]]), bundle.card["data"]["dataset"]
        if dataset not in [known.name for known in list_datasets()]:
            st.info(f"The data set {dataset} isn't here, so its exams can't be hung.", icon=":material/folder_off:")
            return
        where = {"dataset": dataset, "patient": patient, "ask": "true"}
        st.page_link(
            "pages/exams.py",
            label=f"Hang the exam of patient {patient}",
            icon=":material/grid_view:",
            query_params=where,
        )
