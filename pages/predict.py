"""Upload DICOM files and see their predictions.

Each image, breast and patient has a probability, and each image a heatmap.
"""

import streamlit as st

from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import active_model, list_models, model_folder
from mammo_core.prediction.exams import hang_exams
from mammo_core.prediction.viewing import hang_predictions
from ui.downloads import offer_exports
from ui.exam_list import choose_exam
from ui.exam_viewer import show_predicted_exam
from ui.literal import literal
from ui.look_alikes import show_upload_look_alikes
from ui.prediction_run import predict_files
from ui.prediction_view import show_comparison, show_model, show_results
from ui.resources import show_limit, start_resources
from ui.session import current_workspace, errors_shown, errors_shown_here, open_page
from ui.uploads import choose_files, revealed_example

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
    index = names.index(active) if active in names else 0
    chosen = st.sidebar.selectbox("Model", names, index=index, key="model", bind="query-params")
    bundle = open_bundle(model_folder(workspace, chosen))
with st.sidebar:
    show_model(bundle)
show_limit(bundle)
start_resources(bundle)

files = choose_files()
if not files:
    st.stop()
problems, results = st.container(), st.container()  # above the table of files, which has to be read before
report = predict_files(files, bundle, problems)
exams = hang_exams(report.images)


@st.fragment
@errors_shown_here()
def show_exams() -> None:
    exam = choose_exam(report, exams)
    probabilities, pictures = st.columns([2, 5], gap="medium")
    with probabilities:
        show_results(report, exam, bundle)
        revealed = revealed_example()
    with pictures:
        hung = hang_predictions(exam.rows, report, revealed)
        settings = show_predicted_exam(hung)
    show_comparison(report, exam, bundle)
    show_upload_look_alikes(exam, bundle)
    offer_exports(report, bundle, settings.opacity)


if exams:
    with results:
        show_exams()
