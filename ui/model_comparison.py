"""Show the comparison of several models on the Models page."""

import streamlit as st

from mammo_core.assessment.compare import compare_models
from mammo_core.documents.metrics import read_metrics
from mammo_core.errors import DataError
from mammo_core.evaluation.tables import comparison_table
from mammo_core.evaluation.units import to_unit
from mammo_core.figures.evaluation import precision_figure, roc_figure
from mammo_core.figures.training import learning_curves
from mammo_core.models.bundle import Bundle
from mammo_core.models.registry import model_folder
from ui.charts import show_chart
from ui.literal import literal
from ui.report_view import report_of
from ui.session import current_workspace, errors_shown_here


def show_comparison(bundles: list[Bundle]) -> None:
    """Show several models: figures, differences from the first one, curves."""
    st.dataframe(comparison_table({bundle.name: report_of(bundle) for bundle in bundles}), hide_index=True)
    first, *others = bundles
    for other in others:
        show_difference(first, other)
    left, right = st.columns(2)
    units = {bundle.name: to_unit(bundle.evaluation_predictions(), "breast") for bundle in bundles}
    source = ", ".join(units)
    with left:
        show_chart(roc_figure(units), "roc of several", source)
    with right:
        show_chart(precision_figure(units), "precision of several", source)
    workspace = current_workspace()
    with errors_shown_here():
        runs = {bundle.name: read_metrics(model_folder(workspace, bundle.name)) for bundle in bundles}
        with left:
            show_chart(learning_curves(runs, "loss"), "losses of several", source)
        with right:
            show_chart(learning_curves(runs, "auc"), "scores of several", source)
    st.caption("Breasts of each model's own held-out patients. Differences are paired, by bootstrap over patients.")


def show_difference(model: Bundle, other: Bundle) -> None:
    """Show the difference in AUC between two models, or why it can't be tested."""
    try:
        comparison = compare_models(model.evaluation_predictions(), other.evaluation_predictions(), other.name)
    except DataError as error:
        st.warning(f"**{literal(model.name)}**: {literal(error)}", icon=":material/compare_arrows:")
    else:
        st.info(f"**{literal(model.name)}**: {literal(comparison.verdict)}", icon=":material/compare_arrows:")
