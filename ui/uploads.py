"""Choose the files of the Predict page, and edit patient, side and view of each."""

import streamlit as st

from mammo_core.prediction.corrections import CorrectionTable
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.exams import SIDES, Correction
from mammo_core.prediction.files import InputFile, example_exam
from ui.literal import literal
from ui.session import current_workspace, errors_shown


def choose_files() -> list[InputFile]:
    """Let the user upload files, or take the example; return them."""
    folder = st.toggle("Choose a folder", key="choose folder")
    uploads = st.file_uploader(
        "Drop DICOM files here, or a zip of them: one image, or the four views of an exam",
        accept_multiple_files="directory" if folder else True,
        key="folder" if folder else "files",
    )
    if uploads:
        st.session_state.pop("example", None)
    elif st.button("Try a demo exam", icon=":material/play_circle:"):
        st.session_state["example"] = True
    if not st.session_state.get("example"):
        return [InputFile(upload.name, upload.getvalue(), upload.file_id) for upload in uploads]
    with errors_shown():
        files = example_exam(current_workspace())
    if not files:
        st.info("There is no demo data. Create some on the Data page.", icon=":material/auto_awesome:")
    return files


def show_problems(report: ExamReport) -> None:
    """Show which files have no prediction, and why.

    Skipped members of archives are shown, too.
    """
    for number, image in report.problems.items():
        st.error(f"File {number:d}, {literal(image.file)}: {literal(image.error)}", icon=":material/broken_image:")
    for note in report.notes:
        st.info(f"{literal(note.file)}: {literal(note.text)}", icon=":material/folder_zip:")


def edit_corrections(report: ExamReport) -> dict[str, Correction]:
    """Show patient, side and view of each image for editing.

    The result is what the user has set, by digest of the image. Corrections stay while files come and go.
    """
    corrections: dict[str, Correction] = st.session_state.setdefault("corrections", {})
    digests = [image.decoded.digest for image in report.predictions]
    if not digests:
        return corrections
    table = st.session_state.setdefault(f"table {hash(tuple(digests))}", CorrectionTable.of(report))
    with st.expander(
        "Files (edit patient, side, view)", expanded=table.has_unknown, icon=":material/edit_note:", key="views"
    ):
        edited = st.data_editor(
            table.rows,
            hide_index=True,
            disabled=["number", "file", "changes"],
            column_config={
                "number": st.column_config.NumberColumn("file", width="small"),
                "file": "name",
                "patient": st.column_config.TextColumn(required=True, max_chars=40),
                "side": st.column_config.SelectboxColumn(options=[*SIDES, CorrectionTable.NOT_SET], required=True),
                "view": st.column_config.SelectboxColumn(options=table.views, required=True),
                "changes": "changes on reading",
            },
            key=f"views of {hash(tuple(digests))}",
        )
    corrections.update(table.changes(edited, corrections))
    return corrections
