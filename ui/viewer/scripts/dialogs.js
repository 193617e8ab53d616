// What the keys do, and details of a view: dialogs that the toolbar opens.

import { create } from "./elements.js"
import { KEYS } from "./tools.js"

const MOUSE = "Drag: window and level, or the tool that is chosen. Shift or the middle button moves, the right button zooms, " +
    "the wheel zooms, a double click fills."

/** Create a dialog that a click beside it closes, and whose keys are its own. */
export function createDialog(name, ...children) {
    const dialog = create("dialog", { ariaLabel: name }, ...children)
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close() })
    dialog.addEventListener("keydown", (event) => event.stopPropagation())
    return dialog
}

/** Open a dialog; the focus goes to its button, which would scroll a long one to its end. */
export function openFromTop(dialog) {
    dialog.showModal()
    dialog.scrollTop = 0
}

const closeButton = (dialog) => create("button", { type: "button", onclick: () => dialog.close() }, "Close")
const line = (head, text) => create("tr", {}, create("th", { scope: "row" }, head), create("td", {}, text))
const lines = (rows) => create("table", {}, create("tbody", {}, ...rows))

export function createKeys() {
    const rows = KEYS.map(({ shown, text }) => line(create("kbd", {}, shown), text))
    const dialog = createDialog("Keys of the viewer",
        create("h4", {}, "Keys of the viewer"), lines(rows), create("p", {}, MOUSE))
    dialog.append(closeButton(dialog))
    dialog.classList.add("keys")
    return dialog
}

/** Fill a dialog with what is known of a view. */
export function describeView(dialog, { cell, description }) {
    const size = description && `${description.source_columns} × ${description.source_rows} pixels` +
        (description.limited ? ", shown at reduced resolution: the browser can't hold all of them." : "")
    const spacing = description && (description.spacing_basis || "The file doesn't state the size of its pixels: there is no scale.")
    const heat = cell.heatmap && "Heatmap: what each region adds to the probability, from dark red to yellow."
    const rows = Object.entries(description?.tags ?? {}).map(([name, value]) => line(name, value))
    dialog.replaceChildren(
        create("h4", {}, `${cell.name} · ${cell.label}`),
        ...[cell.problem, size, spacing, heat, ...(description?.notes ?? [])].filter(Boolean).map((text) => create("p", {}, text)),
        lines(rows),
        closeButton(dialog))
}
