"""Browse exams: the views of a patient hung as a reader hangs them, and what the network sees of them."""

import streamlit as st

from mammo_core.dataset.lesion_annotations import read_lesions
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import active_model, model_folder
from mammo_core.prediction.viewing import KINDS, Kind, ViewSettings, facts_of, next_patient
from mammo_core.workspace import Workspace
from ui.exam_view import show_exam
from ui.resources import show_limit
from ui.session import choose_catalogue, errors_shown, open_page

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


open_page("Exams")
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
    lesions = read_lesions(catalogue.root)
    show_truth = lesions is not None and st.sidebar.toggle(
        "Lesions", key="lesions", help="Red: malignant. Blue: benign."
    )
    asked = st.sidebar.toggle(
        "Ask the active model", key="ask", bind="query-params", help="Its probability and heatmap for each image"
    )
    workspace = Workspace.from_environment()
    bundle = open_bundle(model_folder(workspace, active_model(workspace))) if asked else None
inputs = st.sidebar.toggle("What the network sees", key="inputs", bind="query-params", help="Beside each view")
opacity = st.sidebar.slider("Heatmap opacity", 0.0, 1.0, 0.6, 0.05) if asked else 0.0

images = catalogue.table[catalogue.table["patient_id"] == patient]
st.markdown(facts_of(images))
if bundle:
    show_limit(bundle)
show_exam(
    images, bundle, lesions if show_truth else None, ViewSettings(levels, opacity=opacity, width=width, inputs=inputs)
)
