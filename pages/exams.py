"""Browse the exams of a data set: hung images, lesions, and what a model predicts."""

import streamlit as st

from mammo_core.dataset.lesion_annotations import read_lesions
from mammo_core.dataset.patients import KINDS, list_patients, patient_images
from mammo_core.documents.units import UNITS, Unit
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import active_model, model_folder
from mammo_core.prediction.viewing import ViewSettings
from ui.dataset_choice import choose_catalogue
from ui.exam_view import known_score, show_patient_exams
from ui.exam_viewer import show_patient_viewer
from ui.exploration import identify, prepared_of, select, table_of
from ui.filters import NO_MATCH, choose_filters, offer_clearing
from ui.literal import literal
from ui.look_alikes import show_patient_look_alikes
from ui.patient_list import choose_patient
from ui.picture_settings import choose_picture_settings
from ui.resources import show_limit
from ui.session import current_workspace, errors_shown, open_page

KIND_HELP = {
    "positive": "This data set has no positive patients.",
    "lesion": "This data set has no lesion annotations.",
    "marked": "Nobody has drawn a mark yet.",
    "quarantined": "No import of this data set has found an unreadable image.",
}

open_page("Exams")
workspace = current_workspace()
catalogue = choose_catalogue()
with errors_shown():
    identity = identify(catalogue)
    table = table_of(catalogue, identity)
    of_kind = {kind: list_patients(workspace, catalogue, kind) for kind in KINDS}
unit: Unit = next((unit for unit in UNITS if unit == st.query_params.get("unit")), "patient")  # as Explore links here
filters = choose_filters(table, identity, f"Label of the {unit}.")
kinds = [kind for kind, patients in of_kind.items() if patients]
if "kind" not in st.session_state and st.query_params.get("kind") in kinds:
    st.session_state["kind"] = st.query_params["kind"]  # Streamlit's own binding would name labels, with their counts
kind = st.pills(
    "Only patients",
    kinds,
    format_func=lambda kind: f"{KINDS[kind]} ({len(of_kind[kind]):,})",
    key="kind",
    help=literal(" ".join(KIND_HELP[kind] for kind, patients in of_kind.items() if not patients)) or None,
)
if kind:
    st.query_params["kind"] = kind
else:
    st.query_params.pop("kind", None)
images = select(table, (identity, filters, unit)).images
if kind:
    images = images[images["patient_id"].isin(of_kind[kind])]
if images.empty:
    st.info(NO_MATCH, icon=":material/filter_alt_off:")
    offer_clearing(table, "clear all filters")
    st.stop()

with errors_shown(), st.sidebar:
    predicting = st.toggle(
        "Show model prediction", key="predict", bind="query-params", help="Probability and heatmap of the active model"
    )
    bundle = open_bundle(model_folder(workspace, active_model(workspace))) if predicting else None
    lesions = read_lesions(catalogue.root)
    if lesions.note:
        st.caption(literal(lesions.note))
    outline = lesions.table is not None and st.toggle(
        "Lesions", key="lesions", bind="query-params", help="Boxes: cyan where malignant, green where benign."
    )
    shown = st.segmented_control(
        "Images in", ["viewer", "pictures"], default="viewer", required=True, key="show", bind="query-params"
    )
    settings = choose_picture_settings(predicting) if shown == "pictures" else None

if bundle:
    show_limit(bundle)
left, right = st.columns([2, 5], gap="medium")
with left:
    patient = choose_patient(
        images,
        table,
        bundle,
        (identity, filters, kind),
        KINDS[kind] if kind else "patient",
        prepared_of(catalogue, identity),
    )
listed = known_score(bundle, patient) if bundle else None
with right:
    hung, outlined = patient_images(catalogue, patient), lesions.table if outline else None
    if settings or not show_patient_viewer(catalogue, hung, bundle, outlined):
        show_patient_exams(hung, bundle, outlined, settings or ViewSettings())
    show_patient_look_alikes(catalogue, hung)
if bundle and known_score(bundle, patient) != listed:
    st.rerun()  # the list above was drawn before the score was known
