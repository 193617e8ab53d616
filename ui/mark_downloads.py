"""Count the marks on a data set's images, and offer them as files.

This is part of the Data page.
"""

import streamlit as st

from mammo_core.access.audit_log import authorise, is_allowed
from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.library import Dataset, describe_source
from mammo_core.dataset.mark_exports import make_mark_reports, zip_mark_reports
from mammo_core.dataset.mark_lesions import marks_csv
from mammo_core.dataset.marks import describe_marks, read_marks, summarise_marks
from mammo_core.documents.marks import Mark
from mammo_core.storage.path_text import bytes_as_written
from ui.access.sign_in import current_person
from ui.literal import literal
from ui.resources import sandbox
from ui.session import current_workspace

IDENTIFIERS = (
    "The DICOM reports belong to the patients' own studies and refer to their images. So they hold what the modules Patient and "
    "General Study require, as far as the images' headers state it: name, identifier, birth date and sex; date, time, numbers "
    "and referring physician of the study. Nothing else of the headers is copied. The CSV holds the identifiers of the data "
    "set's table. Both hold the readers' names."
)
ONLY_EDITORS = "Your role doesn't allow this: the reports hold patients' identifiers."


def show_marks(dataset: Dataset, catalogue: Catalogue) -> None:
    """Show how many marks a data set has, and offer them.

    Nothing is shown where there are none.

    Args:
        dataset: the data set.
        catalogue: of it.
    """
    workspace = current_workspace()
    marks = read_marks(workspace, describe_source(workspace, catalogue))
    if not marks:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f":material/draw: {literal(describe_marks(summarise_marks(dataset.name, marks)))}", width="content")
        st.page_link(
            "pages/exams.py",
            label="Show",
            icon=":material/grid_view:",
            query_params={"dataset": dataset.name, "kind": "marked"},
        )
        with st.popover("Export marks", icon=":material/download:", type="tertiary", key=f"marks of {dataset.name}"):
            offer_marks(dataset, catalogue, marks)


def offer_marks(dataset: Dataset, catalogue: Catalogue, marks: tuple[Mark, ...]) -> None:
    """Offer marks as a CSV file and as DICOM Structured Reports.

    Args:
        dataset: the data set.
        catalogue: of it.
        marks: of its images.
    """
    workspace, person, opened = current_workspace(), current_person(), sandbox()  # what is made later has no session

    def make_archive() -> bytes:
        if person is not None:
            authorise(workspace, person, "export marks", dataset.name)
        return zip_mark_reports(make_mark_reports(catalogue, marks, opened))

    refused = person is not None and not is_allowed(person, "export marks")
    with st.container(horizontal=True):
        st.download_button(
            "CSV",
            lambda: bytes_as_written(marks_csv(marks)),
            "lesions.csv",
            "text/csv",
            key=f"marks as CSV of {dataset.name}",
            icon=":material/table:",
            help="In the form of lesions.csv, which is read where it lies beside a data set's table.",
            on_click="ignore",
        )
        st.download_button(
            "DICOM SR",
            make_archive,
            "marks.zip",
            "application/zip",
            key=f"marks as DICOM of {dataset.name}",
            icon=":material/medical_information:",
            help=ONLY_EDITORS if refused else "A Structured Report for each image and reader.",
            disabled=refused,
            on_click="ignore",
        )
    st.caption(literal(IDENTIFIERS))
