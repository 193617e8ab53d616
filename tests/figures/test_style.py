import plotly.graph_objects as go

from mammo_core.figures.style import GRID, LOOK, apply_style


def test_apply_style_returns_the_figure_with_the_common_look():
    figure = go.Figure()
    assert apply_style(figure) is figure
    assert figure.layout.margin.l == LOOK["margin"]["l"]
    assert (figure.layout.xaxis.gridcolor, figure.layout.yaxis.gridcolor) == (GRID, GRID)


def test_apply_style_settings_replace_the_common_ones():
    figure = apply_style(go.Figure(), bargap=0.5, height=100)
    assert (figure.layout.bargap, figure.layout.height) == (0.5, 100)
    assert figure.layout.paper_bgcolor == LOOK["paper_bgcolor"]
