// The buttons above the views: one row of signs, each with a name.

import { createDialog, createKeys, describeView, openFromTop } from "./dialogs.js"
import { create } from "./elements.js"
import { createIcon } from "./icons.js"
import { LayerMenu } from "./layer_menu.js"
import { presetOf } from "./levels.js"
import { MarkPanel } from "./mark_panel.js"
import { Roving } from "./roving.js"
import { MARK_TOOLS, TOOLS } from "./tools.js"

const ZOOMS = { breast: "Breast", image: "Image", true: "True size", pixels: "All pixels", "": "" }

export class Toolbar {
    constructor(root) {
        this.root = root
        this.stage = null
        this.tool = "window"
        this.buttons = {}
        this.shownOpacity = 0.6  // of heatmaps, when they are shown again
        this.preset = create("select", { ariaLabel: "Window preset", title: "Window preset (1 to 9)",
            onchange: () => this.stage.choosePreset(this.preset.value) })
        this.zoom = create("select", { ariaLabel: "Zoom", title: "Zoom (= S P)", onchange: () => this.stage.chooseZoom(this.zoom.value) },
            ...Object.entries(ZOOMS).map(([value, name]) => create("option", { value }, name)))
        this.layers = new LayerMenu(this)
        this.panel = new MarkPanel()
        this.keys = createKeys()
        this.details = createDialog("Details of the view")
        this.element = create("div", { className: "toolbar", attributes: { role: "toolbar", "aria-label": "Viewer" } },
            group("What a drag does", ...Object.entries(TOOLS).map(([tool, name]) =>
                this.button(tool, name, `Drag: ${name.toLowerCase()} (${name[0]})`, () => this.chooseTool(tool), true))),
            this.markTools = group("Draw marks", ...Object.entries(MARK_TOOLS).map(([tool, name]) =>
                this.button(tool, name, `Drag: draw a mark (${name[0]})`, () => this.chooseMarkTool(tool), true)),
                this.button("undo", "Undo", "Undo the last change of a mark (Ctrl + Z)", () => this.stage.editor.undo()),
                this.button("redo", "Redo", "Redo the change of a mark (Ctrl + Y)", () => this.stage.editor.redo())),
            group("Window", this.preset,
                this.button("inverted", "Invert", "Exchange black and white (I)", () => this.stage.invert(), true)),
            group("Views", this.zoom,
                this.button("single", "One view", "One view at full size, and back (Enter)", () => this.stage.toggleSingle(), true),
                this.button("linked", "Linked", "Link zoom and window of all views (K)", () => this.stage.toggleLink(), true),
                this.button("reset", "Reset", "Reset window and zoom (Space)", () => this.stage.reset())),
            group("More", this.layers.element,
                this.button("details", "Details", "Details of the view (D)", () => this.showDetails()),
                this.button("screen", "Full screen", "Full screen, and back (F)", () => this.toggleFullScreen()),
                this.button("keys", "Keys", "What the keys do (?)", () => this.showKeys())))
        this.roving = new Roving(this.element, ".menu")
    }

    button(name, label, title, onclick, isToggle = false) {
        const attributes = { "aria-label": label, ...(isToggle && { "aria-pressed": "false" }) }
        return this.buttons[name] = create("button", { type: "button", title, onclick, attributes }, createIcon(name))
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
            inverted: stage.active?.choice.inverted, single: stage.single !== null, linked: stage.linked }
        for (const [name, isPressed] of Object.entries(pressed)) buttons[name].setAttribute("aria-pressed", String(Boolean(isPressed)))
        this.markTools.hidden = !stage.editor?.marks.mayChange
        buttons.undo.disabled = !stage.editor?.marks.done.length
        buttons.redo.disabled = !stage.editor?.marks.undone.length
        this.root.classList.toggle("with-selection", Boolean(stage.editor?.selected))
        this.layers.refresh()
        this.panel.isDrawing = this.tool in MARK_TOOLS
        this.panel.refresh()
        this.showPresets()
        this.showZoom()
        this.roving.refresh()
    }

    showZoom() {
        const { zoomed, scales, percent } = this.stage
        const option = (name) => [...this.zoom.options].find(({ value }) => value === name)
        option("true").hidden = option("true").disabled = !scales.true
        option("").hidden = zoomed !== ""
        option("").textContent = `${percent} %`
        this.zoom.value = zoomed
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

    toggleText() {
        this.root.classList.toggle("without-text")
        this.refresh()
    }

    toggleFullScreen() {
        if (document.fullscreenElement) document.exitFullscreen()
        else this.root.requestFullscreen?.()
    }

    showKeys() { openFromTop(this.keys) }

    showDetails() {
        describeView(this.details, this.stage.active)
        openFromTop(this.details)
    }
}

const group = (name, ...children) =>
    create("span", { className: "group", attributes: { role: "group", "aria-label": name } }, ...children)
