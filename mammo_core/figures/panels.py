"""The explore page's content: each panel a question, its figure, its reading, and the table behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from mammo_core import explore
from mammo_core.explore import View, files, readings
from mammo_core.explore.units import records
from mammo_core.figures import explore as draw

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
    """One figure of the page.

    Attributes:
        key: short and stable, also the name of its downloads.
        title: what it shows, with the unit.
        reading: one sentence computed from `table`, or why there is no figure.
        table: what was drawn.
        figure: None where the data lacks what it takes.
    """

    key: str
    title: str
    reading: str
    table: pd.DataFrame
    figure: go.Figure | None = None

    def csv(self) -> str:
        """Return the table as CSV."""
        return self.table.to_csv(index=False)

    def html(self) -> str:
        """Return the figure as a page of its own that needs no network."""
        return "" if self.figure is None else self.figure.to_html()


def headline(view: View) -> list[tuple[str, str, str]]:
    """Return label, number and note of the numbers at the top: each unit, then share and ratio of the chosen one."""
    classes = {str(row["unit"]): row for row in records(explore.class_counts(view.images))}
    labelled = explore.known(view.images, "cancer")
    shown = []
    for unit, row in classes.items():
        note = f"{row['positive']:,} positive · {readings.percent(row['share'], 2)}" if labelled else "no labels"
        shown.append((f"{unit.capitalize()}s", f"{row['total']:,}", note))
    row = classes[view.unit]
    interval = f"95 % CI {100 * row['low']:.2f}–{100 * row['high']:.2f}" if labelled else "no labels"
    shown.append((f"Positive {view.unit}s", readings.percent(row["share"], 2) if labelled else "–", interval))
    ratio = f"{row['negative'] / row['positive']:.1f} : 1" if labelled and row["positive"] else "–"
    shown.append(("Negative : positive", ratio, f"{view.unit}s"))
    return shown


def overview(view: View) -> list[Panel]:
    """Return the panels that answer first: classes, ages, sites, and what gives the label away."""
    return [_classes(view), _ages(view), rate_panel(view, "site_id"), _leakage(view)]


def ages(view: View) -> list[Panel]:
    """Return the panels about age."""
    if not (explore.known(view.rows, "age") and explore.known(view.rows, "cancer")):
        return [_ages(view)]
    cumulative, quantiles = explore.age_cumulative(view.rows), explore.age_quantiles(view.rows)
    curves = draw.age_curves(cumulative, view.unit)
    boxes = draw.age_boxes(quantiles)
    banded = View(view.images, view.rows.assign(age_band=explore.age_band(view.rows["age"])), view.unit)
    return [
        _ages(view),
        Panel(
            "age_cumulative",
            f"Cumulative age, {view.unit}s",
            readings.read_cumulative(cumulative, view.unit),
            cumulative,
            curves,
        ),
        Panel(
            "age_quartiles",
            f"Quartiles of age, {view.unit}s",
            readings.read_quantiles(quantiles, view.unit),
            quantiles,
            boxes,
        ),
        rate_panel(banded, "age_band", "age", ordered=True),
    ]


def groups(view: View) -> list[Panel]:
    """Return the share of positives by every column of `GROUPS`, and the images of a patient."""
    return [rate_panel(view, column, *how) for column, how in GROUPS.items()] + [_images(view)]


def label(view: View) -> list[Panel]:
    """Return the panels about the label: what leaks it, how columns hang together, biopsies, difficult negatives."""
    return [_leakage(view), _association(view), _funnel(view), _difficult(view)]


def completeness(view: View, folder: Path) -> list[Panel]:
    """Return what is missing, the columns of train.csv and test.csv in `folder`, and what the images' headers say."""
    missing = explore.missing_by_site(view.rows)
    split = files.split_columns(folder)
    matrix = split.set_index("column").astype(float)
    return [
        Panel(
            "missing",
            f"Missing values, {view.unit}s",
            readings.read_missing(missing, view.unit),
            missing.reset_index(names="column"),
            draw.share_map(missing, "missing", lambda share: readings.percent(share) if share else "·"),
        ),
        Panel(
            "columns",
            "Columns of train.csv and test.csv",
            readings.read_split(split),
            split,
            draw.share_map(matrix, "present", lambda there: "✓" if there else "–") if matrix.shape[1] > 1 else None,
        ),
        *_headers(view),
    ]


def rate_panel(view: View, column: str, title: str | None = None, ordered: bool = False) -> Panel:
    """Return the share of positives by the values of a column."""
    title = title or GROUPS[column][0]
    rates = explore.rate_by(view.rows, column, ordered)
    heading = f"Positive {view.unit}s by {title}"
    if rates.empty:
        return Panel(f"by_{column}", heading, _absent(view, column, title), rates)
    overall = float(rates["positives"].sum() / rates["n"].sum())
    figure = draw.rate_points(rates, title, overall, view.unit)
    return Panel(f"by_{column}", heading, readings.read_rates(rates, title), rates, figure)


def _absent(view: View, column: str, title: str) -> str:
    """Say why a figure of a column is not there."""
    if column not in view.rows and column in view.images:
        finer = "breast" if column == "laterality" else "image"
        return f"A {view.unit} has no single {title}: switch the unit to {finer}."
    if not explore.known(view.rows, "cancer"):
        return "The images shown have no labels."
    return f"The images shown have no {title}."


def _classes(view: View) -> Panel:
    classes = explore.class_counts(view.images)
    return Panel(
        "classes",
        "Classes in each unit",
        readings.read_classes(classes, view.unit),
        classes,
        draw.class_bars(classes, view.unit),
    )


def _ages(view: View) -> Panel:
    table, title = explore.age_table(view.images), f"Age by label, {view.unit}s"
    if not (explore.known(view.rows, "age") and explore.known(view.rows, "cancer")):
        return Panel("ages", title, _absent(view, "age", "age"), table)
    figure = draw.age_bars(explore.age_histogram(view.rows), view.unit)
    return Panel("ages", title, readings.read_ages(table, explore.age_difference(view.rows), view.unit), table, figure)


def _images(view: View) -> Panel:
    unit = "breast" if view.unit == "breast" else "patient"
    number = explore.images_per_unit(view.images, view.unit)
    figure = draw.count_bars(
        [str(n) for n in number["images"]], number["number"].tolist(), f"images of a {unit}", f"{unit}s"
    )
    return Panel("images", f"Images per {unit}", readings.read_images_per_unit(number, unit), number, figure)


def _leakage(view: View) -> Panel:
    leaks, title = explore.leakage(view.rows), f"What gives the label away, {view.unit}s"
    if leaks.empty:
        return Panel("leakage", title, "Without both labels nothing can be said.", leaks)
    return Panel("leakage", title, readings.read_leakage(leaks, view.unit), leaks, draw.leak_bars(leaks))


def _association(view: View) -> Panel:
    matrix = explore.association(view.rows)
    figure = draw.share_map(matrix, "Cramér's V", lambda v: f"{v:.2f}" if v >= 0.005 else "·") if len(matrix) else None
    table = matrix.reset_index(names="column")
    return Panel(
        "association",
        f"How columns hang together: Cramér's V, {view.unit}s",
        readings.read_association(matrix),
        table,
        figure,
    )


def _funnel(view: View) -> Panel:
    title = f"From biopsy to invasive cancer, {view.unit}s"
    steps = explore.funnel(view.rows)
    for column in ("cancer", "biopsy", "invasive"):
        if not explore.known(view.rows, column):
            return Panel("funnel", title, _absent(view, column, column), steps)
    positives = int(view.rows["cancer"].sum())
    return Panel(
        "funnel", title, readings.read_funnel(steps, positives, view.unit), steps, draw.step_bars(steps, view.unit)
    )


def _difficult(view: View) -> Panel:
    title = f"Difficult negatives, {view.unit}s"
    kinds = explore.difficult_negatives(view.rows)
    for column in ("cancer", "difficult_negative_case"):
        if not explore.known(view.rows, column):
            return Panel("difficult", title, _absent(view, column, column), kinds)
    return Panel(
        "difficult", title, readings.read_difficult(kinds, view.unit), kinds, draw.difficult_bars(kinds, view.unit)
    )


def _headers(view: View) -> list[Panel]:
    """Return sizes and photometric interpretation of the images that are present."""
    title = "Size and photometric interpretation, images"
    present = int(view.images["file"].notna().sum()) if "file" in view.images else 0
    if not present:
        return [Panel("headers", title, "None of the images shown has its file on disk.", pd.DataFrame())]
    headers = files.sample_headers(view.images)
    reading = readings.read_headers(headers, present, len(view.images) - present)
    return [Panel("headers", title, reading, headers, draw.size_points(headers))]


SECTIONS: dict[str, Callable[[View], list[Panel]]] = {
    "Overview": overview,
    "Age": ages,
    "Groups": groups,
    "Label": label,
}
