"""Each figure shows the numbers of its statistics and names its unit."""

import numpy as np
import pandas as pd

from mammo_core.explore.ages import age_counts, age_histogram, age_quantiles
from mammo_core.explore.counts import class_counts, funnel
from mammo_core.explore.filters import Filters, apply_filters
from mammo_core.explore.rates import rate_by
from mammo_core.figures import explore as draw
from mammo_core.figures.explore import PALE

TABLE = pd.DataFrame(
    {
        "patient_id": ["1", "1", "2", "2", "3"],
        "image_id": list("abcde"),
        "laterality": ["L", "R", "L", "R", "L"],
        "view": "CC",
        "age": [60.0, 60, 50, 50, np.nan],
        "cancer": pd.array([1, 0, 0, 0, None], dtype="Int8"),
        "biopsy": pd.array([1, 0, 1, 0, None], dtype="Int8"),
        "invasive": pd.array([1, 0, 0, 0, None], dtype="Int8"),
        "site_id": ["1", "1", "2", "2", "2"],
    }
)


def rows(unit="image"):
    return apply_filters(TABLE, Filters(), unit).rows


def test_class_bars_highlight_the_chosen_unit():
    figure = draw.class_bars(class_counts(TABLE), "breast")
    assert [bar.name for bar in figure.data] == ["positive", "negative", "unlabelled"]
    assert [list(bar.x) for bar in figure.data] == [[1, 1, 1], [3, 3, 1], [1, 1, 1]]
    assert list(figure.data[0].marker.opacity) == [PALE, 1, PALE]
    assert [note.text for note in figure.layout.annotations] == [
        "5 · 1 positive (25.0 %)", "<b>5</b> · 1 positive (25.0 %)", "3 · 1 positive (50.0 %)"
    ]  # fmt: skip


def test_class_bars_without_labels_show_totals():
    figure = draw.class_bars(class_counts(TABLE.drop(columns="cancer")), "image")
    assert [(bar.name, list(bar.x)) for bar in figure.data] == [("unlabelled", [5, 5, 3])]


def test_age_bars_are_centred_in_their_bins():
    figure = draw.age_bars(age_histogram(rows()), "image")
    negative = next(bar for bar in figure.data if bar.name == "negative")
    heights = {x: y for x, y in zip(negative.x, negative.y, strict=True) if y}
    assert heights == {52.5: 2 / 3, 62.5: 1 / 3}
    assert figure.layout.yaxis.title.text == "share of images with that label"


def test_age_boxes_are_built_from_quantiles():
    figure = draw.age_boxes(age_quantiles(rows()))
    assert [box.median[0] for box in figure.data] == [60, 50]
    assert all(len(box.q1) == 1 and box.x is None for box in figure.data)


def test_rate_points_have_asymmetric_intervals_and_n():
    rates = rate_by(rows("patient"), "site_id")
    figure = draw.rate_points(rates, ["1", "2"], 0.5, "patient", 1.0)
    points = figure.data[0]
    assert list(points.y) == ["1  (n = 1)", "2  (n = 1)"]
    assert list(points.x) == [1.0, 0.0]
    np.testing.assert_allclose(np.add(points.x, points.error_x.array), rates["high"])
    np.testing.assert_allclose(np.subtract(points.x, points.error_x.arrayminus), rates["low"])
    assert figure.layout.xaxis.title.text == "positive patients, 95 % CI"


def test_rate_points_mark_intervals_beyond_the_cap():
    rates = rate_by(rows("patient"), "site_id")
    figure = draw.rate_points(rates, ["one", "two"], 0.5, "patient", 0.6)
    points, arrows = figure.data
    assert max(np.add(points.x, points.error_x.array)) == 0.6
    assert list(arrows.x) == [0.6] * len(arrows.y)
    assert set(arrows.y) == {"one  (n = 1)", "two  (n = 1)"}
    assert list(points.marker.symbol) == ["circle-open", "circle-open"]
    assert figure.layout.xaxis.range[1] < 0.65


def test_group_bars_have_a_row_of_fixed_height_each():
    counts = pd.DataFrame({"value": ["1", "2"], "n": [3, 1]})
    figure = draw.group_bars(counts, ["left", "right"], "breast")
    assert list(figure.data[0].x) == [3, 1]
    assert draw.group_bars(counts.head(1), ["left"], "breast").layout.height == figure.layout.height - draw.ROW_HEIGHT


def test_age_count_bars_count_whatever_the_label():
    figure = draw.age_count_bars(age_counts(rows()), "image")
    assert {x: y for x, y in zip(figure.data[0].x, figure.data[0].y, strict=True) if y} == {52.5: 2, 62.5: 2}


def test_class_bars_of_one_label_show_no_share():
    figure = draw.class_bars(class_counts(TABLE[TABLE["cancer"] == 1]), "image")
    assert [note.text for note in figure.layout.annotations] == ["<b>1</b>", "1", "1"]


def test_step_bars_give_shares_of_the_previous_step():
    figure = draw.step_bars(funnel(rows()), "image")
    assert list(figure.data[0].x) == [2, 1, 1]
    assert list(figure.data[0].y) == [
        "biopsy<br>40.0% of images", "cancer<br>50.0% of biopsies", "invasive<br>100.0% of cancers"
    ]  # fmt: skip


def test_share_map_leaves_unknown_cells_empty():
    shares = pd.DataFrame({"all": [0.5, np.nan]}, index=["age", "view"])
    figure = draw.share_map(shares, "missing", lambda share: f"{share:.2f}")
    assert [list(row) for row in figure.data[0].text] == [["0.50"], [""]]


def test_size_points_have_one_point_per_size():
    headers = pd.DataFrame(
        {
            "rows": [4, 4, 6, None],
            "columns": [3, 3, 3, None],
            "photometric": ["MONOCHROME1", "MONOCHROME1", "MONOCHROME2", None],
        }
    )
    figure = draw.size_points(headers)
    assert [(points.name, list(points.customdata)) for points in figure.data] == [
        ("MONOCHROME1", [2]),
        ("MONOCHROME2", [1]),
    ]


def test_figures_keep_zoom_and_legend_grows_upwards():
    figure = draw.count_bars(["4", "5"], [10, 2], "images of a patient", "patients")
    assert figure.layout.uirevision == "same"
    assert figure.layout.legend.yanchor == "bottom"
