let loading
const load = (script) => loading ??= new Promise((resolve, reject) => {
    const src = new URL(script, document.baseURI).href
    const onerror = () => reject(new Error(`${src} can't be loaded`))
    document.head.append(Object.assign(document.createElement("script"), { src, onload: resolve, onerror }))
})
const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) if (target.offsetWidth) Plotly.Plots.resize(target)
})

function themed(layout, style) {  // as Streamlit styles its own charts
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
    return () => { if (!chart.isConnected) Plotly.purge(chart) }  // also called when a newer figure replaces this one
}
