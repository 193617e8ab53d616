"""What was dropped on the predict page: files and zip files, and a table in which patient, side and view can be set."""

import pandas as pd
import streamlit as st

from mammo_core.dataset.library import example_exam
from mammo_core.prediction.exams import SIDES, VIEWS, Correction, apply_corrections
from mammo_core.prediction.files import InputFile, unpack
from mammo_core.prediction.results import UNKNOWN, Prediction
from mammo_core.workspace import Workspace
from ui.resources import sandbox
from ui.session import errors_shown

UNSAID = "?"


def dropped_files() -> tuple[list[InputFile], list[str]]:
    """Let a person drop files, or take the example; return them, and what tells each from all others in this session."""
    whole_folder = st.toggle("Take a whole folder", key="whole folder")
    dropped = st.file_uploader(
        "Drop DICOM files here, or a zip of them: one image, or the four views of an exam",
        accept_multiple_files="directory" if whole_folder else True,
        key="folder" if whole_folder else "files",
    )
    if dropped:
        st.session_state.pop("example", None)
    elif st.button("Try it on an exam of the demo data", icon=":material/play_circle:"):
        st.session_state["example"] = True
    if st.session_state.get("example"):
        with errors_shown():
            files = example_exam(Workspace.from_environment())
        if not files:
            st.info("There is no demo data set here. Make one on the Data page.", icon=":material/auto_awesome:")
        return files, [name for name, _ in files]
    opened = st.session_state.setdefault("opened", {})  # by upload, so that a zip file is opened once
    found, keys = [], []
    for item in dropped:
        if item.file_id not in opened:
            with errors_shown():
                opened[item.file_id] = unpack([(item.name, item.getvalue())], sandbox())
        files, problems, notes = opened[item.file_id]
        for name, problem in problems.items():
            st.error(f"{name}: {problem}", icon=":material/folder_zip:")
        for name, remark in notes.items():
            st.info(f"{name}: {remark}", icon=":material/folder_zip:")
        found += files
        keys += [f"{item.file_id} {place}" for place in range(len(files))]
    for gone in opened.keys() - {item.file_id for item in dropped}:
        del opened[gone]
    return found, keys


def correct_views(images: list[Prediction]) -> list[Prediction]:
    """Show what is known of each file, and let patient, side and view be set; what was set stays while files come and go."""
    said: dict[str, Correction] = st.session_state.setdefault("said", {})
    digests = [image.upload.digest for image in images if image.upload]
    if not digests:
        return images
    table = st.session_state.setdefault(f"table {hash(tuple(digests))}", _table(apply_corrections(images, said)))
    unknown = bool((table[["side", "view"]] == UNSAID).any(axis=None))
    views = sorted({*VIEWS, UNSAID, *table["view"]})
    with st.expander(
        "Files: patient, side and view can be set here", expanded=unknown, icon=":material/edit_note:", key="views"
    ):
        edited = st.data_editor(
            table,
            hide_index=True,
            disabled=["number", "file", "read"],
            column_config={
                "number": st.column_config.NumberColumn("file", width="small"),
                "file": "name",
                "patient": st.column_config.TextColumn(required=True, max_chars=40),
                "side": st.column_config.SelectboxColumn(options=[*SIDES, UNSAID], required=True),
                "view": st.column_config.SelectboxColumn(options=views, required=True),
            },
            key=f"views of {hash(tuple(digests))}",
        )
    for digest, row, before in zip(digests, edited.to_dict("records"), table.to_dict("records"), strict=True):
        if digest in said or row != before:
            said[digest] = _said(row)
    return apply_corrections(images, said)


def _table(images: list[Prediction]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "number": number,
                "file": image.file,
                "patient": image.upload.patient or UNKNOWN,
                "side": image.upload.laterality or UNSAID,
                "view": image.upload.view or UNSAID,
                "read": " ".join(image.upload.notes) or "as it is",
            }
            for number, image in enumerate(images, 1)
            if image.upload
        ]
    )


def _said(row: dict[str, str]) -> Correction:
    patient = None if row["patient"].strip() in ("", UNKNOWN) else row["patient"].strip()
    side, view = (None if row[name] == UNSAID else row[name] for name in ("side", "view"))
    return patient, side, view
