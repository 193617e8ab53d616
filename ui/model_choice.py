"""Choose models in their table; the address names them."""

import pandas as pd
import streamlit as st

from mammo_core.models.registry import choose_models
from ui.literal import literal

PARAMETER = "model"


def choose_in_table(table: pd.DataFrame, active: str) -> list[str]:
    """Show the table of models and return the names of the selected ones.

    The address names them, once for each. Without a selection it is the active model.

    Args:
        table: see `mammo_core.assessment.model_table`.
        active: name of the active model.
    """
    available = table["model"].tolist()
    key = f"chosen {' '.join(available)}"  # a selection is of row numbers, so it ends when the list changes
    requested = st.query_params.get_all(PARAMETER)
    rows = st.dataframe(
        table,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [available.index(name) for name in requested if name in available]}},
        placeholder="–",
        column_config={"verdict": st.column_config.TextColumn(width="medium")},
        height="content" if len(table) < 8 else 320,
        key=key,
    ).selection.rows
    if absent := [name for name in requested if name not in available]:
        st.warning(f"There is no model {literal(', '.join(absent))} here.", icon=":material/search_off:")
    if rows != [available.index(name) for name in requested if name in available]:
        st.query_params[PARAMETER] = [available[row] for row in rows if row < len(available)]
    return choose_models(available, rows, active)
