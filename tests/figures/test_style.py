import pandas as pd
import plotly.graph_objects as go

from mammo_core.documents.estimate import Estimate
from mammo_core.documents.report import Subgroup
from mammo_core.figures import explore as draw
from mammo_core.figures.evaluation import precision_figure, roc_figure, subgroup_figure
from mammo_core.figures.style import (
    COLOURS,
    GRID,
    HEIGHT,
    LINE_HEIGHT,
    LOOK,
    SERIES,
    TITLE_HEIGHT,
    apply_style,
    literal,
    series_colour,
    titled,
)


def test_apply_style_returns_the_figure_with_the_common_look():
    figure = go.Figure()
    assert apply_style(figure) is figure
    assert figure.layout.margin.l == LOOK["margin"]["l"]
    assert (figure.layout.xaxis.gridcolor, figure.layout.yaxis.gridcolor) == (GRID, GRID)


def test_apply_style_settings_replace_the_common_ones():
    figure = apply_style(go.Figure(), bargap=0.5, height=100)
    assert (figure.layout.bargap, figure.layout.height) == (0.5, 100)
    assert figure.layout.paper_bgcolor == LOOK["paper_bgcolor"]


def test_runs_parts_and_labels_share_no_colour():
    assert len({*COLOURS.values(), *SERIES}) == len(COLOURS) + len(SERIES)
    assert [series_colour(index) for index in (0, len(SERIES))] == [SERIES[0]] * 2


def test_titled_figure_grows_by_its_title_and_stays_unchanged():
    figure = apply_style(go.Figure(), margin={"t": 12, "l": 10})
    before = figure.to_json()
    layout = titled(figure, "<b>", "demo · no filter")["layout"]
    assert layout["title"]["text"] == "<b>&lt;b&gt;</b>"
    assert layout["title"]["subtitle"]["text"] == "demo · no filter"
    assert layout["height"] == HEIGHT + TITLE_HEIGHT + LINE_HEIGHT
    assert layout["margin"]["t"] == 12 + TITLE_HEIGHT + LINE_HEIGHT
    assert figure.to_json() == before


def test_literal_tags_and_entities_are_escaped_and_numbers_become_text():
    assert literal("<b>x</b> &lt; 'y'") == "&lt;b&gt;x&lt;/b&gt; &amp;lt; 'y'"
    assert literal(1.5) == "1.5"


def test_figures_of_hostile_names_hold_no_tag_of_them():
    name = '<a href="http://b">x</a>'
    units = pd.DataFrame({"patient_id": ["1", "2"], "label": [0, 1], "probability": [0.1, 0.9]})
    group = Subgroup(
        attribute="site_id", group=name, unit="breast", n=20, positives=10, auc=Estimate(value=0.5, low=0.4, high=0.6)
    )
    rates = pd.DataFrame({"value": [name], "n": 2, "rate": 0.5, "positives": 1, "patients": 2, "low": 0.1, "high": 0.9})
    leaks = pd.DataFrame(
        {
            "column": [name],
            "leaks": True,
            "auc": 0.9,
            "never": name,
            "never_share": 0.5,
            "always": name,
            "always_share": 0.5,
        }
    )
    sites = pd.DataFrame(
        {"site": [name], "positive": 1, "difficult positive": 0, "difficult negative": 0, "other negative": 1}
    )
    headers = pd.DataFrame({"rows": [2], "columns": [2], "photometric": name})
    figures = [
        roc_figure({name: units}),
        precision_figure({name: units}),
        subgroup_figure([group], None),
        draw.rate_points(rates, [name], 0.5, "image", 1.0),
        draw.leak_bars(leaks),
        draw.difficult_bars(sites, "image"),
        draw.size_points(headers),
        draw.share_map(pd.DataFrame({name: [0.5]}, index=[name]), "missing", str),
    ]
    for figure in figures:
        assert "<a" not in repr(figure.to_plotly_json())
        assert "&lt;a href" in repr(figure.to_plotly_json())
