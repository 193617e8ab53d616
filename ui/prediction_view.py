"""Show the predictions for one exam on the Predict page.

The parts are model, patient and breasts, settings of the images, and comparisons.
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
from mammo_core.prediction.rendering import cam_legend, to_png
from mammo_core.prediction.viewing import ViewSettings
from ui.literal import literal

PSEUDONYM = (
    "A pseudonym: a keyed hash of the patient's identifier in the file. Below, in the table of files, you can set a name of "
    "your own."
)
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
    """Let the user choose how the images are shown; explain the heatmap."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        heatmap = st.toggle("Heatmap", value=True, key="heatmap", width="content")
        with st.popover("Display", icon=":material/tune:", type="tertiary", key="display"):
            opacity = st.slider("Heatmap opacity", 0.05, 1.0, 0.6, 0.05, key="opacity", disabled=not heatmap)
            grey_levels = st.slider("Window, grey levels", 0, 255, (0, 255), key="levels")
            width = st.slider("Image width", 200, 700, 320, 20, key="width")
        if heatmap:
            show_legend(opacity)
    return ViewSettings(grey_levels=grey_levels, opacity=opacity if heatmap else 0.0, width=width)


def show_legend(opacity: float) -> None:
    """Show what the colours of the heatmap mean."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content"):
        st.caption("adds nothing", width="content")
        st.image(to_png(cam_legend(opacity)), width=120, output_format="PNG", alt="Colours of the heatmap, low to high")
        st.caption("adds much to the probability", width="content")


def show_results(report: ExamReport, exam: Exam, bundle: Bundle) -> None:
    """Show the probabilities and decisions for an exam's patient and breasts."""
    st.markdown(f"#### Patient {literal(exam.patient)}", help=PSEUDONYM)
    if exam.title():
        st.markdown(f"**{literal(exam.title())}**")
    show_units(report, exam, bundle)
    for warning in exam_warnings(exam.rows):
        st.caption(f":material/info: {literal(warning)}")


def show_units(report: ExamReport, exam: Exam, bundle: Bundle) -> None:
    """Show the probability and decision for an exam's patient and each breast."""
    units: list[BreastPrediction | PatientPrediction] = [
        *report.patient_predictions(exam.key),
        *report.breasts_of(exam.key),
    ]
    validation = bundle.validation_predictions()
    for unit in units:
        with st.container(gap="xxsmall"):
            show_unit(unit, validation, bundle.threshold)


def show_comparison(report: ExamReport, exam: Exam, bundle: Bundle) -> None:
    """Compare the breasts of an exam with validation breasts."""
    breasts = report.breasts_of(exam.key)
    if breasts:
        comparison = st.expander("Compare with validation breasts", key="comparison", on_change="rerun")
        if comparison.open:
            figure = exam_score_figure(bundle.validation_predictions(), breasts, bundle.threshold)
            comparison.plotly_chart(figure, key=f"comparison of {exam.key}", alt="Probabilities of validation breasts")


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
