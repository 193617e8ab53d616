"""Build the panels of the Explore page.

Each has a title, a figure, a sentence that describes it, and its table.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.io import to_html
from plotly.io.json import to_json_plotly

from mammo_core.documents.column_words import name_group, name_value
from mammo_core.documents.units import AGE_BANDS, UNITS, Unit, age_band
from mammo_core.explore import files, readings
from mammo_core.explore.ages import (
    BIN_EDGES,
    LABELS,
    age_counts,
    age_cumulative,
    age_difference,
    age_histogram,
    age_quantiles,
    age_table,
)
from mammo_core.explore.counts import difficult_negatives, funnel, images_per_unit, missing_by_site
from mammo_core.explore.filters import FILTER_COLUMNS, Selection
from mammo_core.explore.leakage import association, leakage
from mammo_core.explore.rates import cap_of, count_by, rate_by
from mammo_core.explore.units import has_values
from mammo_core.figures import explore as draw
from mammo_core.figures.style import HEIGHT, titled
from mammo_core.storage.spreadsheet import spreadsheet_csv

MAX_AGE = 130  # years
GROUPS = {  # column → title, whether its values have an order
    "site_id": ("site", True),
    "machine_id": ("machine", False),
    "view": ("view", True),
    "density": ("density", True),
    "BIRADS": ("BI-RADS", True),
    "implant": ("implant", True),
    "laterality": ("laterality", True),
}


@dataclass(frozen=True)
class MarkFilter:
    """What a click on a mark of a figure filters by; what is None stays as it is.

    Attributes:
        column: one of `FILTER_COLUMNS`, of which only `value` is kept.
        value: as text.
        ages: youngest and oldest age in years.
        label: positive or negative.
        unit: in which the page counts from then on.
    """

    column: str | None = None
    value: str | None = None
    ages: tuple[int, int] | None = None
    label: str | None = None
    unit: Unit | None = None


@dataclass(frozen=True)
class Panel:
    """One figure of the page with its text and data.

    Attributes:
        key: short and stable.
        title: the subject, with the unit.
        reading: one sentence computed from `table`, or the reason why there is no figure.
        table: the data of the figure.
        figure: None if the data set lacks what is needed.
        choices: by the indices of a trace and of a mark in it, what a click on the mark filters by.
        origin: data set, unit, filters and date of the numbers, in one line.
        file_name: of the downloads, without a suffix.
    """

    key: str
    title: str
    reading: str
    table: pd.DataFrame
    figure: go.Figure | None = None
    choices: Mapping[tuple[int, int], MarkFilter] = field(default_factory=dict)
    origin: str = ""
    file_name: str = ""

    def csv(self) -> str:
        """Return the table as CSV."""
        return spreadsheet_csv(self.table)

    def html(self) -> str:
        """Return the figure as an HTML page that needs no network."""
        return "" if self.figure is None else str(to_html(self._picture(), validate=False))

    @cached_property
    def picture_json(self) -> str:
        """The figure as it is saved, with its title and origin; empty without one."""
        return "" if self.figure is None else str(to_json_plotly(self._picture()))

    def _picture(self) -> dict[str, Any]:
        return titled(self.figure, self.title, self.origin)

    @property
    def height(self) -> int:
        """Height of the figure in px; 0 without one."""
        return 0 if self.figure is None else int(self.figure.layout.height or HEIGHT)


@dataclass(frozen=True)
class PanelSource:
    """Where the numbers of panels come from, as a saved picture says it.

    Attributes:
        dataset: its name.
        filters: in words, see `describe_filters`.
        date: of the picture, such as "26 Nov 2026".
    """

    dataset: str
    filters: str
    date: str


def file_stem(name: str) -> str:
    """Return a name as part of a file's name: other characters become hyphens."""
    return re.sub(r"[^0-9A-Za-z._-]+", "-", name)


def sign_panels(panels: list[Panel], unit: Unit, source: PanelSource) -> list[Panel]:
    """Return the panels with their origin and names of files.

    Such a name is "rsna-classes-breast".
    """
    name = file_stem(source.dataset)
    origin = f"{source.dataset} · {unit}s · {source.filters} · {source.date}"
    return [
        replace(panel, origin=origin, file_name=f"{name}-{panel.key.replace('_id', '').replace('_', '-')}-{unit}")
        for panel in panels
    ]


def headline(selection: Selection) -> list[tuple[str, str, str]]:
    """Return label, value and note of the numbers at the top of the page.

    They are the number of each unit, then, where both labels are there, share and ratio of the selected unit.
    """
    classes = {str(row.unit): row for row in selection.classes.itertuples()}
    labelled = has_values(selection.images, "cancer")
    shown = []
    for unit, row in classes.items():
        digits = readings.digits_of(row.negative + row.positive)
        note = f"{row.positive:,} positive · {readings.percent(row.share, digits)}" if labelled else "no labels"
        shown.append((f"{unit.capitalize()}s", f"{row.total:,}", note))
    row = classes[selection.unit]
    if not (row.positive and row.negative):
        only = "no labels" if not labelled else f"only {'positive' if row.positive else 'negative'} {selection.unit}s"
        return [(name, number, only) for name, number, _ in shown]
    digits = readings.digits_of(row.negative + row.positive)
    interval = f"95 % CI {100 * row.low:.{digits}f}–{100 * row.high:.{digits}f}"
    shown.append((f"Positive {selection.unit}s", readings.percent(row.share, digits), interval))
    shown.append(("Negative : positive", f"{row.negative / row.positive:.1f} : 1", f"{selection.unit}s"))
    return shown


def overview(selection: Selection) -> list[Panel]:
    """Return the most important panels: classes, ages, sites and label leakage."""
    panels = [_classes(selection), _ages(selection), group_panel(selection, "site_id")]
    return [*panels, _leakage(selection) if selection.both_labels else group_panel(selection, "machine_id")]


def ages(selection: Selection) -> list[Panel]:
    """Return the panels about age."""
    if not (has_values(selection.rows, "age") and selection.both_labels):
        return [_ages(selection)]
    cumulative, quantiles = age_cumulative(selection.rows), age_quantiles(selection.rows)
    banded = replace(selection, rows=selection.rows.assign(age_band=age_band(selection.rows["age"])))
    return [
        _ages(selection),
        Panel(
            "age_cumulative",
            f"Cumulative age, {selection.unit}s",
            readings.read_cumulative(cumulative, selection.unit),
            cumulative,
            draw.age_curves(cumulative, selection.unit),
        ),
        Panel(
            "age_quartiles",
            f"Age by label (box plot), {selection.unit}s",
            readings.read_quantiles(quantiles, selection.unit),
            quantiles,
            draw.age_boxes(quantiles),
        ),
        group_panel(banded, "age_band", "age", ordered=True),
    ]


def groups(selection: Selection) -> list[Panel]:
    """Return the panels about groups.

    They show the share of positives by each column of `GROUPS`, or the numbers where only one label is there, and the
    images per patient.
    """
    return [group_panel(selection, column, *how) for column, how in GROUPS.items()] + [_images(selection)]


def label(selection: Selection) -> list[Panel]:
    """Return the panels about the label.

    They show leakage, association, biopsies and difficult negatives.
    """
    panels = [_leakage(selection), _association(selection)] if selection.both_labels else []
    return [*panels, _funnel(selection), _difficult(selection)]


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


def group_panel(selection: Selection, column: str, title: str | None = None, ordered: bool | None = None) -> Panel:
    """Return the share of positives by the values of a column.

    Without both labels, these are the numbers of units.
    """
    title = title or GROUPS[column][0]
    ordered = GROUPS[column][1] if ordered is None else ordered
    both = selection.both_labels
    table = rate_by(selection.rows, column, ordered) if both else count_by(selection.rows, column, ordered)
    heading = f"{'Positive ' if both else ''}{selection.unit}s by {title}"
    heading = heading[0].upper() + heading[1:]
    if table.empty:
        return Panel(f"by_{column}", heading, _absent(selection, column, title), table)
    names = [name_value(column, value) for value in table["value"]]
    described = [name_group(column, title, value) for value in table["value"]]
    choices = _choices_of_groups(column, table["value"].tolist())
    if not both:
        figure, reading = (
            draw.group_bars(table, names, selection.unit),
            readings.read_counts(table, described, selection.unit),
        )
        return Panel(f"by_{column}", heading, reading, table, figure, choices)
    overall, cap = float(table["positives"].sum() / table["n"].sum()), cap_of(table)
    figure = draw.rate_points(table, names, overall, selection.unit, cap)
    return Panel(f"by_{column}", heading, readings.read_rates(table, described, cap), table, figure, choices)


def _choices_of_groups(column: str, values: list[str]) -> dict[tuple[int, int], MarkFilter]:
    """Return what a click on a group filters by.

    The one that pools the small groups filters by nothing.
    """
    if column == "age_band":
        edges = [0, 40, 50, 60, 70, 80, MAX_AGE + 1]
        of_band = {band: (edges[index], edges[index + 1] - 1) for index, band in enumerate(AGE_BANDS)}
        return {(0, index): MarkFilter(ages=of_band[value]) for index, value in enumerate(values)}
    if column not in FILTER_COLUMNS:
        return {}
    return {
        (0, index): MarkFilter(column, value)
        for index, value in enumerate(values)
        if not re.fullmatch(r"\d+ others", value)
    }


def _choices_of_ages(bins: list[int], traces: list[MarkFilter]) -> dict[tuple[int, int], MarkFilter]:
    """Return what a click on a bar of an age histogram filters by.

    Args:
        bins: the lower edge of each bar, in years.
        traces: what each trace adds, such as its label.
    """
    width = int(BIN_EDGES[1] - BIN_EDGES[0])
    ranges = [
        (0 if low == BIN_EDGES[0] else low, MAX_AGE if low + width == BIN_EDGES[-1] else low + width - 1)
        for low in bins
    ]
    return {
        (trace, index): replace(added, ages=ages)
        for trace, added in enumerate(traces)
        for index, ages in enumerate(ranges)
    }


def _absent(selection: Selection, column: str, title: str) -> str:
    """Return the reason why a column has no figure."""
    if column not in selection.rows and column in selection.images:
        finer = "breast" if column == "laterality" else "image"
        return f"The {title} differs within a {selection.unit}. Count by {finer} to see this chart."
    if column in ("cancer", "biopsy", "invasive") and not has_values(selection.rows, "cancer"):
        return "These images have no labels."
    return f"These images have no {title.replace('_', ' ')}."


def _classes(selection: Selection) -> Panel:
    classes = selection.classes
    shown = [name for name in ("positive", "negative", "unlabelled") if classes[name].any()]
    return Panel(
        "classes",
        "Positive and negative, by image, breast and patient",
        readings.read_classes(classes, selection.unit),
        classes,
        draw.class_bars(classes, selection.unit),
        {
            (trace, index): MarkFilter(unit=unit, label=label)
            for trace, label in enumerate(shown)
            for index, unit in enumerate(UNITS)
            if label != "unlabelled"
        },
    )


def _ages(selection: Selection) -> Panel:
    unit = selection.unit
    if not has_values(selection.rows, "age"):
        return Panel("ages", f"Age, {unit}s", _absent(selection, "age", "age"), pd.DataFrame())
    if not selection.both_labels:
        counts = age_counts(selection.rows)
        figure, reading = draw.age_count_bars(counts, unit), readings.read_age_counts(selection.rows, unit)
        return Panel(
            "ages",
            f"Age, {unit}s",
            reading,
            counts,
            figure,
            _choices_of_ages(counts["age_from"].tolist(), [MarkFilter()]),
        )
    table, histogram = age_table(selection.images), age_histogram(selection.rows)
    return Panel(
        "ages",
        f"Age by label, {unit}s",
        readings.read_ages(table, age_difference(selection.rows), unit),
        table,
        draw.age_bars(histogram, unit),
        _choices_of_ages(BIN_EDGES[:-1].tolist(), [MarkFilter(label=name) for name in LABELS.values()]),
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
    if not kinds[["difficult negative", "other negative"]].any(axis=None):
        return Panel("difficult", title, f"None of these {selection.unit}s is negative.", kinds)
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
