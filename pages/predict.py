"""Drop DICOM files, get a probability and a heatmap an image, and an answer a breast and patient."""

import streamlit as st

from mammo_core.dataset.library import example_exam
from mammo_core.dropped import hang_exams, without_repeats
from mammo_core.inference import predict_new, summarise
from mammo_core.models import active_model, list_models, model_folder, open_bundle
from mammo_core.uploads import unpack
from pages._answer import correct_views, show_exam, show_model
from pages._inference import predictor, sandbox
from pages._session import errors_shown
from pages._takeaway import take_away

st.title("Predict")
names = list_models()
if not names:
    st.info("There is no model yet. Train one first.", icon=":material/model_training:")
    st.page_link("pages/train.py", label="Go to Train", icon=":material/arrow_forward:")
    st.stop()
with errors_shown():
    first = names.index(active_model()) if active_model() in names else 0
    chosen = st.sidebar.selectbox("Model", names, index=first, key="model")
    bundle = open_bundle(model_folder(chosen))
show_model(bundle)
st.sidebar.slider("Width of a view, pixels", 200, 700, 320, 20, key="width")
heated = st.sidebar.toggle("Heatmap", value=True, key="heatmap")
st.sidebar.slider("Heatmap opacity", 0.05, 1.0, 0.6, 0.05, key="opacity", disabled=not heated)
st.sidebar.slider("Black and white, grey levels", 0, 255, (0, 255), key="levels")

whole_folder = st.toggle("Take a whole folder", key="whole folder")
dropped = st.file_uploader(
    "Drop DICOM files here, or a zip of them: one image, or the four views of an exam",
    accept_multiple_files="directory" if whole_folder else True,
    key="folder" if whole_folder else "files",
)
with errors_shown():
    files, problems = unpack([(item.name, item.getvalue()) for item in dropped], sandbox())
for name, problem in problems.items():
    st.error(f"{name}: {problem}", icon=":material/folder_zip:")
if not files:
    if st.button("Try it on an exam of the demo data", icon=":material/play_circle:"):
        st.session_state["example"] = True
    files = example_exam() if st.session_state.get("example") else []
else:
    st.session_state.pop("example", None)
if not files:
    predictor(bundle.name, bundle.identity)  # loaded while the person looks for files
    st.stop()

with errors_shown(), st.spinner("Reading the files …"):
    known = st.session_state.setdefault("answers", {})
    images = predict_new(files, predictor(bundle.name, bundle.identity), sandbox(), known)
images = correct_views(without_repeats(images))
answer = summarise(images, bundle)
for image in images:
    if image.error:
        st.error(f"{image.file}: {image.error}", icon=":material/broken_image:")
exams = hang_exams(images)
for patient, rows in exams.items():
    show_exam(answer, patient, rows, bundle)
if exams:
    take_away(answer, exams, files, bundle)
