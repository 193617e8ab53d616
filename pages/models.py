"""Compare models, read their reports, activate one."""

import streamlit as st

from mammo_core.work.runs import comparison, list_runs

st.title("Models")
rows = list_runs()
if not rows:
    st.info("There is no model yet. Train one first.", icon=":material/model_training:")
    st.page_link("pages/train.py", label="Go to Train", icon=":material/arrow_forward:")
    st.stop()
st.dataframe(comparison(rows), hide_index=True)
