// One view: its cell on the page, its pixels, and how they are drawn.

import { contoursOf, drawContours } from "./contours.js"
import { create } from "./elements.js"
import { commonScale, filled, lookAt, markersOf, sampling, scaleBar, toSource } from "./geometry.js"
import { levelTable, unchanged, windowOf } from "./levels.js"
import { buildPyramid, fetchView, ViewProblem } from "./pixels.js"

const FINER = 0.75  // more pixels are fetched where one of the screen covers less than this part of one that is here
const UNEXPECTED = "This image can't be shown."
const MALIGNANT = "rgb(0 220 255)"  // as on pictures: mammo_core/prediction/rendering.py
const BENIGN = "rgb(120 230 90)"

export class View {
    /**
     * @param cell of the layout, see mammo_core/documents/viewer.py
     * @param column 0 for a right breast, which hangs at the left, 1 for any other
     */
    constructor(cell, column) {
        this.cell = cell
        this.side = column === 0 ? "R" : "L"
        this.choice = unchanged()
        this.camera = filled()
        this.description = null
        this.textures = []
        this.levels = null
        this.heat = null
        this.contours = cell.heatmap ? contoursOf(cell.heatmap) : []
        this.isNear = false  // to the part of the page that is on the screen
        this.requested = null  // the resolution that was asked for last
        this.source = null  // where its pixels were drawn last, see `toSource`
        this.markCount = 0
        this.labelled = false  // whether the label is shown
        this.abort = new AbortController()
        this.element = this.build()
    }

    get isShown() { return this.description !== null }

    /** Whether nothing belongs here, so that nobody needs to come here with the keyboard. */
    get isEmpty() { return !this.cell.address && !this.cell.problem }

    build() {
        this.canvas = create("canvas", { attributes: { role: "img", "aria-label": this.alternative() } })
        this.context = this.canvas.getContext("2d", { alpha: false })
        this.corner = create("div", { className: "corner name" })
        this.window = create("div", { className: "corner window" })
        this.bar = create("div", { className: "bar" }, create("span"))
        this.markers = Object.fromEntries(["left", "right", "top", "bottom"].map(
            (edge) => [edge, create("div", { className: `marker ${edge}`, ariaHidden: "true" })]))
        this.problem = create("div", { className: "problem" }, this.cell.problem || (this.cell.address ? "Loading …" : ""))
        this.showName()
        const label = this.cell.name || "Nothing"
        return create("div", {
            className: `cell ${this.side === "R" ? "right-breast" : "left-breast"}`,
            tabIndex: this.isEmpty ? -1 : 0,
            attributes: { role: "group", "aria-label": `${label}. Press ? for the keys.` },
        }, this.canvas, this.corner, this.window, this.bar, ...Object.values(this.markers), this.problem)
    }

    alternative() {
        const { name, label, problem } = this.cell
        const marks = this.markCount ? `${this.markCount} ${this.markCount === 1 ? "mark" : "marks"}` : ""
        return [name, this.modifiers(), label, problem, this.probability(), this.label(), marks].filter(Boolean).join(", ")
    }

    /** What is special about the view, such as "implant displaced"; "" where it doesn't count, which has a badge. */
    modifiers() { return this.description && !this.description.special_kind ? this.description.modifiers.join(", ") : "" }

    probability() {
        const { probability } = this.cell
        return probability === null ? "" : `probability ${probability.toFixed(2)}`
    }

    /** The data set's label while it is shown. */
    label() {
        const { cancer } = this.cell
        return !this.labelled || cancer === null ? "" : cancer ? "cancer" : "no cancer"
    }

    showLabel(labelled) {
        this.labelled = labelled
        this.canvas.setAttribute("aria-label", this.alternative())
        this.showName()
    }

    /** Say how many marks readers have drawn. */
    showMarks(count) {
        if (count === this.markCount) return
        this.markCount = count
        this.canvas.setAttribute("aria-label", this.alternative())
    }

    showName() {
        const { name, label, no_decision: undecided, unpredicted } = this.cell
        const special = this.description?.special_kind ?? this.cell.special_kind
        const badges = [this.label(), special && `${special}, not counted`, this.description?.limited && "reduced",
            undecided && `no decision: ${undecided}`, this.isShown && unpredicted]
        this.corner.replaceChildren(
            create("strong", {}, name), create("span", {}, this.modifiers()), create("small", {}, label),
            create("span", { className: undecided ? "muted" : "" }, this.probability()),
            ...badges.filter(Boolean).map((text) => create("span", { className: "badge" }, text)))
    }

    /** Fetch pixels; resolves once they are ready to be drawn, or once there is a reason why not. */
    async load(renderer, resolution) {
        this.requested = resolution
        try {
            const view = await fetchView(this.cell.address, resolution, this.abort.signal)
            if (!this.abort.signal.aborted) this.adopt(renderer, view)  // inflating doesn't end with the exam
        } catch (error) {
            if (error.name === "AbortError") return
            if (!this.isShown) this.refuse(error instanceof ViewProblem ? error.message : UNEXPECTED)
            if (!(error instanceof ViewProblem)) console.error(error)
        }
    }

    adopt(renderer, view) {
        renderer.release(this.textures.map(({ texture }) => texture))
        this.description = view.description
        this.textures = renderer.uploadPixels(buildPyramid(view))
        if (this.cell.heatmap) this.heat ??= renderer.uploadHeatmap(this.cell.heatmap)
        this.problem.textContent = ""
        this.canvas.setAttribute("aria-label", this.alternative())
        this.showName()
        this.showMarkers()
        this.refreshLevels(renderer)
    }

    refuse(reason) {
        this.problem.textContent = reason
        this.canvas.setAttribute("aria-label", `${this.alternative()}, ${reason}`)
    }

    showMarkers() {
        const texts = markersOf(this)
        for (const [edge, element] of Object.entries(this.markers)) element.textContent = texts?.[edge] ?? ""
    }

    /** Take over another choice of window. */
    refreshLevels(renderer) {
        if (!this.isShown) return
        this.levels = renderer.uploadLevels(levelTable(this.description, this.choice), this.levels)
        const { centre, width } = windowOf(this.description, this.choice)
        const digits = Math.abs(width) < 10 ? 2 : 0
        const inverted = this.choice.inverted ? " inverted" : ""
        this.window.textContent = `W ${width.toFixed(digits)} L ${centre.toFixed(digits)}${inverted}`
    }

    /** The size on the page in CSS pixels, and how many pixels of the screen a CSS pixel has. */
    size() {
        return { width: this.element.clientWidth, height: this.element.clientHeight, density: window.devicePixelRatio || 1 }
    }

    /** Where the camera looks. */
    look(shown, inMm) {
        const { width, height } = this.size()
        const base = commonScale(shown, this.camera.fit, inMm, width, height)
        return { ...lookAt(this, this.camera, base, inMm, width), base }
    }

    draw(renderer, shown, inMm, { lesions, opacity, contours, editor }) {
        const { width, height, density } = this.size()
        const [columns, rows] = [Math.round(width * density), Math.round(height * density)]
        if (this.canvas.width !== columns || this.canvas.height !== rows) Object.assign(this.canvas, { width: columns, height: rows })
        if (!this.isShown || !columns || !rows) return
        const look = this.look(shown, inMm)
        const source = toSource(this, look, inMm, width, height)
        const { level, ...where } = sampling(this.textures, source, this.description.shift, density)
        renderer.draw(this.context, level, this.levels, where, this.heatOver(level, opacity))
        this.source = source
        if (contours) drawContours(this.context, this.contours, source, this.description, density)
        if (lesions) this.outline(source, density)
        editor?.draw(this, density)
        this.showBar(look, inMm, width)
    }

    /** The heatmap, and where it lies over the texels of a level. */
    heatOver({ covers }, opacity) {
        if (!this.heat) return null
        const { source_rows: rows, source_columns: columns, shift } = this.description
        return { texture: this.heat, opacity, place: [covers / columns, covers / rows, -shift / columns, -shift / rows] }
    }

    outline(source, density) {
        this.context.lineWidth = 2 * density
        for (const { malignant, top, left, bottom, right } of this.cell.lesions ?? []) {
            const [x, y] = [(left - source.x) / source.stepX, (top - source.y) / source.stepY]
            const [across, down] = [(right - left) / source.stepX, (bottom - top) / source.stepY]
            this.context.strokeStyle = malignant ? MALIGNANT : BENIGN
            this.context.strokeRect(...[x, y, across, down].map((length) => length * density))
        }
    }

    showBar(look, inMm, width) {
        const bar = scaleBar(this, look, inMm, width)
        this.bar.hidden = bar === null
        if (!bar) return
        this.bar.style.width = `${bar.pixels}px`
        this.bar.firstChild.textContent = `${bar.length} mm`
    }

    /** Whether the screen shows more than the pixels that are here. */
    needsMore(shown, inMm) {
        if (!this.isShown || this.description.complete || this.requested === "complete") return false
        const { width, height, density } = this.size()
        const source = toSource(this, this.look(shown, inMm), inMm, width, height)
        return source.stepY / density < FINER * 2 ** this.description.reduction
    }

    /** Free what the view holds. */
    dispose(renderer) {
        this.abort.abort()
        renderer.release([...this.textures.map(({ texture }) => texture), this.levels, this.heat].filter(Boolean))
        this.textures = []
        this.levels = this.heat = this.description = null
    }
}
