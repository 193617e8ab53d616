"""Predict the files of the Predict page, and show how far it is."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mammo_core.documents.progress import Progress
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.exam_table import exam_table, sort_exams
from mammo_core.prediction.exams import Correction, hang_exams
from mammo_core.prediction.files import InputFile
from mammo_core.prediction.image_results import ImageResult
from mammo_core.prediction.predict import PredictionCache, ReportingPredictor, combine_results, predict_exams
from ui.exam_list import COLUMNS, LIST_HEIGHT
from ui.literal import literal
from ui.resources import predictor, sandbox
from ui.session import current_workspace, errors_shown
from ui.uploads import PREDICTIONS, edit_corrections, show_problems

FEW = 4  # files: fewer are done before a table of them could be read


def predict_files(files: list[InputFile], bundle: Bundle, problems: DeltaGenerator) -> ExamReport:
    """Predict files with the user's corrections.

    Progress and the table of corrections are shown here. Results that the session has are not computed again.

    Args:
        files: what the user gave.
        bundle: the model.
        problems: where files without a prediction are named.
    """
    cache = st.session_state.setdefault(PREDICTIONS, PredictionCache())
    workspace, running = current_workspace(), st.empty()
    with errors_shown():
        with running.container():
            earlier = st.session_state.get("corrections")
            network = ReportingPredictor(predictor(bundle), progress_display(bundle, earlier))
            report = predict_exams(workspace, files, network, sandbox(), corrections=earlier, cache=cache)
        running.empty()
        with problems:
            show_problems(report)
        corrections = edit_corrections(report)
        return predict_exams(workspace, files, network, sandbox(), corrections=corrections, cache=cache)


def progress_display(
    bundle: Bundle, corrections: Mapping[str, Correction] | None = None
) -> Callable[[Sequence[ImageResult], int], None]:
    """Return a function that shows the results so far.

    It shows their number, and of many files a table of exams.

    Args:
        bundle: the model.
        corrections: what the user has set, by the digest of the image.
    """
    bar, table = st.progress(0.0, text="Reading the files …"), st.empty()

    def show(results: Sequence[ImageResult], total: int) -> None:
        progress = Progress(done=len(results), total=total, unit="files")
        bar.progress(progress.fraction, text=literal(f"Predicted {progress.done} of {progress.total} files"))
        if total > FEW:
            report = combine_results(results, bundle, corrections)
            exams = sort_exams(report, hang_exams(report.images))
            table.dataframe(exam_table(report, exams), hide_index=True, column_config=COLUMNS, height=LIST_HEIGHT)

    return show
