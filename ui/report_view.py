"""Show the parts of a model's report on the Models page."""

import pandas as pd
import streamlit as st

from mammo_core.assessment.report import current_report
from mammo_core.documents.metrics import read_metrics
from mammo_core.documents.report import EvaluationReport, Localisation, UnitReport
from mammo_core.documents.units import UNITS, Unit
from mammo_core.evaluation.curves import roc_band
from mammo_core.evaluation.report import describe_image_over_age
from mammo_core.evaluation.tables import (
    divide_measures,
    explain_measures,
    format_share,
    report_table,
)
from mammo_core.evaluation.units import to_unit
from mammo_core.figures.evaluation import (
    calibration_figure,
    precision_figure,
    roc_figure,
    score_figure,
)
from mammo_core.figures.model_report import card_tables
from mammo_core.figures.training import CURVES, learning_curves
from mammo_core.models.bundle import Bundle
from mammo_core.models.registry import list_models, model_folder
from ui.charts import show_chart
from ui.literal import literal
from ui.sample_size import show_sample_size
from ui.session import current_workspace

PARTS = {"test": "Test set", "validation": "Validation set", "all": "All data"}


@st.cache_data(show_spinner="Evaluating …", max_entries=16)
def _report(_bundle: Bundle, name: str, state: tuple[object, ...]) -> EvaluationReport:
    return current_report(current_workspace(), _bundle)


def report_of(bundle: Bundle) -> EvaluationReport:
    """Return a model's current report.

    It is made again when the operating point or the models change.
    """
    return _report(bundle, bundle.name, (bundle.identity, bundle.threshold, *list_models(current_workspace())))


@st.cache_resource(show_spinner=False, max_entries=16)
def _roc_band(_units: pd.DataFrame, identity: str, unit: Unit) -> pd.DataFrame:
    """Return the interval of a ROC curve, which takes long on many patients."""
    return roc_band(_units)


def show_report(bundle: Bundle) -> None:
    """Show a model's figures of merit with baselines, and its curves."""
    evaluation = report_of(bundle)
    unit = st.segmented_control("Unit", UNITS, default="breast", required=True, key="unit of the report")
    report, units = evaluation.by(unit), to_unit(bundle.evaluation_predictions(), unit)
    st.info(literal(report.verdict_or_reason()), icon=":material/balance:")
    st.caption(
        f"{PARTS[evaluation.part]}: {report.n:,} {literal(unit)}s ({report.positives:,} positive) of "
        f"{report.patients:,} patients. 95 % intervals over patients."
    )
    show_unit(report, units, unit, bundle.name, bundle.identity)
    show_localisation(evaluation.localisation)


def show_unit(report: UnitReport, units: pd.DataFrame, unit: Unit, name: str, identity: str) -> None:
    """Show the figures of merit by a unit with baselines, and the curves.

    Args:
        report: by the unit.
        units: one row per unit, with patient_id, label and probability.
        unit: what is counted.
        name: of the model, in the figures.
        identity: of the model; the ROC curve's interval is computed once for each.
    """
    first, others = divide_measures(report_table(report))
    st.dataframe(first, hide_index=True, height="content")
    with st.expander("More measures, and what each means"):
        st.dataframe(explain_measures(), hide_index=True, height="content")
        st.dataframe(others, hide_index=True, height="content")
    image_over_age = describe_image_over_age(report.baselines)
    if image_over_age:
        st.caption(literal(image_over_age))
    left, right = st.columns(2)
    threshold = report.operating_point.threshold
    band = _roc_band(units, identity, unit)
    source = f"{name} by {unit}"
    with left:
        show_chart(roc_figure({name: units}, threshold, band), "roc", source)
        if report.brier.value is not None:  # of probabilities
            show_chart(calibration_figure({"this model": units}), "calibration", source)
    with right:
        show_chart(precision_figure({name: units}), "precision", source)
        show_chart(score_figure(units, threshold, unit), "scores of labels", source)
    show_sample_size(units, unit, name, identity, threshold)


def show_localisation(localisation: Localisation | None) -> None:
    """Show whether the heatmaps lie on the lesions."""
    st.markdown("**Localisation**")
    if localisation is None:
        st.caption("The lesions of these images are not known, or the network has no exact heatmap.")
        return
    peak, outside, _ = st.columns(3)
    rate = localisation.hit_rate
    peak.metric(
        "Heatmap peak on a lesion", f"{rate.value:.0%}", f"chance {localisation.chance:.0%}", "off", delta_arrow="off"
    )
    outside.metric(
        "Heatmap outside the breast",
        f"{localisation.outside:.1%}",
        f"share of the image {localisation.outside_chance:.0%}",
        "off",
        delta_arrow="off",
    )
    st.caption(
        f"Share of {localisation.images:,} positive images of {localisation.patients:,} patients whose heatmap peak lies "
        f"on a lesion: {literal(format_share(rate))}{', with its 95 % interval' if rate.low is not None else ''}."
        + (f" Readers' marks among these lesions: {localisation.marks:,}." if localisation.marks else "")
    )


def show_card(bundle: Bundle) -> None:
    """Show a model's card: origin, data, settings, limits, hashes."""
    for limit in bundle.card.limits:
        st.caption(literal(limit))
    for title, table in card_tables(bundle.card).items():
        st.markdown(f"**{literal(title)}**")
        st.dataframe(table, hide_index=True, width="content")


def show_training(bundle: Bundle) -> None:
    """Show the learning curves of a model's training."""
    records = read_metrics(model_folder(current_workspace(), bundle.name))
    for column, metric in zip(st.columns(len(CURVES)), CURVES, strict=True):
        with column:
            show_chart(learning_curves({bundle.name: records}, metric), f"{metric} {bundle.name}", bundle.name)
