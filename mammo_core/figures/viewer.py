"""A figure in which an image can be zoomed and panned."""

import base64

import numpy as np
import plotly.graph_objects as go

from mammo_core.prediction.rendering import to_png


def zoom_figure(picture: np.ndarray) -> go.Figure:
    """Draw a picture that can be zoomed and panned.

    It keeps its own pixels and aspect ratio.

    Args:
        picture: uint8 (rows, columns) or (rows, columns, 3).
    """
    height, width = picture.shape[:2]
    source = "data:image/png;base64," + base64.b64encode(to_png(picture)).decode()
    figure = go.Figure()
    figure.add_layout_image(
        source=source, x=0, y=0, sizex=width, sizey=height, xref="x", yref="y", sizing="stretch", layer="below"
    )
    figure.update_xaxes(range=[0, width], visible=False, constrain="domain")
    figure.update_yaxes(range=[height, 0], visible=False, scaleanchor="x", constrain="domain")
    margin = {"l": 0, "r": 0, "t": 0, "b": 0}
    return figure.update_layout(height=760, margin=margin, dragmode="pan", plot_bgcolor="black", paper_bgcolor="black")
