// The component: builds the viewer, and takes over what a later run of the page sends.

import { create } from "./elements.js"
import { Renderer } from "./renderer.js"
import { Stage } from "./stage.js"
import { Toolbar } from "./toolbar.js"
import { attachPointer, pressKey } from "./tools.js"

const viewers = new WeakMap()  // by the element that Streamlit keeps

export default function ({ data, parentElement, setStateValue }) {
    const root = parentElement.querySelector(".viewer")
    const viewer = viewers.get(root) ?? open(root)
    if (!viewer) {
        setStateValue("unsupported", true)
        return
    }
    const layout = JSON.stringify(data.layout)
    if (viewer.layout !== layout) show(viewer, data.layout)
    viewer.layout = layout
    return () => { if (!root.isConnected) close(root) }  // also called when the page runs again
}

/** Build a viewer without exams; null where the browser can't show any. */
function open(root) {
    let renderer
    try {
        renderer = new Renderer()
    } catch (error) {
        console.warn(error)
        return null
    }
    renderer.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault())
    const toolbar = new Toolbar(root)
    root.dataset.tool = toolbar.tool
    root.replaceChildren(toolbar.element, create("div", { className: "stages" }), toolbar.keys, toolbar.details)
    const viewer = { root, renderer, toolbar, stage: null, layout: "" }
    root.addEventListener("keydown", (event) => {
        const onControl = event.composedPath()[0].matches?.("button, select, input, dialog, dialog *")
        if (onControl && (event.key.length > 1 || event.key === " ")) return  // the control's own keys
        if (!pressKey(toolbar, event)) return
        event.preventDefault()
        event.stopPropagation()  // Streamlit has keys of its own
    })
    viewers.set(root, viewer)
    return viewer
}

/** Show other exams; tools stay as they were chosen. */
function show(viewer, layout) {
    viewer.stage?.dispose()
    const stage = new Stage(viewer.renderer, layout)
    if (viewer.stage) Object.assign(stage, {
        linked: viewer.stage.linked, lesions: viewer.stage.lesions, opacity: viewer.stage.opacity })
    viewer.stage = stage
    for (const view of stage.views) attachPointer(view, viewer.toolbar)
    viewer.root.querySelector(".stages").replaceChildren(stage.element)
    viewer.toolbar.attach(stage)
}

function close(root) {
    const viewer = viewers.get(root)
    viewer?.stage?.dispose()
    viewer?.renderer.gl.getExtension("WEBGL_lose_context")?.loseContext()
    viewers.delete(root)
}
