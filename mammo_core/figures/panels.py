"""Build the panels of the Explore page.

Each has a title, a figure, a sentence that describes it, and its table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from mammo_core.documents.units import age_band
from mammo_core.explore import files, readings
from mammo_core.explore.ages import age_cumulative, age_difference, age_histogram, age_quantiles, age_table
from mammo_core.explore.counts import class_counts, difficult_negatives, funnel, images_per_unit, missing_by_site
from mammo_core.explore.filters import Selection
from mammo_core.explore.leakage import association, leakage
from mammo_core.explore.rates import rate_by
from mammo_core.explore.units import has_values
from mammo_core.figures import explore as draw
from mammo_core.storage.spreadsheet import spreadsheet_csv

GROUPS = {  # column → title, whether its values have an order
    "site_id": ("site", False),
    "machine_id": ("machine", False),
    "view": ("view", False),
    "density": ("density", True),
    "BIRADS": ("BI-RADS", True),
    "implant": ("implant", True),
    "laterality": ("laterality", True),
}


@dataclass(frozen=True)
class Panel:
    """One figure of the page with its text and data.

    Attributes:
        key: short and stable; also the name of its downloads.
        title: the subject, with the unit.
        reading: one sentence computed from `table`, or the reason why there is no figure.
        table: the data of the figure.
        figure: None if the data set lacks what is needed.
    """

    key: str
    title: str
    reading: str
    table: pd.DataFrame
    figure: go.Figure | None = None

    def csv(self) -> str:
        """Return the table as CSV."""
        return spreadsheet_csv(self.table)

    def html(self) -> str:
        """Return the figure as an HTML page that needs no network."""
        return "" if self.figure is None else self.figure.to_html()


def headline(selection: Selection) -> list[tuple[str, str, str]]:
    """Return label, value and note of the numbers at the top of the page.

    They are the number of each unit, then share and ratio of the selected unit.
    """
    classes = {str(row.unit): row for row in class_counts(selection.images).itertuples()}
    labelled = has_values(selection.images, "cancer")
    shown = []
    for unit, row in classes.items():
        note = f"{row.positive:,} positive · {readings.percent(row.share, 2)}" if labelled else "no labels"
        shown.append((f"{unit.capitalize()}s", f"{row.total:,}", note))
    row = classes[selection.unit]
    interval = f"95 % CI {100 * row.low:.2f}–{100 * row.high:.2f}" if labelled else "no labels"
    shown.append((f"Positive {selection.unit}s", readings.percent(row.share, 2) if labelled else "–", interval))
    ratio = f"{row.negative / row.positive:.1f} : 1" if labelled and row.positive else "–"
    shown.append(("Negative : positive", ratio, f"{selection.unit}s"))
    return shown


def overview(selection: Selection) -> list[Panel]:
    """Return the most important panels: classes, ages, sites and label leakage."""
    return [_classes(selection), _ages(selection), rate_panel(selection, "site_id"), _leakage(selection)]


def ages(selection: Selection) -> list[Panel]:
    """Return the panels about age."""
    if not (has_values(selection.rows, "age") and has_values(selection.rows, "cancer")):
        return [_ages(selection)]
    cumulative, quantiles = age_cumulative(selection.rows), age_quantiles(selection.rows)
    curves = draw.age_curves(cumulative, selection.unit)
    boxes = draw.age_boxes(quantiles)
    banded = Selection(
        selection.images, selection.rows.assign(age_band=age_band(selection.rows["age"])), selection.unit
    )
    return [
        _ages(selection),
        Panel(
            "age_cumulative",
            f"Cumulative age, {selection.unit}s",
            readings.read_cumulative(cumulative, selection.unit),
            cumulative,
            curves,
        ),
        Panel(
            "age_quartiles",
            f"Age by label (box plot), {selection.unit}s",
            readings.read_quantiles(quantiles, selection.unit),
            quantiles,
            boxes,
        ),
        rate_panel(banded, "age_band", "age", ordered=True),
    ]


def groups(selection: Selection) -> list[Panel]:
    """Return the panels about groups.

    They show the share of positives by each column of `GROUPS`, and the images per patient.
    """
    return [rate_panel(selection, column, *how) for column, how in GROUPS.items()] + [_images(selection)]


def label(selection: Selection) -> list[Panel]:
    """Return the panels about the label.

    They show leakage, association, biopsies and difficult negatives.
    """
    return [_leakage(selection), _association(selection), _funnel(selection), _difficult(selection)]


def completeness(selection: Selection, folder: Path) -> list[Panel]:
    """Return the panels about completeness.

    They show missing values, the columns of train.csv and test.csv in `folder`, and image headers.
    """
    missing = missing_by_site(selection.rows)
    split = files.split_columns(folder)
    matrix = split.set_index("column").astype(float)
    return [
        Panel(
            "missing",
            f"Missing values, {selection.unit}s",
            readings.read_missing(missing, selection.unit),
            missing.reset_index(names="column"),
            draw.share_map(missing, "missing", lambda share: readings.percent(share) if share else "·"),
        ),
        Panel(
            "columns",
            "Columns of train.csv and test.csv",
            readings.read_split(split),
            split,
            draw.share_map(matrix, "present", lambda present: "✓" if present else "–") if matrix.shape[1] > 1 else None,
        ),
        *_headers(selection),
    ]


def rate_panel(selection: Selection, column: str, title: str | None = None, ordered: bool = False) -> Panel:
    """Return the share of positives by the values of a column."""
    title = title or GROUPS[column][0]
    rates = rate_by(selection.rows, column, ordered)
    heading = f"Positive {selection.unit}s by {title}"
    if rates.empty:
        return Panel(f"by_{column}", heading, _absent(selection, column, title), rates)
    overall = float(rates["positives"].sum() / rates["n"].sum())
    figure = draw.rate_points(rates, title, overall, selection.unit)
    return Panel(f"by_{column}", heading, readings.read_rates(rates, title), rates, figure)


def _absent(selection: Selection, column: str, title: str) -> str:
    """Return the reason why a column has no figure."""
    if column not in selection.rows and column in selection.images:
        finer = "breast" if column == "laterality" else "image"
        return f"The {title} differs within a {selection.unit}. Count by {finer} to see this chart."
    if not has_values(selection.rows, "cancer"):
        return "These images have no labels."
    return f"These images have no {title}."


def _classes(selection: Selection) -> Panel:
    classes = class_counts(selection.images)
    return Panel(
        "classes",
        "Positive and negative, by image, breast and patient",
        readings.read_classes(classes, selection.unit),
        classes,
        draw.class_bars(classes, selection.unit),
    )


def _ages(selection: Selection) -> Panel:
    table, title = age_table(selection.images), f"Age by label, {selection.unit}s"
    if not (has_values(selection.rows, "age") and has_values(selection.rows, "cancer")):
        return Panel("ages", title, _absent(selection, "age", "age"), table)
    figure = draw.age_bars(age_histogram(selection.rows), selection.unit)
    return Panel(
        "ages", title, readings.read_ages(table, age_difference(selection.rows), selection.unit), table, figure
    )


def _images(selection: Selection) -> Panel:
    unit = "breast" if selection.unit == "breast" else "patient"
    number = images_per_unit(selection.images, selection.unit)
    figure = draw.count_bars(
        [str(n) for n in number["images"]], number["number"].tolist(), f"images of a {unit}", f"{unit}s"
    )
    return Panel("images", f"Images per {unit}", readings.read_images_per_unit(number, unit), number, figure)


def _leakage(selection: Selection) -> Panel:
    leaks, title = leakage(selection.rows), f"Label leakage (AUC of a single column), {selection.unit}s"
    if leaks.empty:
        return Panel("leakage", title, f"Needs both positive and negative {selection.unit}s.", leaks)
    return Panel("leakage", title, readings.read_leakage(leaks, selection.unit), leaks, draw.leak_bars(leaks))


def _association(selection: Selection) -> Panel:
    matrix = association(selection.rows)
    figure = draw.share_map(matrix, "Cramér's V", lambda v: f"{v:.2f}" if v >= 0.005 else "·") if len(matrix) else None
    table = matrix.reset_index(names="column")
    return Panel(
        "association",
        f"Association between columns (Cramér's V), {selection.unit}s",
        readings.read_association(matrix),
        table,
        figure,
    )


def _funnel(selection: Selection) -> Panel:
    title = f"From biopsy to invasive cancer, {selection.unit}s"
    steps = funnel(selection.rows)
    for column in ("cancer", "biopsy", "invasive"):
        if not has_values(selection.rows, column):
            return Panel("funnel", title, _absent(selection, column, column), steps)
    positives = int(selection.rows["cancer"].sum())
    return Panel(
        "funnel",
        title,
        readings.read_funnel(steps, positives, selection.unit),
        steps,
        draw.step_bars(steps, selection.unit),
    )


def _difficult(selection: Selection) -> Panel:
    title = f"Difficult negatives, {selection.unit}s"
    kinds = difficult_negatives(selection.rows)
    for column in ("cancer", "difficult_negative_case"):
        if not has_values(selection.rows, column):
            return Panel("difficult", title, _absent(selection, column, column), kinds)
    return Panel(
        "difficult",
        title,
        readings.read_difficult(kinds, selection.unit),
        kinds,
        draw.difficult_bars(kinds, selection.unit),
    )


def _headers(selection: Selection) -> list[Panel]:
    """Return sizes and photometric interpretation of the images that are present."""
    title = "Size and photometric interpretation, images"
    present = int(selection.images["file"].notna().sum()) if "file" in selection.images else 0
    if not present:
        return [Panel("headers", title, "None of these images has its file on disk.", pd.DataFrame())]
    headers = files.sample_headers(selection.images)
    reading = readings.read_headers(headers, present, len(selection.images) - present)
    return [Panel("headers", title, reading, headers, draw.size_points(headers))]


SECTIONS: dict[str, Callable[[Selection], list[Panel]]] = {
    "Overview": overview,
    "Age": ages,
    "Groups": groups,
    "Label": label,
}
