"""Drop DICOM files, get a probability and a heatmap an image, and an answer a breast and patient."""

import streamlit as st

from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import active_model, list_models, model_folder
from mammo_core.prediction.exams import hang_exams, mark_duplicates
from mammo_core.prediction.predict import predict_new
from mammo_core.prediction.results import summarise
from mammo_core.workspace import Workspace
from ui.downloads import take_away
from ui.prediction_view import choose_look, show_exam, show_model
from ui.resources import predictor, sandbox, show_limit, warm
from ui.session import errors_shown, open_page
from ui.uploads import correct_views, dropped_files

open_page("Predict")
names = list_models(Workspace.from_environment())
if not names:
    st.info("There is no model yet. Train one first.", icon=":material/model_training:")
    st.page_link("pages/train.py", label="Go to Train", icon=":material/arrow_forward:")
    st.stop()
with errors_shown():
    active = active_model(Workspace.from_environment())
    if active not in names:
        st.warning(f"The active model, {active}, isn't there; another one answers.", icon=":material/warning:")
    first = names.index(active) if active in names else 0
    chosen = st.sidebar.selectbox("Model", names, index=first, key="model")
    bundle = open_bundle(model_folder(Workspace.from_environment(), chosen))
with st.sidebar:
    show_model(bundle)
show_limit(bundle)
warm(bundle)

files, keys = dropped_files()
if not files:
    st.stop()
with errors_shown(), st.spinner("Reading the files …"):
    known = st.session_state.setdefault("answers", {})
    images = predict_new(files, keys, predictor(bundle), sandbox(), known)
found = mark_duplicates(images)
for number, image in enumerate(found, 1):
    if image.error:
        st.error(f"File {number}, {image.file}: {image.error}", icon=":material/broken_image:")
found = correct_views(found)
answer, exams = summarise(found, bundle), hang_exams(found)
sources = {image.upload.digest: source for image, (_, source) in zip(found, files, strict=True) if image.upload}


@st.fragment
def show_exams() -> None:
    look = choose_look()
    for patient, rows in exams.items():
        show_exam(answer, patient, rows, bundle, look, sources)
    take_away(answer, exams, files, bundle, look.opacity)


if exams:
    show_exams()
