"""A Plotly chart that is redrawn in place, so that a zoom and the legend's choices outlast a refresh.

`st.plotly_chart` makes another chart of every other figure. This one keeps its identity by its key and gives each figure to
`Plotly.react`, which keeps what the user did for as long as the figure's `uirevision` stays the same. Plotly's script is the
one in its Python package; a browser fetches it once.
"""

from pathlib import Path

import plotly
import plotly.graph_objects as go
import streamlit as st
from streamlit.components.v1 import declare_component

declare_component("plotly", Path(plotly.__file__).parent / "package_data")  # makes Streamlit serve the folder
SCRIPT = f"component/{__name__}.plotly/plotly.min.js"
DRAW = """
let loading
const load = (script) => loading ??= new Promise((resolve, reject) => {
    const src = new URL(script, document.baseURI).href
    const onerror = () => reject(new Error(`${src} can't be loaded`))
    document.head.append(Object.assign(document.createElement("script"), { src, onload: resolve, onerror }))
})
const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) if (target.offsetWidth) Plotly.Plots.resize(target)
})

function themed(layout, style) {  // as Streamlit does with its own charts
    const [text, grey, ground, border] = ["text", "gray", "background", "border"].map(
        (name) => style.getPropertyValue(`--st-${name}-color`))
    const [ours, font] = [layout.template.layout, { family: style.fontFamily, color: grey }]
    const axis = { title: { font: { size: 13 }, standoff: 20 }, tickfont: { size: 11 } }
    Object.assign(ours, {
        font,
        legend: { font: { size: 11, color: text } },
        hoverlabel: { bgcolor: ground, bordercolor: border, font: { ...font, size: 11 } },
        xaxis: { ...ours.xaxis, ...axis },
        yaxis: { ...ours.yaxis, ...axis },
    })
    return layout
}

export default async function ({ data, parentElement }) {
    const chart = parentElement.querySelector(".live-chart")
    const { data: traces, layout } = JSON.parse(data.figure)
    const config = { displaylogo: false, modeBarButtonsToRemove: ["sendChartToCloud", "lasso2d", "select2d"] }
    await load(data.script)
    await Plotly.react(chart, traces, themed(layout, getComputedStyle(chart)), config)
    sizes.observe(chart)
    return () => { if (!chart.isConnected) Plotly.purge(chart) }  // also called where a newer figure overtakes this one
}
"""
_chart = st.components.v2.component("live_chart", html='<div class="live-chart"></div>', js=DRAW, isolate_styles=False)


def live_chart(figure: go.Figure, key: str) -> None:
    """Draw a figure, or redraw the chart of that key.

    Args:
        figure: with a `uirevision` and its height in pixels.
        key: of the chart; another key is another chart, with a view of its own.
    """
    _chart(key=key, data={"figure": figure.to_json(), "script": SCRIPT}, height=figure.layout.height)
