let loading
const load = (script) => window.Plotly ? Promise.resolve() : loading ??= new Promise((resolve, reject) => {
    const src = new URL(script, document.baseURI).href
    const onerror = () => reject(new Error(`${src} can't be loaded`))
    document.head.append(Object.assign(document.createElement("script"), { src, onload: resolve, onerror }))
})

export default function ({ data, parentElement }) {
    const save = async (format) => {
        await load(data.script)
        const { data: traces, layout } = JSON.parse(data.figure)
        const size = { width: data.width, height: layout.height }
        await Plotly.downloadImage({ data: traces, layout: { ...layout, width: data.width } },
            { ...size, format, scale: format === "png" ? 2 : 1, filename: data.name })
    }
    parentElement.querySelector(".pictures").replaceChildren(...["png", "svg"].map((format) =>
        Object.assign(document.createElement("button"), {
            type: "button", textContent: `Picture, ${format.toUpperCase()}`, onclick: () => save(format) })))
}
