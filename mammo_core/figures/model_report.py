"""A model's card and report as tables, and as one self-contained HTML file."""

from html import escape
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio

from mammo_core.assessment import current_report
from mammo_core.documents.html import as_html_table, page
from mammo_core.evaluation import to_unit
from mammo_core.evaluation.report import FIGURES
from mammo_core.evaluation.tables import TITLES, format_ci, report_table, subgroup_table
from mammo_core.figures.evaluation import calibration_figure, precision_figure, roc_figure, score_figure
from mammo_core.models.bundle import Bundle


def card_tables(card: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Return a card for people: tables of what and value, by title."""
    data, metrics = card["data"], card["metrics"]
    judged_on = f"{metrics['n']:,} {metrics['unit']}s of {metrics['patients']:,} patients, {metrics['part']} part"
    model = {
        "Name": card["name"],
        "Made": card["created"],
        "Network": f"{card['network']}, {card['weights']:,} weights",
        "Best epoch": card["best_epoch"],
        "Preprocessing contract": card["contract"],
        "Probabilities": card["calibration"]["method"],
        "Operating point": f"{card['operating_point']['threshold']:.4f}, {card['operating_point']['policy'].replace('_', ' ')}",
        "Data": f"{data['dataset']}{', synthetic' if data['synthetic'] else ''}",
    }
    parts = pd.DataFrame.from_dict(data["parts"], orient="index").rename_axis("part").reset_index()
    return {
        "Model": _pairs(model),
        "Data, by part": parts.rename(columns=lambda name: name.replace("_", " ")),
        f"Figures of merit on {judged_on}, with 95 % CI": _pairs(
            {TITLES[name]: format_ci(metrics[name]) for name in FIGURES}
        ),
        "Settings": _pairs(card["config"]),
        "Files and their SHA-256": _pairs(card["files"]),
    }


def report_html(bundle: Bundle) -> str:
    """Return a model's report as one HTML file that needs nothing else."""
    report = current_report(bundle)
    units = to_unit(bundle.evaluation_predictions(), "breast")
    figures = {
        "ROC": roc_figure({bundle.name: units}, bundle.threshold),
        "Precision and recall": precision_figure({bundle.name: units}),
        "Calibration": calibration_figure(units),
        "Scores": score_figure(units, bundle.threshold),
    }
    parts = [
        f"<h1>{escape(bundle.name)}</h1>",
        *(f"<p class=limit>{escape(limit)}</p>" for limit in bundle.card["limits"]),
        f"<h2>Breasts</h2><p>{escape(report['verdict'])}</p>",
        f"<p>{report['n']:,} breasts of {report['patients']:,} patients of the {report['part']} part, {report['positives']:,} "
        "positive. 95 % confidence intervals by bootstrap over patients.</p>",
        as_html_table(report_table(report)),
        *(f"<h2>{name}</h2>{_figure(figure, first=name == 'ROC')}" for name, figure in figures.items()),
        "<h2>Subgroups</h2>",
        as_html_table(subgroup_table(report)),
        *(
            f"<h2>{unit.capitalize()}s</h2>{as_html_table(report_table(found))}"
            for unit, found in report["units"].items()
        ),
        *(f"<h2>{escape(title)}</h2>{as_html_table(table)}" for title, table in card_tables(bundle.card).items()),
    ]
    return page(bundle.name, parts)


def _pairs(document: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame({"what": list(document), "value": [str(value) for value in document.values()]})


def _figure(figure: go.Figure, first: bool) -> str:
    """Return a figure as HTML; the first one brings plotly.js along."""
    return pio.to_html(figure, full_html=False, include_plotlyjs=first)
