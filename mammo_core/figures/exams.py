"""Compare an exam's probabilities with those of validation breasts."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from mammo_core.documents.prediction import BreastPrediction
from mammo_core.evaluation.units import to_unit
from mammo_core.figures.evaluation import score_figure
from mammo_core.figures.style import COLOURS

LABEL_GROUND = "#3F5263"  # behind a breast's label, on a light and a dark page
LABEL_LEFT = 0.8  # above this probability a label would run out of the figure at the right


def exam_score_figure(validation: pd.DataFrame, breasts: Sequence[BreastPrediction], threshold: float) -> go.Figure:
    """Draw an exam's breasts in the distribution of validation breasts.

    Args:
        validation: one row per image, with label and probability.
        breasts: of the exam.
        threshold: the operating point.
    """
    figure = score_figure(to_unit(validation, "breast"), threshold)
    for breast in breasts:
        figure.add_vline(
            breast.probability,
            line={"color": COLOURS["neutral"], "width": 2},
            annotation={
                "text": f"<b>{breast.laterality} {breast.probability:.2f}</b>",
                "bgcolor": LABEL_GROUND,
                "font": {"size": 15, "color": "white"},
            },
            annotation_position="top left" if breast.probability > LABEL_LEFT else "top right",
        )
    return figure.update_layout(height=320)
