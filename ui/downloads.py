"""Export the predictions of the Predict page: CSV, HTML report, PNG, DICOM."""

import streamlit as st

from mammo_core.models.bundle import Bundle
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.exams import strip_file_names
from mammo_core.prediction.exports import dicom_archive, png_archive
from mammo_core.prediction.html_report import report_html
from ui.resources import sandbox
from ui.session import current_workspace


def offer_exports(report: ExamReport, bundle: Bundle, opacity: float) -> None:
    """Offer the report as files to download.

    The names of files and identifiers are left out unless the user includes them.
    """
    st.subheader("Export")
    keep = st.checkbox(
        "Include file names and dates (and patient and study IDs in DICOM)",
        key="keep",
        help="Otherwise files are numbered, and patients have the pseudonyms that this page shows.",
    )
    shown = report if keep else strip_file_names(report)
    workspace, opened = current_workspace(), sandbox()  # what is made later has no session
    with st.container(horizontal=True):
        st.download_button(
            "CSV",
            lambda: shown.to_csv(dates=keep),
            "predictions.csv",
            "text/csv",
            icon=":material/table:",
            on_click="ignore",
        )
        st.download_button(
            "HTML report",
            lambda: report_html(shown, bundle, opacity, dates=keep),
            "report.html",
            "text/html",
            icon=":material/description:",
            on_click="ignore",
        )
        st.download_button(
            "PNG",
            lambda: png_archive(report, opacity),
            "pictures.zip",
            "application/zip",
            icon=":material/image:",
            on_click="ignore",
        )
        st.download_button(
            "DICOM",
            lambda: dicom_archive(workspace, report, bundle, opened, opacity=opacity, keep_identifiers=keep),
            "dicom.zip",
            "application/zip",
            icon=":material/medical_information:",
            help="A Secondary Capture and a Structured Report of each image. Text that is burned into the pixels stays.",
            on_click="ignore",
        )
