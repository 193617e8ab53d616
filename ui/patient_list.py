"""Choose a patient of a data set in a list beside the exam."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from mammo_core.dataset.patients import PATIENT_ORDERS, order_patients, patient_table
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.thumbnails import list_pictures
from ui.exam_view import known_score
from ui.exploration import thumbnail_cache
from ui.literal import literal
from ui.row_choice import choose_row

COLUMNS = {
    "picture": " ",
    "patient_id": "patient",
    "label": "label",
    "score": "score",
    "age": "age",
    "density": "density",
}
PARAMETER = "patient"
MAX_PICTURES = 300  # patients; a longer list has no pictures, or each rerun would send megabytes
SHOWN = "patient shown"  # in the session state: the list's key and the patient
OPENED = "patients opened"  # likewise: how many others the page has opened, each of which ends the list's selection


def choose_patient(
    images: pd.DataFrame,
    everyone: pd.DataFrame,
    bundle: Bundle | None,
    key: tuple[object, ...],
    kind: str = "patient",
    prepared: Mapping[str, Path] | None = None,
) -> str:
    """Show the list of patients, and return the selected one, whom the address names.

    Patients without any file are left out, unless none has files.

    Args:
        images: those that are listed, rows of a catalogue; at least one.
        everyone: all rows of the catalogue.
        bundle: the model whose scores are shown, or None.
        key: of the images, so that a selection ends when they change.
        kind: what is listed, such as "positive".
        prepared: PNG files of prepared stores, by image_id, of which the list's pictures are made.
    """
    patients = patient_table(images)
    absent = int((patients["files"] == 0).sum())
    if absent < len(patients):
        patients = patients[patients["files"] > 0].reset_index(drop=True)
    if bundle:
        patients["score"] = [known_score(bundle, str(patient)) for patient in patients["patient_id"]]
    if prepared and len(patients) <= MAX_PICTURES:
        pictures = pictures_of(images, prepared, key)
        patients["picture"] = [pictures.get(str(patient)) for patient in patients["patient_id"]]
    order = st.selectbox("Sort by", list(PATIENT_ORDERS), key="patients by", bind="query-params")
    requested, shown = st.query_params.get(PARAMETER), st.session_state.get(SHOWN)
    if shown and shown[1] == requested and shown[0] != key:
        requested = _if_listed(requested, patients)  # it was shown before the filters changed
    patients = _with_requested(order_patients(patients, order), requested, everyone)
    known = patients["patient_id"].astype(str).tolist()
    start = known.index(requested) if requested in known else 0
    index = choose_row(
        patients, f"patients {order} {key} {st.session_state.get(OPENED, 0)}", COLUMNS, start, kind, rows=14
    )
    if absent > 0 and patients["files"].any():
        st.caption(f"{absent:,} patient{'s' if absent > 1 else ''} without files left out.")
    st.session_state[SHOWN] = key, known[index]
    if st.query_params.get(PARAMETER) != known[index]:
        st.query_params[PARAMETER] = known[index]
    return known[index]


def open_patient(patient: str) -> None:
    """Show another patient on the page that shows the list, which runs again."""
    st.query_params[PARAMETER] = patient
    st.session_state[OPENED] = st.session_state.get(OPENED, 0) + 1
    st.rerun()


@st.cache_resource(show_spinner=False, max_entries=16)
def pictures_of(_images: pd.DataFrame, _prepared: Mapping[str, Path], key: tuple[object, ...]) -> dict[str, str]:
    """Return a small picture of each patient as a data URL; made once a key."""
    return list_pictures(_images, _prepared, thumbnail_cache())


def _if_listed(patient: str | None, patients: pd.DataFrame) -> str | None:
    return patient if patient in patients["patient_id"].astype(str).tolist() else None


def _with_requested(patients: pd.DataFrame, requested: str | None, everyone: pd.DataFrame) -> pd.DataFrame:
    """Return the list with the patient of the address.

    Where that one isn't in it, the page says so.
    """
    if requested is None or requested in patients["patient_id"].astype(str).tolist():
        return patients
    rows = everyone[everyone["patient_id"].astype(str) == requested]
    if rows.empty:
        first = literal(patients["patient_id"].iloc[0])
        st.warning(f"There is no patient {literal(requested)} here. This is {first}.", icon=":material/search_off:")
        return patients
    st.caption(f"Patient {literal(requested)} is not among those that the filters keep, or has no files.")
    return pd.concat([patient_table(rows), patients], ignore_index=True)
