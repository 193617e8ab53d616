"""A model's card and report as tables, and as one self-contained HTML file."""

from collections.abc import Mapping
from html import escape

import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio

from mammo_core.documents.card import ModelCard
from mammo_core.documents.report import EvaluationReport
from mammo_core.evaluation.html import as_html_table, page
from mammo_core.evaluation.report import FIGURES
from mammo_core.evaluation.tables import TITLES, describe_differences, format_ci, report_table, subgroup_table
from mammo_core.evaluation.units import to_unit
from mammo_core.figures.evaluation import calibration_figure, precision_figure, roc_figure, score_figure
from mammo_core.models.bundle import Bundle


def card_tables(card: ModelCard) -> dict[str, pd.DataFrame]:
    """Return the tables of a model card by their titles.

    Each has the columns item and value, except that of the data, which has one row per part.
    """
    data, metrics = card.data, card.metrics
    point = card.operating_point
    evaluated_on = f"{metrics.n:,} {metrics.unit}s of {metrics.patients:,} patients, {metrics.part} part"
    model = {
        "Name": card.name,
        "Created": card.created,
        "Network": f"{card.network}, {card.weights:,} weights",
        "Best epoch": card.best_epoch,
        "Preprocessing configuration": card.preprocessing_identity,
        "Calibration": card.calibration.method,
        "Operating point": f"{point.threshold:.4f}, {point.policy.replace('_', ' ')}",
        "Data": f"{data.dataset}{', synthetic' if data.synthetic else ''}",
    }
    parts = pd.DataFrame([{"part": name, **counts.to_json()} for name, counts in data.parts.items()])
    merits = {TITLES[name]: format_ci(getattr(metrics, name)) for name in FIGURES}
    return {
        "Model": _items(model),
        "Data, by part": parts.rename(columns=lambda name: name.replace("_", " ")),
        f"Figures of merit on {evaluated_on}, with 95 % CI": _items(merits),
        "Settings": _items(card.config.to_json()),
        "Files and their SHA-256": _items(card.files),
    }


def report_html(bundle: Bundle, report: EvaluationReport) -> str:
    """Return a model's report as one self-contained HTML file.

    Args:
        bundle: the model.
        report: its current report.
    """
    parts = [
        f"<h1>{escape(bundle.name)}</h1>",
        *(f"<p class=limit>{escape(limit)}</p>" for limit in bundle.card.limits),
        f"<h2>Breasts</h2><p>{escape(report.verdict_or_reason())}</p>",
        f"<p>{report.n:,} breasts of {report.patients:,} patients of the {report.part} part, {report.positives:,} "
        "positive. 95 % confidence intervals over patients.</p>",
        as_html_table(report_table(report)),
        *_figures(bundle),
        f"<h2>Subgroups</h2><p>{escape(describe_differences(report.subgroups))}</p>",
        as_html_table(subgroup_table(report.subgroups)),
        f"<h2>Images</h2>{as_html_table(report_table(report.units.image))}",
        f"<h2>Patients</h2>{as_html_table(report_table(report.units.patient))}",
        *(f"<h2>{escape(title)}</h2>{as_html_table(table)}" for title, table in card_tables(bundle.card).items()),
    ]
    return page(bundle.name, parts)


def _figures(bundle: Bundle) -> list[str]:
    """Return a heading and a figure as HTML for each curve of a model's breasts."""
    units = to_unit(bundle.evaluation_predictions(), "breast")
    figures: dict[str, go.Figure] = {
        "ROC": roc_figure({bundle.name: units}, bundle.threshold),
        "Precision and recall": precision_figure({bundle.name: units}),
        "Calibration": calibration_figure({"this model": units}),
        "Scores": score_figure(units, bundle.threshold),
    }
    return [  # the first figure brings plotly.js, which the others use too
        f"<h2>{title}</h2>{pio.to_html(figure, full_html=False, include_plotlyjs=index == 0)}"
        for index, (title, figure) in enumerate(figures.items())
    ]


def _items(values: Mapping[str, object]) -> pd.DataFrame:
    return pd.DataFrame({"item": list(values), "value": [str(value) for value in values.values()]})
