import numpy as np

from mammo_core.figures.viewer import zoom_figure


def test_zoom_figure_keeps_the_aspect_ratio():
    figure = zoom_figure(np.full((40, 20), 100, np.uint8))
    assert figure.layout.xaxis.range == (0, 20)
    assert figure.layout.yaxis.range == (40, 0)
    assert figure.layout.yaxis.scaleanchor == "x"
