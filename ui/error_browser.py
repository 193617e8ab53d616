"""Show a model's confusion matrix and the exams in each of its cells.

This is part of the Models page.
"""

from collections.abc import Collection

import pandas as pd
import streamlit as st

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.lesion_annotations import read_lesions
from mammo_core.dataset.library import list_datasets
from mammo_core.dataset.patients import patient_images
from mammo_core.documents.report import ConfusionMatrix
from mammo_core.evaluation.operating import at_threshold, outcomes
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.viewing import ViewSettings
from ui.exam_view import show_patient_exams
from ui.exam_viewer import show_patient_viewer
from ui.literal import literal
from ui.row_choice import choose_row
from ui.session import catalogue_of, current_workspace

CELLS = {  # by name: label, whether recalled, field of the confusion matrix
    "detected cancers": (1, True, "tp"),
    "missed cancers": (1, False, "fn"),
    "false positives": (0, True, "fp"),
    "true negatives": (0, False, "tn"),
}
ROWS = {"cancer": ("detected cancers", "missed cancers"), "no cancer": ("false positives", "true negatives")}
COLUMNS = {  # name on the page
    "patient_id": "patient",
    "laterality": "side",
    "probability": "probability",
    "images": "images",
    "age": "age",
    "density": "density",
    "machine_id": "machine",
}


def show_errors(bundle: Bundle) -> None:
    """Show the confusion matrix, the breasts of one cell, and the exam of one breast."""
    breasts = to_unit(bundle.evaluation_predictions(), "breast")
    left, right = st.columns([2, 3], gap="large")
    with left:
        cell = choose_cell(at_threshold(breasts, bundle.threshold).confusion)
    label, recalled, _ = CELLS[cell]
    with right:
        patient = choose_patient(
            outcomes(breasts, bundle.threshold, label, recalled),
            cell,
            key=f"breasts {bundle.identity} {bundle.threshold} {cell}",
            with_images=patients_with_images(bundle),
        )
    if patient is not None:
        show_patient(bundle, patient)


def choose_cell(counts: ConfusionMatrix) -> str:
    """Show the confusion matrix as buttons and return the name of the chosen cell."""
    chosen: str = st.session_state.setdefault("cell", "missed cancers")
    st.markdown("**Breasts of the held-out patients, at the operating point**")
    _, recalled, not_recalled = st.columns([2, 3, 3])
    recalled.caption("recalled")
    not_recalled.caption("not recalled")
    for title, names in ROWS.items():
        head, *columns = st.columns([2, 3, 3], vertical_alignment="center")
        head.caption(literal(title))
        for column, name in zip(columns, names, strict=True):
            column.button(
                f"**{getattr(counts, CELLS[name][2]):,}**  \n{literal(name)}",
                key=f"cell {name}",
                type="primary" if name == chosen else "secondary",
                width="stretch",
                on_click=select_cell,
                args=(name,),
            )
    return chosen


def select_cell(name: str) -> None:
    """Select a cell of the confusion matrix; a button's callback."""
    st.session_state["cell"] = name


def choose_patient(breasts: pd.DataFrame, cell: str, key: str, with_images: Collection[str] = ()) -> str | None:
    """List the breasts of a cell and return the patient of the selected one.

    The result is None if the cell is empty.

    Args:
        breasts: of the cell, the most surprising first.
        cell: name of the cell.
        key: identifies the list, so that a selection ends when the list changes.
        with_images: patients whose images are on this machine.
    """
    if breasts.empty:
        st.info(f"There are no {literal(cell)} at this operating point.", icon=":material/check:")
        return None
    patients = breasts["patient_id"].astype(str)
    st.markdown(f"**{literal(cell.capitalize())}**, most surprising first. Select a breast to see its exam.")
    has_images = [patient in with_images for patient in patients]
    table = breasts.assign(images=["here" if here else None for here in has_images])
    index = choose_row(table, key, COLUMNS, start=has_images.index(True) if any(has_images) else 0)
    return str(patients.tolist()[index])


def catalogue_of_model(bundle: Bundle) -> Catalogue | None:
    """Return the data set that a model was evaluated on; None if it isn't here."""
    datasets = list_datasets(current_workspace())
    dataset = next((known for known in datasets if known.name == bundle.card.data.dataset), None)
    return None if dataset is None else catalogue_of(dataset)


def patients_with_images(bundle: Bundle) -> frozenset[str]:
    """Return the patients of a model's data whose images are on this machine."""
    catalogue = catalogue_of_model(bundle)
    if catalogue is None:
        return frozenset()
    return frozenset(catalogue.table.loc[catalogue.table["file"].notna(), "patient_id"].astype(str))


def show_patient(bundle: Bundle, patient: str) -> None:
    """Show a patient's exam with the model's predictions and the known lesions."""
    name, catalogue = bundle.card.data.dataset, catalogue_of_model(bundle)
    if catalogue is None:
        st.info(
            f"The images of {literal(name)} are not on this machine, so they can't be shown.",
            icon=":material/folder_off:",
        )
        return
    images = patient_images(catalogue, patient)
    if images.empty:
        st.info(
            f"The images of patient {literal(patient)} are not in {literal(name)} on this machine.",
            icon=":material/folder_off:",
        )
        return
    st.markdown(f"**Patient {literal(patient)}**")
    lesions = read_lesions(catalogue.root).table
    if not show_patient_viewer(catalogue, images, bundle, lesions):
        show_patient_exams(images, bundle, lesions, ViewSettings(width=240))
    where = {"dataset": name, "patient": patient, "predict": "true"}
    st.page_link("pages/exams.py", label="Open in Exams", icon=":material/grid_view:", query_params=where)
