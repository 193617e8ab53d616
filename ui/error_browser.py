"""The confusion matrix of a model, and the exams that surprise most in each of its cells, as the models page shows them."""

import pandas as pd
import streamlit as st

from mammo_core.dataset.lesion_annotations import read_lesions
from mammo_core.dataset.library import list_datasets
from mammo_core.documents.report import ConfusionMatrix
from mammo_core.evaluation import at_threshold, to_unit
from mammo_core.evaluation.operating import outcomes
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.viewing import ViewSettings, describe_patient, patient_images
from mammo_core.workspace import Workspace
from ui.exam_view import show_catalogue_exam
from ui.session import catalogue_of

CELLS = {  # name: label, recalled, name of the count
    "found cancers": (1, True, "tp"),
    "missed cancers": (1, False, "fn"),
    "false alarms": (0, True, "fp"),
    "rightly not recalled": (0, False, "tn"),
}
SHOWN = ("patient_id", "laterality", "probability", "age", "density", "machine_id")


def show_errors(bundle: Bundle) -> None:
    """Show the confusion matrix, and the exams behind its cells with the model's heat."""
    units = to_unit(bundle.evaluation_predictions(), "breast")
    left, right = st.columns([2, 3], gap="large")
    with left:
        cell = choose_cell(at_threshold(units, bundle.threshold).confusion)
    label, recalled, _ = CELLS[cell]
    worst = outcomes(units, bundle.threshold, label, recalled)
    with right:
        breast = choose_breast(worst, cell, key=f"breasts {bundle.identity} {bundle.threshold} {cell}")
    if breast is not None:
        hang_exam(bundle, breast)


def choose_cell(counts: ConfusionMatrix) -> str:
    """Draw the confusion matrix as buttons and return the chosen cell."""
    chosen = st.session_state.setdefault("cell", "missed cancers")
    st.markdown("**Breasts of the held-out patients, at the operating point**")
    heads = st.columns([2, 3, 3])
    heads[1].caption("recalled")
    heads[2].caption("not recalled")
    for title, names in {"cancer": ("found cancers", "missed cancers"), "no cancer": tuple(CELLS)[2:]}.items():
        head, *places = st.columns([2, 3, 3], vertical_alignment="center")
        head.caption(title)
        for place, name in zip(places, names, strict=True):
            place.button(
                f"**{getattr(counts, CELLS[name][2]):,}**  \n{name}",
                key=f"cell {name}",
                type="primary" if name == chosen else "secondary",
                width="stretch",
                on_click=st.session_state.__setitem__,
                args=("cell", name),
            )
    return chosen


def choose_breast(worst: pd.DataFrame, cell: str, key: str) -> pd.Series | None:
    """List the breasts of a cell, those that surprise most first, and return the selected one; `key` stands for the list."""
    if worst.empty:
        st.info(f"There are no {cell} at this operating point.", icon=":material/check:")
        return None
    st.markdown(f"**{cell.capitalize()}**: what surprises most comes first. Select a breast to see its exam.")
    event = st.dataframe(
        worst,
        column_order=SHOWN,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height=240 if len(worst) > 5 else "content",
        key=key,
    )
    return worst.iloc[event.selection.rows[0] if event.selection.rows else 0]


def hang_exam(bundle: Bundle, breast: pd.Series) -> None:
    """Hang the exam of a breast's patient with the model's heat and the known lesions."""
    patient, name = str(breast["patient_id"]), bundle.card.data.dataset
    dataset = next((known for known in list_datasets(Workspace.from_environment()) if known.name == name), None)
    if dataset is None:
        st.info(f"The data set {name} isn't here, so its exams can't be hung.", icon=":material/folder_off:")
        return
    catalogue = catalogue_of(dataset)
    images = patient_images(catalogue, patient)
    if images.empty:
        st.info(f"The data set {name} has changed: this patient isn't in it any more.", icon=":material/folder_off:")
        return
    st.markdown(f"**Patient {patient}** · {describe_patient(images)}")
    show_catalogue_exam(images, bundle, read_lesions(catalogue.root), ViewSettings(width=240))
    where = {"dataset": name, "patient": patient, "ask": "true"}
    st.page_link("pages/exams.py", label="Open in Exams", icon=":material/grid_view:", query_params=where)
