"""Compare models, read their reports, activate one."""

import pandas as pd
import streamlit as st

from mammo_core.figures.evaluation import report_figures
from mammo_core.models import activate, active_model, delete_model, model_folder, open_bundle
from mammo_core.work.runs import comparison, list_runs
from pages._session import errors_shown

st.title("Models")
rows = list_runs()
if not rows:
    st.info("There is no model yet. Train one first.", icon=":material/model_training:")
    st.page_link("pages/train.py", label="Go to Train", icon=":material/arrow_forward:")
    st.stop()
st.dataframe(comparison(rows), hide_index=True)
