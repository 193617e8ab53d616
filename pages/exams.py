"""Browse exams: the views of a patient hung as a reader hangs them, and what the network sees of them."""

import numpy as np
import pandas as pd
import streamlit as st

from mammo_core.dataset.truth import read_truth
from mammo_core.errors import ImageError
from mammo_core.exam import KINDS, Kind, View, facts_of, hang_rows, modified, next_patient
from mammo_core.figures.images import hang, outline_lesions, overlay, to_png, zoom_figure
from mammo_core.models import active_model, model_folder, open_bundle
from mammo_core.preprocess import to_source
from pages._inference import predictor, show_limit, view_of
from pages._session import choose_catalogue, errors_shown

NOBODY: dict[Kind, str] = {
    "positive": "Nobody in this data set is known to be positive.",
    "lesion": "This data set doesn't say where its lesions are.",
    "quarantined": "No import of this data set has put an image in quarantine.",
}


def go_to(kind: Kind) -> None:
    """Choose the next patient of a kind; a button's callback."""
    found = next_patient(catalogue, st.session_state.get("patient"), kind)
    if found is None:
        st.toast(NOBODY[kind], icon=":material/search_off:")
    else:
        st.session_state["patient"] = found


def answer_to(view: View) -> tuple[float | None, np.ndarray | None]:
    """Return the active model's probability and heat for an image, if it is asked and there is a model input."""
    if bundle is None or view.model_input is None:
        return None, None
    probabilities, heat = predictor(bundle.name, bundle.identity)(view.model_input[np.newaxis])
    return float(probabilities[0]), None if heat is None else heat[0]


def drawn(view: View, image: pd.Series, heat: np.ndarray | None) -> np.ndarray:
    """Return the picture with what the sidebar asks for laid over it, hung."""
    picture = view.picture
    if heat is not None and view.geometry is not None:
        picture = overlay(picture, to_source(heat, view.geometry, *picture.shape), opacity)
    if show_truth and truth is not None:
        lesions = truth[truth["image_id"] == image["image_id"]]
        picture = outline_lesions(picture, lesions, view.source_rows, view.source_columns)
    chest_left = not view.geometry.flipped if view.geometry else image["laterality"] == "L"
    return hang(picture, image["laterality"], chest_left)


@st.dialog("Full resolution", width="large")
def zoom(image: pd.Series) -> None:
    """Show one image in all its pixels."""
    with errors_shown():
        view = view_of(image["file"], modified(image["file"]), levels, True)
    st.caption(
        f"{view.source_columns} × {view.source_rows} pixels. Scroll to zoom, drag to move, double-click to reset."
    )
    st.plotly_chart(zoom_figure(drawn(view, image, answer_to(view)[1])), key="zoom", config={"scrollZoom": True})


def show_image(image: pd.Series) -> None:
    """Show one image, or why it can't be shown."""
    name = f"{image['laterality']} {image['view']}"
    try:
        view = view_of(image["file"], modified(image["file"]), levels, False)
    except ImageError as error:
        st.warning(f"**{name}** · image {image['image_id']}: {error}", icon=":material/broken_image:")
        return
    probability, heat = answer_to(view)
    st.image(to_png(drawn(view, image, heat)), width="stretch")
    text, button, details = st.columns([4, 1, 1], vertical_alignment="center")
    score = "" if probability is None else f" · probability **{probability:.2f}**"
    label = " · :orange-badge[cancer]" if image["cancer"] == 1 else ""
    text.markdown(f":small[{name} · image {image['image_id']}]{score}{label}")
    if button.button(
        "", icon=":material/zoom_in:", key=f"zoom {image['image_id']}", help="Full resolution", type="tertiary"
    ):
        zoom(image)
    with details.popover("", icon=":material/info:", type="tertiary", help="Details"):
        if view.model_input is not None:
            st.image(view.model_input, caption="What the network sees: 256 × 256, chest wall at the left")
        for note in view.notes:
            st.caption(note)
        st.dataframe(pd.Series(view.tags, name="value").rename_axis("tag"))


st.title("Exams")
catalogue = choose_catalogue()
chooser, *buttons = st.columns([2, 1, 1, 1], vertical_alignment="bottom")
patients = catalogue.table["patient_id"].unique()
patient = chooser.selectbox("Patient", patients, key="patient", bind="query-params")
for button, (kind, label) in zip(buttons, KINDS.items(), strict=True):
    button.button(f"Next {label}", on_click=go_to, args=(kind,), icon=":material/skip_next:", width="stretch")

width = st.sidebar.slider("Width of a view, pixels", 200, 700, 280, 20)
levels = None
if (
    st.sidebar.segmented_control("Grey levels", ["file's window", "own"], default="file's window", required=True)
    == "own"
):
    levels = st.sidebar.slider("Black and white at percentiles", 0.0, 100.0, (1.0, 99.7), 0.1)
with errors_shown():
    truth = read_truth(catalogue.root)
    show_truth = truth is not None and st.sidebar.toggle("Lesions", key="lesions", help="Red: malignant. Blue: benign.")
    asked = st.sidebar.toggle(
        "Ask the active model", key="ask", bind="query-params", help="Its probability and heatmap for each image"
    )
    bundle = open_bundle(model_folder(active_model())) if asked else None
opacity = st.sidebar.slider("Heatmap opacity", 0.0, 1.0, 0.6, 0.05) if asked else 0.0

images = catalogue.table[catalogue.table["patient_id"] == patient]
st.markdown(facts_of(images))
if bundle:
    show_limit(bundle)
for right, left in hang_rows(images):
    with st.container(horizontal=True, horizontal_alignment="center", gap="xxsmall"):
        for image in (right, left):
            with st.container(width=width):
                if image is not None:
                    show_image(image)
