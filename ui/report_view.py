"""The parts of a model's report, as the models page shows them."""

from typing import Any

import streamlit as st

from mammo_core.assessment import current_report
from mammo_core.documents.units import UNITS
from mammo_core.evaluation import to_unit
from mammo_core.evaluation.tables import report_table, subgroup_table
from mammo_core.figures.evaluation import (
    calibration_figure,
    precision_figure,
    roc_figure,
    score_figure,
    subgroup_figure,
)
from mammo_core.figures.model_report import card_tables
from mammo_core.models.bundle import Bundle, open_bundle
from mammo_core.models.registry import list_models, model_folder
from mammo_core.workspace import Workspace


@st.cache_data(show_spinner="Judging …", max_entries=16)
def _report(name: str, state: tuple[object, ...]) -> dict[str, Any]:
    return current_report(open_bundle(model_folder(Workspace.from_environment(), name)))


def report_of(bundle: Bundle) -> dict[str, Any]:
    """Return a model's report as things stand; it is made again when the operating point or the models change."""
    return _report(bundle.name, (bundle.identity, bundle.threshold, *list_models(Workspace.from_environment())))


def show_report(bundle: Bundle) -> None:
    """Show figures of merit beside baselines, and the curves."""
    report = report_of(bundle)
    unit = st.segmented_control("Unit", UNITS, default="breast", required=True, key="unit of the report")
    document = report if unit == "breast" else report["units"][unit]
    units = to_unit(bundle.evaluation_predictions(), unit)
    st.info(document["verdict"], icon=":material/balance:")
    st.caption(
        f"Judged on {document['n']:,} {unit}s of {document['patients']:,} patients of the {report['part']} part, "
        f"{document['positives']:,} positive; 95 % intervals by bootstrap over patients."
    )
    st.dataframe(report_table(document), hide_index=True, height="content")
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
    rate, hits, cam = found["hit_rate"], *st.columns(3)[:2]
    hits.metric(
        "Hottest place on a lesion", f"{rate['value']:.0%}", f"chance {found['chance']:.0%}", "off", delta_arrow="off"
    )
    outside, by_chance = f"{found['outside']:.1%}", f"share of the image {found['outside_chance']:.0%}"
    cam.metric("Heat outside the breast", outside, by_chance, "off", delta_arrow="off")
    st.caption(
        f"Pointing game on {found['images']} positive images of {found['patients']} patients; 95 % CI of the hit rate "
        f"{rate['low']:.0%} to {rate['high']:.0%}."
    )


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


def show_card(bundle: Bundle) -> None:
    """Show what the model is and what vouches for it."""
    for limit in bundle.card["limits"]:
        st.caption(limit)
    for title, table in card_tables(bundle.card).items():
        st.markdown(f"**{title}**")
        st.dataframe(table, hide_index=True, width="content")
