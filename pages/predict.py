"""Drop DICOM files, get a probability and a heatmap an image, and an answer a breast and patient."""

import streamlit as st

from mammo_core.dataset.library import example_exam
from mammo_core.figures.images import hang, overlay, to_png
from mammo_core.inference import Answer, Prediction, exams, predict_new, summarise
from mammo_core.models import Bundle, active_model, list_models, model_folder, open_bundle
from mammo_core.uploads import unpack
from pages._inference import predictor, sandbox, show_limit
from pages._session import errors_shown


def show_model(bundle: Bundle) -> None:
    card = bundle.card
    auc = bundle.evaluation()["auc"]
    text = (
        f"**{bundle.name}** · {card['network']} network, {card['weights']:,} weights, trained on {card['data']['dataset']} · "
        f"breast-level AUC {auc['value']:.2f} (95 % CI {auc['low']:.2f}–{auc['high']:.2f}) · recall from {bundle.threshold:.2f}"
    )
    st.markdown(text)
    show_limit(bundle)


def show_image(image: Prediction, opacity: float) -> None:
    upload = image.upload
    if upload is None:
        return
    heat = image.heatmap() if opacity else None
    picture = hang(overlay(upload.picture, heat, opacity), upload.laterality, chest_left=not upload.geometry.flipped)
    st.image(to_png(picture), width="stretch")
    st.caption(
        f"{upload.laterality or '?'} {upload.view or 'view unknown'} · **{image.probability:.2f}** · {image.file}"
    )


def show_exam(answer: Answer, patient: str, rows: list, opacity: float, threshold: float) -> None:
    with st.container(border=True):
        breasts = answer.breasts[answer.breasts["patient"] == patient].sort_values("laterality", ascending=False)
        columns = st.columns([2, *[1] * len(breasts)], vertical_alignment="center")
        columns[0].markdown(f"#### Patient {patient}")
        for column, breast in zip(columns[1:], breasts.to_dict("records"), strict=True):
            decision = ":red-badge[recall]" if breast["recall"] else ":green-badge[no recall]"
            column.metric(f"Breast {breast['laterality']}, mean of {breast['images']}", f"{breast['probability']:.2f}")
            column.markdown(decision)
        for row in rows:
            with st.container(horizontal=True, horizontal_alignment="center", gap="xxsmall"):
                for image in row:
                    with st.container(width=width):
                        if image is not None:
                            show_image(image, opacity)


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
width = st.sidebar.slider("Width of a view, pixels", 200, 700, 320, 20)
opacity = st.sidebar.slider("Heatmap opacity", 0.0, 1.0, 0.6, 0.05, help="0 shows the image alone")

dropped = st.file_uploader(
    "Drop DICOM files here, or a zip of them: one image, or the four views of an exam",
    accept_multiple_files=True,
    key="files",
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
    st.stop()

with errors_shown(), st.spinner("Reading the files …"):
    known = st.session_state.setdefault("answers", {})
    images = predict_new(files, predictor(bundle.name, bundle.identity), sandbox(), known)
    answer = summarise(images, bundle)
for image in images:
    if image.error:
        st.error(f"{image.file}: {image.error}", icon=":material/broken_image:")
for patient, rows in exams(images).items():
    show_exam(answer, patient, rows, opacity, bundle.threshold)
st.download_button("Download CSV", answer.to_csv(), "predictions.csv", "text/csv", icon=":material/download:")
