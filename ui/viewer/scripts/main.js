// The component: builds the viewer, and takes over what a later run of the page sends.

import { create } from "./elements.js"
import { Marks } from "./marks.js"
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
    const marks = chooseMarks(viewer, data.marks)
    if (viewer.layout !== layout || viewer.marks !== marks) show(viewer, data.layout, marks)
    viewer.layout = layout
    marks?.refresh()
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
    root.replaceChildren(toolbar.element, create("div", { className: "stages" }), toolbar.panel.element,
        toolbar.keys, toolbar.details, toolbar.panel.dialog)
    const viewer = { root, renderer, toolbar, stage: null, layout: "", marks: null }
    viewer.onReturn = () => { if (!document.hidden) viewer.marks?.refresh() }  // others may have drawn meanwhile
    viewer.onLeave = (event) => { if (viewer.marks && !viewer.marks.isSaved) event.preventDefault() }
    viewer.onPress = (event) => toolbar.layers.leave(event)
    window.addEventListener("beforeunload", viewer.onLeave)
    document.addEventListener("pointerdown", viewer.onPress)
    document.addEventListener("visibilitychange", viewer.onReturn)
    window.addEventListener("focus", viewer.onReturn)
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

/** The marks that the page gives access to; the same as long as it gives the same. */
function chooseMarks(viewer, access) {
    if (!access) return null
    const isSame = viewer.marks && JSON.stringify(viewer.marks.access) === JSON.stringify(access)
    return isSame ? viewer.marks : new Marks(access)
}

/** Show other exams; tools stay as they were chosen. */
function show(viewer, layout, marks) {
    viewer.stage?.dispose()
    viewer.marks = marks
    const stage = new Stage(viewer.renderer, layout, marks)
    if (viewer.stage) Object.assign(stage, {
        linked: viewer.stage.linked, lesions: viewer.stage.lesions,
        opacity: viewer.stage.opacity, contours: viewer.stage.contours })
    if (viewer.stage?.labels) stage.showLabels(true)
    viewer.stage = stage
    for (const view of stage.views) attachPointer(view, viewer.toolbar)
    viewer.root.querySelector(".stages").replaceChildren(stage.element)
    viewer.toolbar.attach(stage)
}

function close(root) {
    const viewer = viewers.get(root)
    viewer?.stage?.dispose()
    document.removeEventListener("pointerdown", viewer?.onPress)
    document.removeEventListener("visibilitychange", viewer?.onReturn)
    window.removeEventListener("focus", viewer?.onReturn)
    window.removeEventListener("beforeunload", viewer?.onLeave)
    viewer?.renderer.gl.getExtension("WEBGL_lose_context")?.loseContext()
    viewers.delete(root)
}
