"""Browse the exams of a data set: hung images, lesions, and what a model predicts."""

import streamlit as st

from mammo_core.dataset.lesion_annotations import read_lesions
from mammo_core.dataset.patients import KINDS, Kind, list_patients, next_patient, patient_images
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import active_model, model_folder
from mammo_core.prediction.viewing import ViewSettings
from ui.dataset_choice import choose_catalogue
from ui.exam_view import show_patient_exams
from ui.literal import literal
from ui.resources import show_limit
from ui.session import current_workspace, errors_shown, open_page

NONE_OF_KIND: dict[Kind, str] = {
    "positive": "This data set has no positive patients.",
    "lesion": "This data set has no lesion annotations.",
    "quarantined": "No import of this data set has found an unreadable image.",
}


def go_to_next(kind: Kind) -> None:
    """Select the next patient of a kind; a button's callback."""
    with errors_shown():
        patient = next_patient(workspace, catalogue, st.session_state.get("patient"), kind)
    if patient is None:
        st.toast(literal(NONE_OF_KIND[kind]), icon=":material/search_off:")
    else:
        st.session_state["patient"] = patient


open_page("Exams")
workspace = current_workspace()
catalogue = choose_catalogue()
chooser, *buttons = st.columns([2, 1, 1, 1], vertical_alignment="bottom")
patient = chooser.selectbox("Patient", list_patients(workspace, catalogue), key="patient", bind="query-params")
for button, (kind, label) in zip(buttons, KINDS.items(), strict=True):
    button.button(
        f"Next {literal(label)}", on_click=go_to_next, args=(kind,), icon=":material/skip_next:", width="stretch"
    )

with errors_shown(), st.sidebar:
    width = st.slider("Image width", 200, 700, 280, 20)
    window = st.segmented_control("Window", ["from file", "custom"], default="from file", required=True)
    percentiles = st.slider("Window, percentiles", 0.0, 100.0, (1.0, 99.7), 0.1) if window == "custom" else None
    lesions = read_lesions(catalogue.root)
    if lesions.remark:
        st.caption(literal(lesions.remark))
    outline = lesions.table is not None and st.toggle("Lesions", key="lesions", help="Red: malignant. Blue: benign.")
    predicting = st.toggle(
        "Show model prediction", key="predict", bind="query-params", help="Probability and heatmap of the active model"
    )
    bundle = open_bundle(model_folder(workspace, active_model(workspace))) if predicting else None
    inputs = st.toggle("Network input", key="inputs", bind="query-params", help="Beside each image")
    opacity = st.slider("Heatmap opacity", 0.0, 1.0, 0.6, 0.05) if predicting else 0.0

if bundle:
    show_limit(bundle)
settings = ViewSettings(percentiles, opacity=opacity, width=width, inputs=inputs)
show_patient_exams(patient_images(catalogue, patient), bundle, lesions.table if outline else None, settings)
