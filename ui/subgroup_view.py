"""Show on the Models page how a model does in parts of the data."""

import pandas as pd
import streamlit as st

from mammo_core.assessment.group_attributes import attributed_predictions, attributes_version, usual_attributes
from mammo_core.documents.report import EvaluationReport, Subgroup
from mammo_core.evaluation.subgroups import offered_attributes, subgroups
from mammo_core.evaluation.tables import describe_differences, describe_few, name_attribute, split_few, subgroup_table
from mammo_core.figures.evaluation import subgroup_figure
from mammo_core.models.bundle import Bundle
from ui.charts import show_chart
from ui.literal import literal
from ui.session import current_workspace, errors_shown_here

LEFT_OUT = "Columns that may identify patients are left out. Columns of numbers are divided into quarters."


@st.cache_data(show_spinner="Reading columns …", max_entries=8)
def _predictions(_bundle: Bundle, identity: str, version: str, store: str | None) -> tuple[pd.DataFrame, str]:
    return attributed_predictions(current_workspace(), _bundle, store)


@st.cache_data(show_spinner="Comparing groups …", max_entries=32)
def _subgroups(
    _bundle: Bundle, identity: str, version: str, attributes: tuple[str, ...], store: str | None
) -> tuple[Subgroup, ...]:
    return subgroups(_predictions(_bundle, identity, version, store)[0], by=attributes)


def show_subgroups(bundle: Bundle) -> None:
    """Let the user choose columns, and show a model's AUC in the groups they make."""
    show_chosen_groups(bundle, bundle.evaluation().auc.value)


def show_store_subgroups(bundle: Bundle, store: str, overall: float | None) -> None:
    """Show the same for an evaluation on other data, once the user opens the part.

    Args:
        bundle: the model.
        store: that it has been evaluated on.
        overall: AUC of all its units.
    """
    part = st.expander("Subgroups", icon=":material/groups:", key=f"subgroups on {store}", on_change="rerun")
    if part.open:
        with part, errors_shown_here():
            show_chosen_groups(bundle, overall, store)


def show_chosen_groups(bundle: Bundle, overall: float | None, store: str | None = None) -> None:
    """Let the user choose columns, and show the AUC in the groups they make.

    Args:
        bundle: the model.
        overall: AUC of all units.
        store: that it has been evaluated on; None for the model's own held-out patients.
    """
    version = attributes_version(current_workspace(), bundle, store)
    predictions, note = _predictions(bundle, bundle.identity, version, store)
    identity = bundle.identity if store is None else f"{bundle.identity} on {store}"
    attributes = choose_attributes(predictions, identity)
    if note:
        st.caption(literal(note))
    groups = _subgroups(bundle, bundle.identity, version, attributes, store)
    source = bundle.name if store is None else f"{bundle.name} on {store}"
    show_groups(groups, overall, source, "subgroups" if store is None else f"subgroups of {store}")


def choose_attributes(predictions: pd.DataFrame, identity: str) -> tuple[str, ...]:
    """Let the user choose the columns that divide the units.

    Args:
        predictions: one row per image, with these columns.
        identity: of the predictions; the session remembers the choice for each.
    """
    offered, key = offered_attributes(predictions), f"chosen groups {identity}"
    remembered = st.session_state.get(key, usual_attributes(predictions))
    chosen = st.multiselect(
        "Groups by",
        offered,
        [name for name in remembered if name in offered],
        format_func=name_attribute,
        key=f"groups by {identity}",
        help=LEFT_OUT,
    )
    st.session_state[key] = chosen
    return tuple(chosen)


def with_chosen_groups(report: EvaluationReport, bundle: Bundle, chosen: list[str] | None) -> EvaluationReport:
    """Return a report with the groups of the columns that were chosen.

    Args:
        report: of the model.
        bundle: the model.
        chosen: see `chosen_attributes`.
    """
    if chosen is None:
        return report
    version = attributes_version(current_workspace(), bundle)
    groups = _subgroups(bundle, bundle.identity, version, tuple(chosen), None)
    return report.model_copy(update={"subgroups": groups})


def chosen_attributes(bundle: Bundle) -> list[str] | None:
    """Return the columns that were chosen for a model; None if none were yet."""
    chosen: list[str] | None = st.session_state.get(f"chosen groups {bundle.identity}")
    return chosen


def show_groups(groups: tuple[Subgroup, ...], overall: float | None, source: str, key: str = "subgroups") -> None:
    """Show the AUC in subgroups, beside that of all units, and which differ.

    Args:
        groups: of the same units.
        overall: AUC of all units.
        source: model or scores that the groups are of, in words.
        key: of the chart.
    """
    if not groups:
        st.info("No column is chosen to group these images by.", icon=":material/info:")
        return
    large, few = split_few(groups)
    if large:
        st.info(literal(describe_differences(groups)), icon=":material/balance:")
        left, right = st.columns([2, 3])
        with left:
            show_chart(subgroup_figure(large, overall), key, source)
        right.dataframe(subgroup_table(large), hide_index=True, height="content")
    if few:
        with st.expander(literal(describe_few(few))):
            small = tuple(row for row in groups if row.auc is None)
            st.dataframe(subgroup_table(small).drop(columns="AUC"), hide_index=True)
