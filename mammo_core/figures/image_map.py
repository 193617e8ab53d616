"""Draw the map of a store's images, coloured by what is known of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from mammo_core.documents.column_words import name_group
from mammo_core.figures.style import COLOURS, SERIES, apply_style, literal

PREDICTION = "prediction"  # column of a table that `map_figure` takes
CLASSES = {0: "negative", 1: "positive"}
COLOURINGS = {  # name → column
    "Label": "label",
    "View": "view",
    "Side": "laterality",
    "Site": "site_id",
    "Machine": "machine_id",
    "Age": "age",
}
TITLES = {"site_id": "site", "machine_id": "machine", "view": "", "laterality": ""}
NUMBERS = {"age": "Age in years", PREDICTION: "Probability"}
SCALE = "Viridis"
GROUPS = len(SERIES)  # that have a colour of their own; rarer ones share one
OTHER, UNKNOWN = "others", "unknown"
HEIGHT = 560  # px
SMALL, LARGE = 3, 7  # px of a point
MANY = 10_000  # points, which are small
FAINT = {SMALL: 0.03, LARGE: 0.2}  # opacity of points that aren't selected: many lie over each other


@dataclass(frozen=True)
class MapFigure:
    """A map that was drawn.

    Attributes:
        figure: a line of points for each group.
        images: text, image_id of each point, by group.
    """

    figure: go.Figure
    images: tuple[tuple[str, ...], ...]

    def selected(self, points: Iterable[tuple[int, int]]) -> list[str]:
        """Return the images of points, each known by its group and its number there."""
        return [self.images[group][number] for group, number in points]


def colourings(table: pd.DataFrame) -> list[str]:
    """Return by what a table's images can be coloured; columns without a value can't."""
    known = [name for name, column in COLOURINGS.items() if column in table and table[column].notna().any()]
    return known or ["Label"]


def map_figure(table: pd.DataFrame, by: str) -> MapFigure:
    """Draw images as points.

    Args:
        table: one row per image, with image_id, laterality, view, x, y and what it is coloured by.
        by: one of `colourings`, or `PREDICTION`.
    """
    column = COLOURINGS.get(by, by)
    parts = _number_parts(table, column) if column in NUMBERS else _group_parts(table, column)
    size = SMALL if len(table) > MANY else LARGE
    figure, images = go.Figure(), []
    for name, rows, marker in parts:
        part = table[rows]
        side, view = (part[each].astype("str").fillna("?") for each in ("laterality", "view"))
        figure.add_scattergl(
            x=part["x"].to_numpy(np.float32),
            y=part["y"].to_numpy(np.float32),
            mode="markers",
            name=literal(name),
            text=[literal(text) for text in side + " " + view + ", image " + part["image_id"].astype("str")],
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
            marker={"size": size, "opacity": 0.75, **marker},
            unselected={"marker": {"opacity": FAINT[size]}},
        )
        images.append(tuple(part["image_id"].astype("str")))
    hidden = {"visible": False}
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "itemsizing": "constant"}
    margin = {"l": 10, "r": 10, "t": 40, "b": 10}
    outline = {"line": {"color": COLOURS["reference"], "width": 2}}
    apply_style(figure, height=HEIGHT, showlegend=True, legend=legend, margin=margin)
    figure.update_layout(dragmode="lasso", newselection=outline)
    figure.update_layout(xaxis=hidden, yaxis={**hidden, "scaleanchor": "x"})
    return MapFigure(figure, tuple(images))


def _number_parts(table: pd.DataFrame, column: str) -> list[tuple[str, pd.Series, dict[str, Any]]]:
    """Return the images without the number, and those with it on a scale."""
    known = table[column].notna()
    bar = {"title": {"text": NUMBERS[column], "side": "right"}, "thickness": 12, "len": 0.8}
    ends = {"cmin": 0, "cmax": 1} if column == PREDICTION else {}
    scale = {"color": table.loc[known, column].astype(float), "colorscale": SCALE, "colorbar": bar, **ends}
    parts = [
        (UNKNOWN if column == "age" else "not predicted", ~known, {"color": COLOURS["unlabelled"]}),
        (NUMBERS[column], known, scale),
    ]
    return [part for part in parts if part[1].any()]


def _group_parts(table: pd.DataFrame, column: str) -> list[tuple[str, pd.Series, dict[str, Any]]]:
    """Return the images of each group, the rarest last: it is drawn over the others."""
    if column not in table:
        return [(UNKNOWN, pd.Series(True, index=table.index), {"color": COLOURS["unlabelled"]})]
    values = table[column].map(CLASSES) if column == "label" else table[column].astype("str")
    values = values.where(table[column].notna(), UNKNOWN)
    counts = values[values != UNKNOWN].value_counts()
    if column != "label" and len(counts) > GROUPS:
        values = values.where(values.isin(list(counts.index[: GROUPS - 1])) | (values == UNKNOWN), OTHER)
    order = values.value_counts().index.tolist()
    colours = _colours(column, [value for value in counts.index if value in order])
    return [(name_of(column, value), values == value, {"color": colours[value]}) for value in order]


def _colours(column: str, groups: list[str]) -> dict[str, str]:
    rest = {UNKNOWN: COLOURS["unlabelled"], OTHER: COLOURS["neutral"]}
    if column == "label":
        return {value: COLOURS[value] for value in groups} | rest
    return {value: SERIES[number % len(SERIES)] for number, value in enumerate(groups)} | rest


def name_of(column: str, value: str) -> str:
    """Return the name of a group in the legend."""
    return (
        value if column == "label" or value in (UNKNOWN, OTHER) else name_group(column, TITLES[column], value).strip()
    )
