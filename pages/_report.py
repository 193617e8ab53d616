"""The parts of a model's report, as the models page shows them."""

import streamlit as st

from mammo_core.dataset.library import list_datasets
from mammo_core.evaluation import POLICIES, at_threshold, choose_threshold, to_unit
from mammo_core.evaluation.operating import PREVALENCES, outcomes
from mammo_core.evaluation.tables import operating_table, report_table, subgroup_table
from mammo_core.evaluation.units import UNITS
from mammo_core.figures.evaluation import (
    calibration_figure,
    precision_figure,
    roc_figure,
    score_figure,
    subgroup_figure,
)
from mammo_core.figures.report import card_tables
from mammo_core.models import Bundle, choose_operating_point
from pages._session import errors_shown

OUTCOMES = {
    "missed cancers": (1, False),
    "false alarms": (0, True),
    "found cancers": (1, True),
    "rightly not recalled": (0, False),
}

SHOWN = ("patient_id", "laterality", "probability", "age", "density", "machine_id")


def show_report(bundle: Bundle) -> None:
    """Show figures of merit beside baselines, and the curves."""
    report = bundle.evaluation()
    unit = st.segmented_control("Unit", UNITS, default="breast", required=True, key="unit of the report")
    document = report if unit == "breast" else report["units"][unit]
    units = to_unit(bundle.judged(), unit)
    st.info(document["verdict"], icon=":material/balance:")
    st.caption(
        f"Judged on {document['n']:,} {unit}s of {document['patients']:,} patients of the {report['part']} part, "
        f"{document['positives']:,} positive; 95 % intervals by bootstrap over patients."
    )
    st.dataframe(report_table(document), hide_index=True)
    left, right = st.columns(2)
    left.plotly_chart(roc_figure({bundle.name: units}, bundle.threshold), key="roc")
    right.plotly_chart(precision_figure({bundle.name: units}), key="precision")
    left.plotly_chart(calibration_figure(units), key="calibration")
    right.plotly_chart(score_figure(units, bundle.threshold, unit), key="scores of labels")
    show_localisation(report["localisation"])


def show_localisation(found: dict | None) -> None:
    """Show whether the heat lies on the lesions."""
    st.markdown("**Where it looks**")
    if found is None:
        st.caption("These data don't say where their lesions are, or the network has no exact heatmap.")
        return
    rate, hits, heat = found["hit_rate"], *st.columns(3)[:2]
    hits.metric(
        "Hottest place on a lesion", f"{rate['value']:.0%}", f"chance {found['chance']:.0%}", "off", delta_arrow="off"
    )
    outside, by_chance = f"{found['outside']:.1%}", f"share of the image {found['outside_chance']:.0%}"
    heat.metric("Heat outside the breast", outside, by_chance, "off", delta_arrow="off")
    st.caption(
        f"Pointing game on {found['images']} positive images of {found['patients']} patients; 95 % CI of the hit rate "
        f"{rate['low']:.0%} to {rate['high']:.0%}."
    )


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


def show_subgroups(bundle: Bundle) -> None:
    """Show how the model does in parts of the data."""
    report = bundle.evaluation()
    table = subgroup_table(report)
    if table.empty:
        st.info("Nothing is known of these images that they could be grouped by.", icon=":material/info:")
        return
    left, right = st.columns(2)
    left.plotly_chart(subgroup_figure(report["subgroups"], report["auc"]["value"]), key="subgroups")
    right.dataframe(table, hide_index=True)


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


def show_card(bundle: Bundle) -> None:
    """Show what the model is and what vouches for it."""
    for limit in bundle.card["limits"]:
        st.caption(limit)
    for title, table in card_tables(bundle.card).items():
        st.markdown(f"**{title}**")
        st.dataframe(table, hide_index=True, width="content")
