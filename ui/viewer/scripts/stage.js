// All views of a patient, hung: which of them are linked, which is active, and when they are drawn.

import { create } from "./elements.js"
import { cameraAt, filled, limitZoom, pixelScale, trueScale } from "./geometry.js"
import { unchanged } from "./levels.js"
import { MarkEditor } from "./mark_editor.js"
import { View } from "./view.js"

const MORE_AFTER_MS = 150  // of rest, before more pixels are fetched
const PREFETCH = "600px"  // views nearer to the screen than this are loaded

export class Stage {
    /**
     * @param layout see mammo_core/documents/viewer.py
     * @param marks see marks.js; null where none are drawn
     */
    constructor(renderer, layout, marks = null) {
        this.renderer = renderer
        this.views = []
        this.single = null
        this.linked = true
        this.lesions = true
        this.labels = false  // a reader looks first
        this.opacity = 0.6  // of heatmaps
        this.contours = false  // of their hottest regions
        this.changed = new Set()
        this.loading = 0
        this.changedAt = null  // when a change was made that isn't drawn yet
        this.onChange = () => {}
        this.element = create("div", { className: "stage" }, ...layout.exams.map((exam) => this.buildExam(exam)))
        this.active = this.views.find((view) => view.cell.address) ?? this.views[0]
        this.editor = marks && new MarkEditor(this, marks)
        this.editor?.update()
        this.sizes = new ResizeObserver(() => this.refresh())
        this.near = new IntersectionObserver((entries) => this.loadNear(entries), { rootMargin: PREFETCH, scrollMargin: PREFETCH })
        for (const view of this.views) {
            this.sizes.observe(view.element)
            this.near.observe(view.element)
        }
        this.restore = () => this.reload()
        renderer.canvas.addEventListener("webglcontextrestored", this.restore)
    }

    buildExam({ title, description, findings, rows }) {
        const cells = rows.flat().map((cell, index) => {
            const view = new View(cell, index % 2)
            view.element.addEventListener("focusin", () => this.activate(view))
            this.views.push(view)
            return view.element
        })
        const heading = create("p", { hidden: !title && !description }, title && create("strong", {}, title), title && " · ", description,
            findings && create("span", { className: "findings" }, ` · ${findings}`))
        return create("section", { ariaLabel: title || "Exam" }, heading, create("div", { className: "grid" }, ...cells))
    }

    get shown() { return this.views.filter((view) => view.isShown) }
    get inMm() { return this.shown.every((view) => view.description.pixel_mm) }
    get targets() { return this.linked ? this.views : [this.active] }
    get hasHeatmaps() { return this.views.some((view) => view.cell.heatmap) }
    get hasLabels() { return this.views.some((view) => view.cell.cancer !== null) }
    get hasLesions() { return this.views.some((view) => view.cell.lesions?.length) }

    /** The names of the presets of all views, in their order. */
    get presets() {
        return [...new Set(this.shown.flatMap((view) => view.description.presets.map(({ name }) => name)))]
    }

    activate(view) {
        if (this.active !== view && this.single) this.showSingle(view)
        this.active = view
        for (const other of this.views) other.element.classList.toggle("active", other === view)
        this.onChange()
    }

    async loadNear(entries) {
        const seen = entries.map(({ target, isIntersecting }) =>
            Object.assign(this.views.find((view) => view.element === target), { isNear: isIntersecting }))
        const due = seen.filter(({ isNear }) => isNear)
        this.refresh(due)
        await Promise.all(due.filter((view) => view.cell.address && !view.requested).map((view) => this.load(view, "first")))
    }

    async load(view, resolution) {
        this.loading++
        await view.load(this.renderer, resolution)
        this.loading--
        this.refresh()
        this.onChange()
    }

    /** Fetch everything again after the graphics card was lost. */
    reload() {
        this.renderer.start()
        for (const view of this.views.filter(({ requested }) => requested)) {
            Object.assign(view, { textures: [], levels: null, heat: null })
            this.load(view, view.requested)
        }
    }

    /** Change the choice of window of the views that are linked. */
    changeWindow(change) {
        this.changedAt ??= performance.now()
        for (const view of this.targets) {
            view.choice = { ...view.choice, ...change(view.choice) }
            view.refreshLevels(this.renderer)
        }
        this.refresh(this.targets)
        this.onChange()
    }

    /** Make the window wider by a factor, and move it by a part of its preset's width. */
    adjustWindow(factor, shift) {
        this.changeWindow(({ contrast, level }) => ({
            contrast: Math.min(Math.max(contrast * factor, 0.001), 100), level: level + shift * contrast }))
    }

    choosePreset(name) {
        this.changeWindow(({ inverted }) => ({ ...unchanged(name), inverted }))
    }

    invert() { this.changeWindow(({ inverted }) => ({ inverted: !inverted })) }

    /** Change what the active view's camera looks at; linked views follow. */
    moveCamera(change) {
        const view = this.active
        if (!view?.isShown) return
        const { base, ...look } = view.look(this.shown, this.inMm)
        view.camera = cameraAt(view, view.camera, this.inMm, change(look, base), base)
        for (const other of this.targets) other.camera = { ...view.camera }
        this.refresh(this.targets)
        this.fetchMoreSoon()
        this.onChange()
    }

    pan(x, y) {
        this.moveCamera((look) => ({ ...look, x: look.x - x / look.scale, y: look.y - y / look.scale }))
    }

    /** Zoom about a point of the active view, in CSS pixels from its middle. */
    zoom(factor, x = 0, y = 0) {
        this.moveCamera((look, base) => {
            const scale = limitZoom(look.scale * factor / base) * base
            const point = { x: look.x + x / look.scale, y: look.y + y / look.scale }
            return { x: point.x - x / scale, y: point.y - y / scale, scale }
        })
    }

    /** The scales that the active view can be shown at, in pixels of the screen for a unit, by their name; null where unknown. */
    get scales() {
        const { active: view, inMm } = this
        if (!view?.isShown) return { true: null, pixels: null }
        return { true: trueScale(view, inMm), pixels: pixelScale(view, inMm, view.size().density) }
    }

    /** How the active view is zoomed: filled by the "breast" or the "image", a name of `scales`, or "" for any other. */
    get zoomed() {
        const { active: view, inMm, shown } = this
        if (!view?.isShown || view.camera.u === null) return view?.camera.fit ?? "breast"
        const { scale } = view.look(shown, inMm)
        return Object.entries(this.scales).find(([, other]) => other && Math.abs(scale / other - 1) < 1e-6)?.[0] ?? ""
    }

    /** How many pixels of the screen the active view has for each of its own, in per cent. */
    get percent() {
        const { active: view, shown, inMm } = this
        return view?.isShown ? Math.round(view.look(shown, inMm).scale / this.scales.pixels * 100) : 100
    }

    /** Zoom to one of the names that `zoomed` gives. */
    chooseZoom(name) {
        const scale = this.scales[name]
        if (name === "breast" || name === "image") this.setCamera(filled(name))
        else if (scale) this.moveCamera((look) => ({ ...look, scale }))
    }

    /** Fill the views with the breast, or with the image if they are. */
    fill() { this.chooseZoom(this.zoomed === "breast" ? "image" : "breast") }

    setCamera(camera) {
        for (const view of this.targets) view.camera = { ...camera }
        this.refresh(this.targets)
        this.fetchMoreSoon()
        this.onChange()
    }

    reset() {
        this.setCamera(filled())
        this.changeWindow(() => unchanged())
    }

    toggleLink() {
        this.linked = !this.linked
        if (this.linked) {
            for (const view of this.views) {
                Object.assign(view, { camera: { ...this.active.camera }, choice: { ...this.active.choice } })
                view.refreshLevels(this.renderer)
            }
        }
        this.refresh()
        this.onChange()
    }

    /** Show the data set's labels, or not. */
    showLabels(labels) {
        this.labels = labels
        this.element.classList.toggle("with-labels", this.labels)
        for (const view of this.views) view.showLabel(this.labels)
        this.onChange()
    }

    toggleLabels() { if (this.hasLabels) this.showLabels(!this.labels) }

    toggleLesions() {
        this.lesions = !this.lesions
        this.refresh()
        this.onChange()
    }

    toggleContours() {
        this.contours = !this.contours
        this.refresh()
        this.onChange()
    }

    /** Show heatmaps at an opacity from 0 to 1. */
    showHeatmaps(opacity) {
        this.opacity = opacity
        this.refresh()
        this.onChange()
    }

    /** Show one view at full size; null shows all again. */
    showSingle(view) {
        this.single = view
        this.element.classList.toggle("single", view !== null)
        for (const other of this.views) other.element.classList.toggle("chosen", other === view)
        for (const other of this.views) other.camera = filled(other.camera.fit)
        for (const section of this.element.children) section.hidden = view !== null && !section.contains(view.element)
        this.refresh()
        this.fetchMoreSoon()
        this.onChange()
    }

    toggleSingle() { this.showSingle(this.single ? null : this.active) }

    /** Go to the next view in a direction: -1 or 1 in a row, -2 or 2 in a column. */
    step(by) {
        const there = this.views.filter((view) => !view.isEmpty)
        const cells = Math.abs(by) === 1 ? there : there.filter(({ side }) => side === this.active.side)
        const next = cells[cells.indexOf(this.active) + Math.sign(by)]
        if (!next) return
        this.activate(next)
        next.element.focus()
        next.element.scrollIntoView({ block: "nearest" })
    }

    /** Draw some views with the next picture of the screen. */
    refresh(views = this.views) {
        this.changedAt ??= performance.now()
        if (!this.changed.size) requestAnimationFrame(() => this.drawChanged())
        for (const view of views) this.changed.add(view)
    }

    drawChanged() {
        const views = [...this.changed]
        this.changed.clear()
        const { shown, inMm } = this
        for (const view of views) if (view.isNear) view.draw(this.renderer, shown, inMm, this)
        performance.measure("viewer redraw", { start: this.changedAt, detail: views.length })
        this.changedAt = null
        const near = this.views.filter(({ isNear }) => isNear)
        const isComplete = this.loading === 0 && near.length > 0 && near.every((view) => view.requested || !view.cell.address)
        this.element.dataset.state = isComplete ? "complete" : "loading"
    }

    fetchMoreSoon() {
        clearTimeout(this.timer)
        this.timer = setTimeout(() => {
            const { shown, inMm } = this
            for (const view of shown) {
                if (view.isNear && view.needsMore(shown, inMm)) this.load(view, "complete")
            }
        }, MORE_AFTER_MS)
    }

    dispose() {
        clearTimeout(this.timer)
        this.editor?.dispose()
        this.sizes.disconnect()
        this.near.disconnect()
        this.renderer.canvas.removeEventListener("webglcontextrestored", this.restore)
        for (const view of this.views) view.dispose(this.renderer)
        this.element.remove()
    }
}
