"""List predicted exams, and let the user choose the one that is shown."""

import streamlit as st

from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.exam_table import exam_table, sort_exams
from mammo_core.prediction.exams import Exam

COLUMNS = {
    "right": st.column_config.NumberColumn("right breast", format="%.2f"),
    "left": st.column_config.NumberColumn("left breast", format="%.2f"),
    "highest": st.column_config.ProgressColumn("highest", min_value=0.0, max_value=1.0, format="%.2f"),
}
LIST_HEIGHT = 250  # px: six exams; more scroll
CHOSEN = "chosen exam"


def choose_exam(report: ExamReport, exams: list[Exam]) -> Exam:
    """Let the user choose an exam of several, and return it.

    The highest probability comes first. The choice stays while the user visits other pages.

    Args:
        report: holds the predictions.
        exams: at least one.
    """
    if len(exams) == 1:
        return exams[0]
    rows = sort_exams(report, exams)
    kept = [number for number, exam in enumerate(rows) if exam.key == st.session_state.get(CHOSEN)]
    st.markdown(f"**{len(rows)} exams.** Select one to see it; click on a heading to sort.")
    event = st.dataframe(
        exam_table(report, rows),
        hide_index=True,
        column_config=COLUMNS,
        height=LIST_HEIGHT if len(rows) > 6 else "content",
        on_select="rerun",
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": kept[:1] or [0]}},
        key=f"exams {hash(tuple(exam.key for exam in rows))}",
    )
    chosen = rows[event.selection.rows[0] if event.selection.rows else 0]
    st.session_state[CHOSEN] = chosen.key
    return chosen
