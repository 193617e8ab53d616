"""What can be taken away from the predict page: CSV, one HTML report, PNG pictures, DICOM."""

from collections.abc import Sequence

import streamlit as st

from mammo_core.models.bundle import Bundle
from mammo_core.prediction.exams import Row, strip_file_names
from mammo_core.prediction.exports import dicom_files, pictures
from mammo_core.prediction.files import InputFile
from mammo_core.prediction.html_report import answer_html
from mammo_core.prediction.results import ExamReport
from ui.resources import sandbox


def take_away(
    answer: ExamReport, exams: dict[str, list[Row]], files: Sequence[InputFile], bundle: Bundle, opacity: float
) -> None:
    """Offer the answer as files; without the names of files and identifiers unless the person asks for them."""
    st.subheader("Take away")
    keep = st.checkbox(
        "Keep the names of files, and in DICOM the identifiers of patient and study",
        key="keep",
        help="Otherwise files are numbered, and patients are the short keyed hashes that this page shows.",
    )
    shown = answer if keep else strip_file_names(answer)
    with st.container(horizontal=True):
        st.download_button(
            "CSV", shown.to_csv(), "predictions.csv", "text/csv", icon=":material/table:", on_click="ignore"
        )
        st.download_button(
            "HTML report",
            lambda: answer_html(shown, exams, bundle, opacity),
            "answer.html",
            "text/html",
            icon=":material/description:",
            on_click="ignore",
        )
        st.download_button(
            "PNG",
            lambda: pictures(answer, exams, opacity),
            "pictures.zip",
            "application/zip",
            icon=":material/image:",
            on_click="ignore",
        )
        st.download_button(
            "DICOM",
            lambda: dicom_files(answer, files, bundle, sandbox(), opacity=opacity, keep=keep),
            "dicom.zip",
            "application/zip",
            icon=":material/medical_information:",
            help="Secondary Capture of each picture, and a Structured Report of what was said of it. Text that was burned into "
            "the source's pixels stays in them.",
            on_click="ignore",
        )
