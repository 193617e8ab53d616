from pathlib import Path

import plotly
import plotly.graph_objects as go

from builders.app import live_charts, show_component
from ui.live_chart import SCRIPT, Drawing, live_chart, to_drawing


def figure(*values: float) -> Drawing:
    return to_drawing(go.Figure(go.Scatter(y=values), layout={"uirevision": "loss", "height": 300}))


def test_live_chart_keeps_its_identity_when_its_figure_changes():
    before = live_charts(show_component(live_chart, figure(1, 2), "loss"))
    after = live_charts(show_component(live_chart, figure(1, 2, 3), "loss"))
    other = live_charts(show_component(live_chart, figure(1, 2), "scores"))
    assert [chart["data"][0]["y"] for _, chart in (*before, *after)] == [[1, 2], [1, 2, 3]]
    assert before[0][0] == after[0][0] != other[0][0]


def test_live_chart_fetches_the_script_of_the_installed_plotly():
    app = show_component(live_chart, figure(1), "loss")
    (element,) = app.get("bidi_component")
    assert SCRIPT in element.proto.SerializeToString().decode("latin-1")
    assert len(element.proto.js_content) < 3000  # the 4 MB of Plotly come by that address, not with each figure
    assert SCRIPT.rpartition("/")[2] == "plotly.min.js"
    assert (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").is_file()
