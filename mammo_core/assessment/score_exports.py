"""Export a report on another model's scores as HTML and CSV, without identifiers."""

from html import escape

import pandas as pd

from mammo_core.documents.report import UnitReport
from mammo_core.documents.score_report import ScoreReport
from mammo_core.documents.units import Unit
from mammo_core.evaluation.html import as_html_table, page
from mammo_core.evaluation.report import describe_image_over_age
from mammo_core.evaluation.tables import (
    describe_differences,
    describe_few,
    format_ci,
    report_table,
    split_few,
    subgroup_table,
)
from mammo_core.storage.spreadsheet import spreadsheet_csv

LIMIT = "Research use only. Not a medical device; nothing here is a diagnosis."
TITLE = "Outside scores"


def comparison_rows(report: ScoreReport) -> pd.DataFrame:
    """Return the comparisons with models of one's own as text.

    Returns:
        One row per model: model, compared on, AUC of these scores minus the model's, AUC of the model, and verdict.
    """
    return pd.DataFrame(
        {
            "model": row.model,
            "compared on": f"{row.n:,} {row.unit}s",
            "ΔAUC (95 % CI)": format_ci(row.gain) if row.gain else None,
            "AUC of the model (95 % CI)": format_ci(row.auc) if row.auc else None,
            "verdict": row.verdict,
        }
        for row in report.comparisons
    )


def describe_scored(report: ScoreReport, unit: Unit) -> str:
    """State what the figures by a unit are of, in a sentence."""
    figures = report.reports()[unit]
    return (
        f"{report.data}: {figures.n:,} {unit}s ({figures.positives:,} positive) of {figures.patients:,} patients. "
        "95 % intervals over patients."
    )


def score_report_html(report: ScoreReport) -> str:
    """Return a report on scores as one HTML file that needs no other file."""
    parts = [
        f"<h1>{TITLE} on {escape(report.data)}</h1>",
        f"<p class=limit>{LIMIT}</p>",
        "<h2>What was assumed and left out</h2>",
        f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in report.notes)}</ul>",
    ]
    for unit, figures in report.reports().items():
        parts += _unit_section(report, unit, figures)
    large, few = split_few(report.subgroups)
    if large:
        parts += [
            f"<h2>Subgroups</h2><p>{escape(describe_differences(report.subgroups))}</p>",
            as_html_table(subgroup_table(large)),
        ]
    if few:
        parts.append(f"<p>{describe_few(few)}.</p>")
    if report.comparisons:
        parts += ["<h2>Compared with own models</h2>", as_html_table(comparison_rows(report))]
    return page(f"{TITLE} on {report.data}", parts)


def _unit_section(report: ScoreReport, unit: Unit, figures: UnitReport) -> list[str]:
    over_age = describe_image_over_age(figures.baselines)
    cells = figures.operating_point.confusion
    return [
        f"<h2>By {unit}</h2>",
        f"<p><b>{escape(figures.verdict_or_reason())}</b></p>",
        f"<p>{escape(describe_scored(report, unit))}</p>",
        as_html_table(report_table(figures)),
        *([f"<p>{escape(over_age)}</p>"] if over_age else []),
        f"<p>At the threshold {figures.operating_point.threshold:.4g}: {cells.tp:,} of {cells.tp + cells.fn:,} positive "
        f"{unit}s are recalled, and {cells.fp:,} of {cells.fp + cells.tn:,} negative ones.</p>",
    ]


def score_report_csv(report: ScoreReport) -> str:
    """Return the figures of a report on scores as CSV: a row per unit and figure."""
    tables = [
        report_table(figures).assign(unit=unit, units=figures.n, positives=figures.positives)
        for unit, figures in report.reports().items()
    ]
    table = pd.concat(tables, ignore_index=True)
    first = ["unit", "units", "positives", "measure"]
    return spreadsheet_csv(table[[*first, *(name for name in table.columns if name not in first)]])
