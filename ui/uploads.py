"""Choose the files of the Predict page, and edit patient, side and view of each.

The files stay in the session while the user visits other pages.
"""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from mammo_core.prediction.corrections import CorrectionTable
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.examples import Example, damaged_sample, example_exam, sample_zip
from mammo_core.prediction.exams import SIDES, Correction
from mammo_core.prediction.files import InputFile
from ui.access.sign_in import request
from ui.literal import literal
from ui.pixel_route import withdraw_uploads
from ui.session import current_workspace, errors_announced, errors_shown

FILES, EXAMPLE, NUMBER = "files to predict", "example", "number of the example"
PREDICTIONS = "predictions"  # of these files: a `PredictionCache`
CLEARED = "times that files were cleared"
FEW_PROBLEMS = 3  # are shown at once; more would push the results off the screen


def choose_files() -> list[InputFile]:
    """Let the user give files; return them, or those given before."""
    load_example()
    files: list[InputFile] = st.session_state.get(FILES, [])
    if not files:
        show_uploader()
        with st.container(horizontal=True):
            st.button("Try a demo exam", icon=":material/play_circle:", on_click=show_next_example)
            offer_samples()
        return []
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(describe_files(files), width="content")
        with st.popover("Change", icon=":material/upload_file:", type="tertiary", key="change files"):
            show_uploader()
        if st.session_state.get(EXAMPLE):
            st.button("Another example", icon=":material/skip_next:", type="tertiary", on_click=show_next_example)
        st.button("Clear", icon=":material/close:", type="tertiary", on_click=clear_files)
    return files


def describe_files(files: list[InputFile]) -> str:
    """Return the line that stands for the uploader once there are files, as Markdown."""
    if st.session_state.get(EXAMPLE):
        return "**A demo exam:** four synthetic views"
    (first, *others) = files
    return f"**{len(files)} files**" if others else f"**{literal(first.name)}**"


def show_uploader() -> None:
    """Show where files are dropped, what is taken, and what becomes of it."""
    folder = st.session_state.get("choose folder", False)
    name = "folder" if folder else "files"
    cleared = st.session_state.get(CLEARED, 0)
    key = f"{name} {cleared}" if cleared else name  # an uploader can be emptied by another key only
    st.file_uploader(
        "Choose a folder of DICOM files" if folder else "Drop DICOM files, a folder of them, or a zip",
        accept_multiple_files="directory" if folder else True,
        key=key,
        on_change=take_uploads,
        args=(key,),
    )
    st.toggle("Choose a folder", key="choose folder", persist_state="session")
    st.caption(
        f"DICOM, zip or tar, up to {literal(st.get_option('server.maxUploadSize'))} MB each; one image or many patients. "
        "Files stay in this server's memory until you clear them or close this tab. They are not stored."
    )


def take_uploads(key: str) -> None:
    """Predict the uploader's files from now on; a callback."""
    uploads = st.session_state[key]
    with errors_announced():
        request("predict", f"{len(uploads)} files")
        st.session_state[FILES] = [InputFile(upload.name, upload.getvalue(), upload.file_id) for upload in uploads]
        st.session_state[EXAMPLE] = None
        withdraw_uploads()


def clear_files() -> None:
    """Forget files, predictions and example; a callback."""
    remove_uploads()
    withdraw_uploads()
    st.session_state.pop(PREDICTIONS, None)
    st.session_state.update({FILES: [], EXAMPLE: None, CLEARED: st.session_state.get(CLEARED, 0) + 1})


def remove_uploads() -> None:
    """Remove the session's uploads from the server's memory.

    Streamlit keeps a file until its row in the uploader is removed or the session ends. An uploader that gets another key
    disappears with its rows, and its files would stay. Streamlit 1.67 has no public way to remove them.
    """
    context = get_script_run_ctx()
    if context is not None:
        context.uploaded_file_mgr.remove_session_files(context.session_id)


def show_next_example() -> None:
    """Show another example exam from the next run on; a callback."""
    clear_files()
    st.session_state[NUMBER] = st.session_state.get(NUMBER, -1) + 1
    st.session_state["show truth"] = False


def load_example() -> None:
    """Read or draw the example that was requested, unless it is there."""
    requested = st.session_state.get(NUMBER)
    if requested is None or st.session_state.get("loaded example") == requested:
        return
    with errors_shown(), st.spinner("Preparing a synthetic exam …"):
        example = example_exam(current_workspace(), requested)
    st.session_state.update({EXAMPLE: example, FILES: list(example.files), "loaded example": requested})


def revealed_example() -> Example | None:
    """Return the example whose labels the user wants to see; None without one."""
    example: Example | None = st.session_state.get(EXAMPLE)
    if not example or not st.toggle("Show the truth", key="show truth"):
        return None
    st.markdown(
        f":material/visibility: **{literal(example.describe_labels())}** Outlines: lesions, cyan where malignant."
    )
    return example


def offer_samples() -> None:
    """Offer sample files, to try the uploader with."""
    workspace = current_workspace()
    st.download_button(
        "Sample exam (zip)",
        lambda: sample_zip(workspace),
        "sample-exam.zip",
        "application/zip",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )
    st.download_button(
        "Damaged sample",
        lambda: damaged_sample(workspace),
        "damaged.dcm",
        "application/dicom",
        icon=":material/download:",
        type="tertiary",
        help="A file that was cut off, to see what becomes of it",
        on_click="ignore",
    )


def show_problems(report: ExamReport) -> None:
    """Show which files have no prediction, and why.

    Skipped members of archives are shown, too.
    """
    many = len(report.problems) > FEW_PROBLEMS
    label = f"Files without a prediction: {len(report.problems)}"
    with st.expander(label, icon=":material/broken_image:") if many else st.container():
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
