// What the pointer, the wheel and the keys do to the views.

const DRAG_PIXELS = 250  // by which a drag doubles or halves, or shifts by a window's width
const WHEEL = 0.0015
const PAN_STEP = 40  // CSS pixels
const CLICK = 4  // CSS pixels; a shorter drag is a click
const STEP = 1.15  // of a key that zooms or windows

export const TOOLS = { window: "Window", move: "Move", zoom: "Zoom" }
export const MARK_TOOLS = { box: "Box", ellipse: "Ellipse" }
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

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
    { keys: ["s"], shown: "S", text: "true size, where the file states the size of its pixels", run: (bar) => bar.stage.chooseZoom("true") },
    { keys: ["p"], shown: "P", text: "a pixel of the screen for each of the image", run: (bar) => bar.stage.chooseZoom("pixels") },
    { keys: [" "], shown: "Space", text: "reset window and zoom", run: (bar) => bar.stage.reset() },
    { keys: ["Enter"], shown: "Enter", text: "one view at full size, and back", run: (bar) => bar.stage.toggleSingle() },
    { keys: ["k"], shown: "K", text: "link zoom and window of all views, or not", run: (bar) => bar.stage.toggleLink() },
    { keys: ["l"], shown: "L", text: "outline lesions, or not", run: (bar) => bar.stage.toggleLesions() },
    { keys: ["t"], shown: "T", text: "the data set's labels, where it has any, or not", run: (bar) => bar.stage.toggleLabels() },
    { keys: ["h"], shown: "H", text: "heatmaps, or not", run: (bar) => bar.toggleHeatmaps() },
    { keys: ["c"], shown: "C", text: "outline where a heatmap passes half of its scale, or not", run: (bar) => bar.stage.toggleContours() },
    { keys: ["w", "m", "z"], shown: "W M Z", text: "a drag windows, moves or zooms", run: (bar, key) => bar.chooseTool({ w: "window", m: "move", z: "zoom" }[key]) },
    { keys: ["b", "e"], shown: "B E", text: "a drag draws a box or an ellipse, where marks may be drawn", run: (bar, key) => bar.chooseMarkTool({ b: "box", e: "ellipse" }[key]) },
    { keys: ["n"], shown: "N", text: "select the next mark; arrows then move it, with Shift they resize it", run: (bar) => bar.stage.editor?.selectNext() },
    { keys: ["Delete", "Backspace"], shown: "Delete", text: "delete the selected mark", run: (bar) => bar.stage.editor?.delete() },
    { keys: ["a"], shown: "A", text: "marks, or not", run: (bar) => bar.stage.editor?.toggle() },
    { keys: ["o"], shown: "O", text: "text over the images, or not", run: (bar) => bar.toggleText() },
    { keys: ["d"], shown: "D", text: "details of the view", run: (bar) => bar.showDetails() },
    { keys: ["f"], shown: "F", text: "full screen, and back", run: (bar) => bar.toggleFullScreen() },
    { keys: ["?"], shown: "?", text: "this list", run: (bar) => bar.showKeys() },
    { keys: [], shown: "Alt + ↑ ↓", text: "previous or next patient, where they are listed" },
    { keys: [], shown: "Ctrl + Z, Y", text: "undo or redo a change of a mark" },
    { keys: [], shown: "Esc", text: "cancel what is being drawn, end the selection of a mark, show all views" },
]

function panByKey(stage, key) {
    const [x, y] = ARROWS[key.replace("Shift+", "")]
    stage.pan(x * PAN_STEP, y * PAN_STEP)
}

function choosePreset(stage, number) {
    const name = stage.presets[number - 1]
    if (name) stage.choosePreset(name)
}

/** Press a key; returns whether it does anything. */
export function pressKey(bar, event) {
    if (event.ctrlKey || event.metaKey) return undoByKey(bar.stage.editor, event)
    if (event.altKey) return false
    const { editor } = bar.stage
    if (event.key === "Escape" && editor?.cancel()) return true
    if (event.key in ARROWS && editor?.nudge(...ARROWS[event.key], event.shiftKey)) return true
    const key = event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key
    const entry = KEYS.find(({ keys }) => keys.includes(key) || keys.includes(key.toLowerCase()))
    if (key === "Escape" && bar.stage.single) {
        bar.stage.toggleSingle()
        return true
    }
    entry?.run(bar, key.length === 1 ? key.toLowerCase() : key)
    return entry !== undefined
}

/** Undo or redo what was done to marks; returns whether the keys are for that. */
function undoByKey(editor, { key, shiftKey }) {
    const letter = key.toLowerCase()
    if (!editor || !["z", "y"].includes(letter)) return false
    if (letter === "y" || shiftKey) editor.redo()
    else editor.undo()
    return true
}

/** Have the pointer work on a view. */
export function attachPointer(view, bar) {
    const { element } = view
    const touches = new Touches(view, bar)
    element.addEventListener("pointerdown", (event) => {
        if (!view.cell.address) return
        if (event.pointerType === "touch" && touches.begin(event)) return
        element.focus({ preventScroll: true })
        element.setPointerCapture(event.pointerId)
        const [tool, { editor }] = [toolOf(event, bar), bar.stage]
        const ofMarks = tool === bar.tool && editor?.press(view, tool, ...within(element, event))
        view.drag = { tool, ofMarks, x: event.clientX, y: event.clientY, length: 0 }
        event.preventDefault()
    })
    element.addEventListener("pointermove", (event) => {
        if (touches.move(event) || !view.drag) return
        const { tool, ofMarks, x, y, length } = view.drag
        const { editor } = bar.stage
        if (ofMarks) return editor?.draft && editor.drag(...within(element, event))  // Esc may have ended it
        Object.assign(view.drag, { x: event.clientX, y: event.clientY, length: length + Math.hypot(event.clientX - x, event.clientY - y) })
        drag(bar.stage, tool, event.clientX - x, event.clientY - y)
    })
    element.addEventListener("pointerup", (event) => {
        touches.end(event)
        const { editor } = bar.stage
        if (view.drag?.ofMarks && editor?.draft) editor.release(view, ...within(element, event))
        else if (view.drag && !view.drag.ofMarks && view.drag.length < CLICK && event.button === 0) editor?.click(view, ...within(element, event))
        view.drag = null
    })
    element.addEventListener("pointercancel", (event) => {
        touches.end(event)
        if (view.drag?.ofMarks) bar.stage.editor?.cancel()
        view.drag = null
    })
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

/** Two fingers on a view: they zoom about the middle between them, and move the image with it. */
class Touches {
    constructor(view, bar) {
        Object.assign(this, { view, bar, points: new Map() })
    }

    /** Add a finger; returns whether it is the second one. */
    begin(event) {
        this.points.set(event.pointerId, within(this.view.element, event))
        if (this.points.size !== 2) return false
        if (this.view.drag?.ofMarks) this.bar.stage.editor?.cancel()
        this.view.drag = null
        this.bar.stage.activate(this.view)
        return true
    }

    /** Move a finger; returns whether there are two. */
    move(event) {
        if (!this.points.has(event.pointerId) || this.points.size !== 2) return false
        const before = this.measure()
        this.points.set(event.pointerId, within(this.view.element, event))
        const { length, x, y } = this.measure()
        const { width, height } = this.view.size()
        this.bar.stage.pan(x - before.x, y - before.y)
        if (length && before.length) this.bar.stage.zoom(length / before.length, x - width / 2, y - height / 2)
        return true
    }

    end(event) { this.points.delete(event.pointerId) }

    /** How far the fingers are apart, and the middle between them. */
    measure() {
        const [[left, top], [right, bottom]] = this.points.values()
        return { length: Math.hypot(right - left, bottom - top), x: (left + right) / 2, y: (top + bottom) / 2 }
    }
}

/** Where an event is, in CSS pixels from a view's left top corner. */
function within(element, event) {
    const box = element.getBoundingClientRect()
    return [event.clientX - box.left, event.clientY - box.top]
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
