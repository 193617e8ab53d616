"""Evaluate the scores of any other model on the Models page.

The file stays in the session until it is cleared; nothing of it is stored, executed or written to the log.
"""

import pandas as pd
import streamlit as st

from mammo_core.assessment.group_attributes import acquisitions_version, scored_with_attributes, usual_attributes
from mammo_core.assessment.score_evaluation import compare_scores, evaluate_scores, scored_units, with_comparisons
from mammo_core.assessment.score_exports import describe_scored, score_report_csv, score_report_html
from mammo_core.assessment.score_file import (
    MAX_BYTES,
    ScoreFile,
    guess_columns,
    open_score_file,
    read_scores,
    scored_unit,
    split_patient_list,
)
from mammo_core.assessment.score_match import ScoredData, match_scores
from mammo_core.dataset.library import Dataset, list_datasets
from mammo_core.documents.score_report import ScoreColumns, ScoreReport
from mammo_core.evaluation.subgroups import offered_attributes, subgroups
from mammo_core.evaluation.tables import name_attribute
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import list_models, model_folder, readable_active_model
from ui.access.sign_in import request
from ui.literal import literal
from ui.report_view import show_unit
from ui.session import catalogue_of, current_workspace, errors_shown, errors_shown_here
from ui.subgroup_view import LEFT_OUT, show_groups
from ui.uploads import remove_uploads

FILE, NAME, NUMBER = "score file", "name of the score file", "number of the score file"  # in the session
EVALUATED = "evaluated scores"
ATTRIBUTED, GROUPED = "scores with attributes", "subgroups of the scores"
MEGABYTES = MAX_BYTES // 2**20
NAMED = "outside scores"  # in the figures: the file's name may tell more than it should
COLUMNS = {
    "score": "Score",
    "left": "Score, left breast",
    "right": "Score, right breast",
    "image": "Image",
    "patient": "Patient",
    "side": "Side",
    "exam": "Exam",
    "breast": "Patient and side in one",
    "label": "Label, to compare",
}
HOW = (
    "A row for each image (image_id), each breast (patient_id and laterality, or both sides in one row) or each patient "
    "(patient_id), with a score that is higher the more likely a cancer is. RSNA's "
    "submissions and what NYU's GMIC writes are read as they are; for breast_cancer_classifier, whose rows name nobody, list the "
    "patients in its order."
)
FATE = "Nothing is trained or executed. The file stays in this server's memory until you clear it or close this tab."


def show_outside_scores() -> None:
    """Let the user give a CSV of scores, map its columns, and see its report."""
    with errors_shown():
        datasets = {dataset.name: dataset for dataset in list_datasets(current_workspace())}
    if not datasets:
        st.info(
            "There is no data set with labels yet. Create demo data or link a folder first.",
            icon=":material/folder_open:",
        )
        st.page_link("pages/data.py", label="Go to Data", icon=":material/arrow_forward:")
        return
    file = choose_file()
    if file is None:
        return
    with st.container(border=True):
        dataset = datasets[
            st.selectbox("Data set with the labels", list(datasets), key="data set of scores", width=320)
        ]
        columns = choose_columns(file)
        patients = list_rows_patients() if columns.left and scored_unit(columns) is None else None
        threshold, models = choose_evaluation()
    with errors_shown_here():
        scored, report = evaluated(file, columns, dataset, patients, threshold, models)
        show_score_report(scored, report, dataset)


def choose_file() -> ScoreFile | None:
    """Let the user give a CSV file; return it, or the one given before."""
    file: ScoreFile | None = st.session_state.get(FILE)
    if file is None:
        upload_file()
        return None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{literal(st.session_state[NAME])}**", width="content")
        st.button("Clear", icon=":material/close:", type="tertiary", key="clear scores", on_click=clear_file)
    return file


def upload_file() -> None:
    """Show where a CSV is dropped; keep it, or show what is wrong with it."""
    upload = st.file_uploader(
        "Drop a CSV file with the scores of any model",
        type=["csv", "tsv", "txt"],
        key=f"scores {st.session_state.get(NUMBER, 0)}",  # an uploader can be emptied by another key only
        max_upload_size=MEGABYTES,
    )
    st.caption(f"{literal(HOW)} Up to {MEGABYTES} MB. {literal(FATE)}")
    if upload is not None:
        with errors_shown_here():
            request("evaluate scores", "1 file")
            file = open_score_file(upload.getvalue())
            clear_evaluation()
            st.session_state.update({FILE: file, NAME: upload.name})
            st.rerun()


def clear_file() -> None:
    """Forget the file and its report; a callback."""
    remove_uploads()
    clear_evaluation()
    for key in (FILE, NAME):
        st.session_state.pop(key, None)


def clear_evaluation() -> None:
    """Forget the report and what was chosen for it."""
    for key in (EVALUATED, ATTRIBUTED, GROUPED):
        st.session_state.pop(key, None)
    st.session_state[NUMBER] = st.session_state.get(NUMBER, 0) + 1


def choose_columns(file: ScoreFile) -> ScoreColumns:
    """Let the user say what the columns hold, beginning with a guess by their names."""
    guess, names = guess_columns(file.names), [name for name in dict.fromkeys(file.names) if name]
    chosen: dict[str, str | None] = {}
    with st.container(horizontal=True):
        for role, title in COLUMNS.items():
            named = getattr(guess, role)
            index = names.index(named) if named in names else None
            chosen[role] = st.selectbox(
                title, names, index, placeholder="none", key=f"{role} {st.session_state.get(NUMBER)}", width=200
            )
    columns = ScoreColumns(**chosen)
    unit = scored_unit(columns)
    st.caption(f"Each score is of one {literal(unit)}." if unit else "No column names what the scores are of.")
    return columns


def list_rows_patients() -> list[str]:
    """Let the user list the patient of each row, for a file that names none."""
    return split_patient_list(
        st.text_area(
            "Patients in the order of the rows, a patient_id a line",
            key=f"patients {st.session_state.get(NUMBER)}",
            help="The order of the list of exams that the model was run on",
        )
    )


def choose_evaluation() -> tuple[float | None, list[str]]:
    """Let the user choose a threshold and the models to compare with.

    The threshold is None where it is to be chosen at 90 % specificity.
    """
    names = list_models(current_workspace())
    active = readable_active_model(current_workspace())
    with st.container(horizontal=True):
        threshold = st.number_input(
            "Recall threshold",
            value=None,
            placeholder="at 90 % specificity",
            format="%.4g",
            key=f"threshold {st.session_state.get(NUMBER)}",
            width=220,
        )
        models = st.multiselect(
            "Compare with",
            names,
            [active] if active in names else [],
            key=f"rivals {st.session_state.get(NUMBER)}",
            width=420,
        )
    return threshold, models


def evaluated(
    file: ScoreFile,
    columns: ScoreColumns,
    dataset: Dataset,
    patients: list[str] | None,
    threshold: float | None,
    models: list[str],
) -> tuple[ScoredData, ScoreReport]:
    """Return the scores with their labels, and the report.

    They are made again when anything has changed.

    Raises:
        MammoError: the scores can't be evaluated, or a model can't be opened.
    """
    workspace = current_workspace()
    bundles = [open_bundle(model_folder(workspace, name)) for name in models]
    state = (
        st.session_state.get(NUMBER),
        columns,
        (dataset.name, dataset.version()),
        patients,
        threshold,
        [(bundle.name, bundle.identity) for bundle in bundles],
    )
    if st.session_state.get(EVALUATED, (None,))[0] != state:
        st.session_state.pop(EVALUATED, None)
        with st.spinner("Evaluating …"):
            scored = match_scores(workspace, catalogue_of(dataset), read_scores(file, columns, patients=patients))
            report = evaluate_scores(scored, threshold)
            report = with_comparisons(report, [compare_scores(scored, bundle) for bundle in bundles])
        st.session_state[EVALUATED] = (state, scored, report)
    _, scored, report = st.session_state[EVALUATED]
    return scored, report


def attributed(scored: ScoredData, dataset: Dataset) -> pd.DataFrame:
    """Return the scores with all that they can be grouped by.

    It is read again when it may have changed.

    Raises:
        DataError: the data set's CSV or a store can't be read.
    """
    workspace, csv = current_workspace(), catalogue_of(dataset).csv
    state = st.session_state[EVALUATED][0], acquisitions_version(workspace, csv)
    if st.session_state.get(ATTRIBUTED, (None,))[0] != state:
        with st.spinner("Reading columns …"):
            st.session_state[ATTRIBUTED] = state, scored_with_attributes(workspace, scored, csv)
    table: pd.DataFrame = st.session_state[ATTRIBUTED][1]
    return table


def show_score_report(scored: ScoredData, report: ScoreReport, dataset: Dataset) -> None:
    """Show a report on scores like one on a model, and offer it as files.

    Args:
        scored: the scores with their labels.
        report: on them.
        dataset: with the labels.
    """
    reports = report.reports()
    unit = st.segmented_control("Unit", list(reports), default=report.unit, required=True, key="unit of the scores")
    figures = reports[unit]
    st.info(literal(figures.verdict_or_reason()), icon=":material/balance:")
    for row in report.comparisons:
        icon = ":material/compare_arrows:"
        st.info(literal(row.verdict), icon=icon) if row.gain else st.warning(literal(row.verdict), icon=icon)
    st.caption(literal(describe_scored(report, unit)))
    with st.expander("What was assumed and left out", expanded=True, icon=":material/rule:"):
        for note in report.notes:
            st.markdown(f"- {literal(note)}")
    show_unit(figures, scored_units(scored, unit), unit, NAMED, report.model_dump_json())
    st.markdown("**Subgroups**")
    with errors_shown_here():
        report = choose_groups(report, attributed(scored, dataset))
    show_groups(report.subgroups, report.auc.value, NAMED)
    offer_report(report)


def choose_groups(report: ScoreReport, table: pd.DataFrame) -> ScoreReport:
    """Let the user choose the columns that divide the scores.

    Args:
        report: on the scores.
        table: the scores with all that they can be grouped by.

    Returns:
        The report with the groups of these columns.
    """
    offered = offered_attributes(table, report.scored)
    usual = [name for name in offered if name in usual_attributes(table)]
    chosen = st.multiselect(
        "Groups by",
        offered,
        usual,
        format_func=name_attribute,
        key=f"groups of the scores {st.session_state.get(NUMBER)}",
        help=f"{LEFT_OUT} What the images' headers tell is known where the data set was imported.",
    )
    if chosen == usual:
        return report
    state = st.session_state[ATTRIBUTED][0], chosen
    if st.session_state.get(GROUPED, (None,))[0] != state:
        with st.spinner("Comparing groups …"):
            st.session_state[GROUPED] = state, subgroups(table, rows=report.scored, by=chosen)
    return report.model_copy(update={"subgroups": st.session_state[GROUPED][1]})


def offer_report(report: ScoreReport) -> None:
    """Offer the report as files to download; they name no patient, image or file."""
    with st.container(horizontal=True):
        st.download_button(
            "CSV",
            lambda: score_report_csv(report),
            "outside-scores.csv",
            "text/csv",
            icon=":material/table:",
            on_click="ignore",
        )
        st.download_button(
            "HTML report",
            lambda: score_report_html(report),
            "outside-scores.html",
            "text/html",
            icon=":material/description:",
            on_click="ignore",
        )
