"""Show the predictions for one exam on the Predict page.

The parts are model, breasts, hung images, and comparisons.
"""

import pandas as pd
import streamlit as st

from mammo_core.documents.prediction import BreastPrediction, PatientPrediction, describe_decision
from mammo_core.documents.units import Unit
from mammo_core.evaluation.operating import describe_percentile
from mammo_core.evaluation.report import format_estimate
from mammo_core.figures.exams import exam_score_figure
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.exams import Exam, exam_warnings
from mammo_core.prediction.viewing import ViewSettings, hang_predictions
from ui.exam_view import show_rows
from ui.literal import literal

SIDE_NAMES = {"R": "Right breast", "L": "Left breast"}


def show_model(bundle: Bundle) -> None:
    """Show which model predicts, what it was trained on, and how good it is."""
    card, auc = bundle.card, bundle.evaluation().auc
    origin = "synthetic images" if bundle.synthetic else "images"
    st.markdown(
        f":small[**{literal(bundle.name)}**: {literal(card.network)} network, {card.weights:,} weights, trained on {origin} "
        f"({literal(card.data.dataset)}). AUC by breast {literal(format_estimate(auc))}. "
        f"Recall threshold {bundle.threshold:.2f}.]"
    )
    st.caption(literal(" ".join(card.limits)))


def choose_settings() -> ViewSettings:
    """Let the user choose how the images are shown."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        heatmap = st.toggle("Heatmap", value=True, key="heatmap", width="content")
        opacity = st.slider("Heatmap opacity", 0.05, 1.0, 0.6, 0.05, key="opacity", disabled=not heatmap, width=200)
        grey_levels = st.slider("Window, grey levels", 0, 255, (0, 255), key="levels", width=260)
        width = st.slider("Image width", 200, 700, 320, 20, key="width", width=220)
    return ViewSettings(grey_levels=grey_levels, opacity=opacity if heatmap else 0.0, width=width)


def show_predicted_exam(report: ExamReport, exam: Exam, bundle: Bundle, settings: ViewSettings) -> None:
    """Show an exam's hung images with their predictions.

    The predictions are for images, breasts and patient.
    """
    breasts, validation = report.breasts_of(exam.key), bundle.validation_predictions()
    units: list[BreastPrediction | PatientPrediction] = [*report.patient_predictions(exam.key), *breasts]
    with st.container(border=True):
        title, *columns = st.columns([2] * (1 + len(units)), vertical_alignment="top")
        title.markdown(f"#### Patient {literal(exam.patient)}")
        if exam.title():
            title.markdown(f"**{literal(exam.title())}**")
        for column, unit in zip(columns, units, strict=True):
            with column:
                show_unit(unit, validation, bundle.threshold)
        for warning in exam_warnings(exam.rows):
            st.caption(f":material/info: {literal(warning)}")
        show_rows(hang_predictions(exam.rows, report), settings)
        if breasts:
            with st.expander("Compare with validation breasts"):
                st.plotly_chart(
                    exam_score_figure(validation, breasts, bundle.threshold), key=f"comparison of {exam.key}"
                )


def show_unit(unit: BreastPrediction | PatientPrediction, validation: pd.DataFrame, threshold: float) -> None:
    """Show the prediction for a breast or a patient.

    It is compared with the validation part.
    """
    label = "Patient (highest breast)"
    if isinstance(unit, BreastPrediction):
        views = "1 view" if unit.images == 1 else f"mean of {unit.images:d} views"
        label = f"{SIDE_NAMES[unit.laterality]} ({views})"
    if unit.recall is None:  # muted, and compared with nothing, where it means nothing
        st.metric(label, f":gray[{unit.probability:.2f}]")
        st.markdown(":gray-badge[No decision]")
        return
    st.metric(label, f"{unit.probability:.2f}")
    st.markdown(decision_badge(unit, threshold))
    compared: Unit = "breast" if isinstance(unit, BreastPrediction) else "patient"
    st.caption(literal(describe_percentile(validation, unit.probability, compared)))


def decision_badge(unit: BreastPrediction | PatientPrediction, threshold: float) -> str:
    """Return the decision as a Markdown badge, with the comparison on which it rests.

    There must be a decision.
    """
    decision = literal(describe_decision(unit.recall).capitalize())
    colour, sign = ("red", "≥") if unit.recall else ("green", "<")
    return f":{colour}-badge[{decision} ({unit.probability:.2f} {sign} {threshold:.2f})]"
