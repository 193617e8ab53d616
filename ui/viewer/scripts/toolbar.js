// The buttons above the views, and the dialogs that they open.

import { create } from "./elements.js"
import { presetOf } from "./levels.js"
import { MarkPanel } from "./mark_panel.js"
import { KEYS, MARK_TOOLS, TOOLS } from "./tools.js"

export class Toolbar {
    constructor(root) {
        this.root = root
        this.stage = null
        this.tool = "window"
        this.buttons = {}
        this.preset = create("select", { ariaLabel: "Window preset", onchange: () => this.stage.choosePreset(this.preset.value) })
        this.shownOpacity = 0.6  // of heatmaps, when they are shown again
        this.opacity = create("input", { type: "range", min: 0, max: 1, step: 0.05, title: "Opacity of the heatmaps (H)",
            ariaLabel: "Opacity of the heatmaps", oninput: () => this.stage.showHeatmaps(Number(this.opacity.value)) })
        this.heatmap = create("label", { className: "heatmap", title: "What each region adds to the probability" },
            "Heatmap", this.opacity, create("span", { className: "ramp", ariaHidden: "true" }))
        this.panel = new MarkPanel()
        this.keys = buildKeys()
        this.details = create("dialog", { ariaLabel: "Details of the view" })
        for (const dialog of [this.keys, this.details, this.panel.dialog]) {
            dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close() })
            dialog.addEventListener("keydown", (event) => event.stopPropagation())
        }
        this.element = create("div", { className: "toolbar", attributes: { role: "toolbar", "aria-label": "Viewer" } },
            ...Object.entries(TOOLS).map(([tool, name]) => this.button(tool, name, `Drag: ${name.toLowerCase()}`, () => this.chooseTool(tool), true)),
            this.markTools = create("span", { className: "group" },
                ...Object.entries(MARK_TOOLS).map(([tool, name]) =>
                    this.button(tool, name, `Drag: draw a mark (${name[0]})`, () => this.chooseMarkTool(tool), true)),
                this.button("undo", "Undo", "Undo the last change of a mark (Ctrl + Z)", () => this.stage.editor.undo()),
                this.button("redo", "Redo", "Redo it (Ctrl + Y)", () => this.stage.editor.redo())),
            create("span", { className: "gap" }),
            this.preset,
            this.button("inverted", "Invert", "Exchange black and white (I)", () => this.stage.invert(), true),
            this.button("fill", "Fill", "Fill with the breast, or show the image to its edges (=)", () => this.stage.fill()),
            this.button("reset", "Reset", "Reset window and zoom (Space)", () => this.stage.reset()),
            create("span", { className: "gap" }),
            this.button("single", "One view", "One view at full size, and back (Enter)", () => this.stage.toggleSingle(), true),
            this.button("linked", "Linked", "Link zoom and window of all views (K)", () => this.stage.toggleLink(), true),
            this.button("lesions", "Lesions", "Outline lesions: cyan where malignant, green where benign (L)", () => this.stage.toggleLesions(), true),
            this.button("labels", "Labels", "Show what the data set says of each image (T)", () => this.stage.toggleLabels(), true),
            this.button("marks", "Marks", "Show marks: cyan where malignant, green where benign, orange where unsure (A)", () => this.stage.editor.toggle(), true),
            this.heatmap,
            this.button("contours", "Contours", "Outline where the heatmap passes half of its scale (C)", () => this.stage.toggleContours(), true),
            this.button("details", "Details", "Details of the view (D)", () => this.showDetails()),
            this.button("screen", "Full screen", "Full screen, and back (F)", () => this.toggleFullScreen()),
            this.button("keys", "Keys", "What the keys do (?)", () => this.showKeys()))
    }

    button(name, text, title, onclick, isToggle = false) {
        const attributes = isToggle ? { "aria-pressed": "false" } : {}
        return this.buttons[name] = create("button", { type: "button", title, onclick, attributes }, text)
    }

    /** Work on another stage. */
    attach(stage) {
        this.stage = stage
        stage.onChange = () => this.refresh()
        this.panel.attach(stage.editor)
        if (!stage.editor?.marks.mayChange && this.tool in MARK_TOOLS) this.chooseTool("window")
        this.refresh()
    }

    refresh() {
        const { stage, buttons } = this
        const pressed = { ...Object.fromEntries(Object.keys({ ...TOOLS, ...MARK_TOOLS }).map((tool) => [tool, tool === this.tool])),
            contours: stage.contours, marks: stage.editor?.isShown, inverted: stage.active?.choice.inverted, single: stage.single !== null, linked: stage.linked, lesions: stage.lesions, labels: stage.labels }
        for (const [name, isPressed] of Object.entries(pressed)) buttons[name].setAttribute("aria-pressed", String(Boolean(isPressed)))
        buttons.labels.hidden = !stage.hasLabels
        buttons.lesions.hidden = !stage.hasLesions
        buttons.marks.hidden = !stage.editor?.marks.known.length
        this.markTools.hidden = !stage.editor?.marks.mayChange
        buttons.undo.disabled = !stage.editor?.marks.done.length
        buttons.redo.disabled = !stage.editor?.marks.undone.length
        this.root.classList.toggle("with-selection", Boolean(stage.editor?.selected))
        this.panel.refresh()
        this.heatmap.hidden = buttons.contours.hidden = !stage.hasHeatmaps
        this.opacity.value = stage.opacity
        this.showPresets()
    }

    showPresets() {
        const names = this.stage.presets
        if (names.join() !== [...this.preset.options].map(({ value }) => value).join()) {
            this.preset.replaceChildren(...names.map((name) => create("option", { value: name }, name)))
        }
        const { active } = this.stage
        if (active?.isShown) this.preset.value = presetOf(active.description, active.choice).name
    }

    chooseTool(tool) {
        this.tool = tool
        this.root.dataset.tool = tool
        this.refresh()
    }

    /** Have drags draw marks, once the reader's name is known. */
    chooseMarkTool(tool) {
        if (this.stage.editor?.marks.mayChange) this.panel.withAuthor(() => this.chooseTool(tool))
    }

    toggleHeatmaps() {
        const { opacity } = this.stage
        if (opacity) this.shownOpacity = opacity
        this.stage.showHeatmaps(opacity ? 0 : this.shownOpacity)
    }

    toggleText() { this.root.classList.toggle("without-text") }

    toggleFullScreen() {
        if (document.fullscreenElement) document.exitFullscreen()
        else this.root.requestFullscreen?.()
    }

    showKeys() { openFromTop(this.keys) }

    showDetails() {
        const { cell, description } = this.stage.active
        const size = description && `${description.source_columns} × ${description.source_rows} pixels` +
            (description.limited ? ", shown at reduced resolution: the browser can't hold all of them." : "")
        const heat = cell.heatmap && "Heatmap: what each region adds to the probability, from dark red to yellow."
        const rows = Object.entries(description?.tags ?? {}).map(
            ([name, value]) => create("tr", {}, create("th", { scope: "row" }, name), create("td", {}, value)))
        this.details.replaceChildren(
            create("h4", {}, `${cell.name} · ${cell.label}`),
            ...[cell.problem, size, heat, ...(description?.notes ?? [])].filter(Boolean).map((text) => create("p", {}, text)),
            create("table", {}, create("tbody", {}, ...rows)),
            closeButton(this.details))
        openFromTop(this.details)
    }
}

/** Open a dialog; the focus goes to its button, which would scroll a long one to its end. */
function openFromTop(dialog) {
    dialog.showModal()
    dialog.scrollTop = 0
}

const closeButton = (dialog) => create("button", { type: "button", onclick: () => dialog.close() }, "Close")

function buildKeys() {
    const rows = KEYS.map(({ shown, text }) =>
        create("tr", {}, create("th", { scope: "row" }, create("kbd", {}, shown)), create("td", {}, text)))
    const mouse = "Drag: window and level, or the tool that is chosen. Shift or the middle button moves, the right button zooms, " +
        "the wheel zooms, a double click fills."
    const dialog = create("dialog", { ariaLabel: "Keys of the viewer" },
        create("h4", {}, "Keys of the viewer"), create("table", {}, create("tbody", {}, ...rows)), create("p", {}, mouse))
    dialog.append(closeButton(dialog))
    return dialog
}
