"""Upload DICOM files and see their predictions.

Each image, breast and patient has a probability, and each image a heatmap.
"""

from functools import partial

import streamlit as st

from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import active_model, list_models, model_folder
from mammo_core.prediction.exams import hang_exams
from mammo_core.prediction.predict import PredictionCache, predict_exams
from ui.downloads import offer_exports
from ui.literal import literal
from ui.prediction_view import choose_settings, show_model, show_predicted_exam
from ui.resources import predictor, sandbox, show_limit, start_resources
from ui.session import current_workspace, errors_shown, open_page
from ui.uploads import choose_files, edit_corrections, show_problems

open_page("Predict")
workspace = current_workspace()
names = list_models(workspace)
if not names:
    st.info("There is no model yet. Train one first.", icon=":material/model_training:")
    st.page_link("pages/train.py", label="Go to Train", icon=":material/arrow_forward:")
    st.stop()
with errors_shown():
    active = active_model(workspace)
    if active not in names:
        st.warning(f"The active model, {literal(active)}, is missing. Choose another one.", icon=":material/warning:")
    chosen = st.sidebar.selectbox("Model", names, index=names.index(active) if active in names else 0, key="model")
    bundle = open_bundle(model_folder(workspace, chosen))
with st.sidebar:
    show_model(bundle)
show_limit(bundle)
start_resources(bundle)

files = choose_files()
if not files:
    st.stop()
with errors_shown(), st.spinner("Reading the files …"):
    cache = st.session_state.setdefault("predictions", PredictionCache())
    predict = partial(predict_exams, workspace, files, predictor(bundle), sandbox(), cache=cache)
    report = predict(corrections=st.session_state.get("corrections"))
show_problems(report)
report = predict(corrections=edit_corrections(report))
exams = hang_exams(report.images)


@st.fragment
def show_exams() -> None:
    settings = choose_settings()
    for exam in exams:
        show_predicted_exam(report, exam, bundle, settings)
    offer_exports(report, bundle, settings.opacity)


if exams:
    show_exams()
