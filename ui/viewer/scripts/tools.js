// What the pointer, the wheel and the keys do to the views.

const DRAG_PIXELS = 250  // by which a drag doubles or halves, or shifts by a window's width
const WHEEL = 0.0015
const PAN_STEP = 40  // CSS pixels
const STEP = 1.15  // of a key that zooms or windows

export const TOOLS = { window: "Window", move: "Move", zoom: "Zoom" }

/** What each key does; the list that a user sees is made of it. */
export const KEYS = [
    { keys: ["ArrowLeft", "ArrowRight"], shown: "← →", text: "previous or next view", run: (bar, key) => bar.stage.step(key === "ArrowLeft" ? -1 : 1) },
    { keys: ["ArrowUp", "ArrowDown"], shown: "↑ ↓", text: "view above or below", run: (bar, key) => bar.stage.step(key === "ArrowUp" ? -2 : 2) },
    { keys: ["Shift+ArrowLeft", "Shift+ArrowRight", "Shift+ArrowUp", "Shift+ArrowDown"], shown: "Shift + arrows", text: "move the image", run: (bar, key) => panByKey(bar.stage, key) },
    { keys: ["[", "]"], shown: "[ ]", text: "narrower or wider window", run: (bar, key) => bar.stage.adjustWindow(key === "[" ? 1 / STEP : STEP, 0) },
    { keys: [",", "."], shown: ", .", text: "brighter or darker", run: (bar, key) => bar.stage.adjustWindow(1, key === "," ? -0.05 : 0.05) },
    { keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], shown: "1 to 9", text: "preset of that number", run: (bar, key) => choosePreset(bar.stage, Number(key)) },
    { keys: ["i"], shown: "I", text: "invert", run: (bar) => bar.stage.invert() },
    { keys: ["+", "-"], shown: "+ −", text: "zoom", run: (bar, key) => bar.stage.zoom(key === "+" ? STEP : 1 / STEP) },
    { keys: ["="], shown: "=", text: "fill with the breast, or show the image to its edges", run: (bar) => bar.stage.fill() },
    { keys: [" "], shown: "Space", text: "reset window and zoom", run: (bar) => bar.stage.reset() },
    { keys: ["Enter"], shown: "Enter", text: "one view at full size, and back", run: (bar) => bar.stage.toggleSingle() },
    { keys: ["k"], shown: "K", text: "link zoom and window of all views, or not", run: (bar) => bar.stage.toggleLink() },
    { keys: ["l"], shown: "L", text: "outline lesions, or not", run: (bar) => bar.stage.toggleLesions() },
    { keys: ["h"], shown: "H", text: "heatmaps, or not", run: (bar) => bar.toggleHeatmaps() },
    { keys: ["w", "m", "z"], shown: "W M Z", text: "a drag windows, moves or zooms", run: (bar, key) => bar.chooseTool({ w: "window", m: "move", z: "zoom" }[key]) },
    { keys: ["o"], shown: "O", text: "text over the images, or not", run: (bar) => bar.toggleText() },
    { keys: ["d"], shown: "D", text: "details of the view", run: (bar) => bar.showDetails() },
    { keys: ["f"], shown: "F", text: "full screen, and back", run: (bar) => bar.toggleFullScreen() },
    { keys: ["?"], shown: "?", text: "this list", run: (bar) => bar.showKeys() },
]

function panByKey(stage, key) {
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key.replace("Shift+", "")]
    stage.pan(x * PAN_STEP, y * PAN_STEP)
}

function choosePreset(stage, number) {
    const name = stage.presets[number - 1]
    if (name) stage.choosePreset(name)
}

/** Press a key; returns whether it does anything. */
export function pressKey(bar, event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false
    const key = event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key
    const entry = KEYS.find(({ keys }) => keys.includes(key) || keys.includes(key.toLowerCase()))
    if (key === "Escape" && bar.stage.single) {
        bar.stage.toggleSingle()
        return true
    }
    entry?.run(bar, key.length === 1 ? key.toLowerCase() : key)
    return entry !== undefined
}

/** Have the pointer work on a view. */
export function attachPointer(view, bar) {
    const { element } = view
    element.addEventListener("pointerdown", (event) => {
        if (!view.cell.address) return
        element.focus({ preventScroll: true })
        element.setPointerCapture(event.pointerId)
        view.drag = { tool: toolOf(event, bar), x: event.clientX, y: event.clientY }
        event.preventDefault()
    })
    element.addEventListener("pointermove", (event) => {
        if (!view.drag) return
        const { tool, x, y } = view.drag
        Object.assign(view.drag, { x: event.clientX, y: event.clientY })
        drag(bar.stage, tool, event.clientX - x, event.clientY - y)
    })
    for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => { view.drag = null })
    element.addEventListener("dblclick", () => bar.stage.fill())
    element.addEventListener("contextmenu", (event) => event.preventDefault())
    element.addEventListener("wheel", (event) => {
        if (!view.isShown) return
        event.preventDefault()
        bar.stage.activate(view)
        const box = element.getBoundingClientRect()
        const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1
        bar.stage.zoom(Math.exp(-event.deltaY * lines * WHEEL),
            event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2)
    }, { passive: false })
}

/** The left button does what was chosen, with Shift it moves; the middle one moves, the right one zooms. */
function toolOf(event, bar) {
    if (event.button === 1 || (event.button === 0 && event.shiftKey)) return "move"
    return event.button === 2 ? "zoom" : bar.tool
}

function drag(stage, tool, x, y) {
    if (tool === "window") stage.adjustWindow(2 ** (x / DRAG_PIXELS), y / DRAG_PIXELS)
    if (tool === "move") stage.pan(x, y)
    if (tool === "zoom") stage.zoom(2 ** (-y / DRAG_PIXELS * 2))
}
