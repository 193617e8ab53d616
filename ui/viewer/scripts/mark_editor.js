// What the pointer and the keys do to the marks of a stage: draw, select, move, resize, delete, undo.

import { boxBetween, contains, drawMarks, handleAt, isLarge, markAt, moved, pointAt, resized } from "./mark_shapes.js"

const SMALLEST_DRAG = 4  // CSS pixels; a shorter one is a click
const NUDGE = 2  // CSS pixels that an arrow key moves a mark
const NUDGE_MS = 400  // of rest, before a mark that keys have moved is kept

export class MarkEditor {
    /**
     * @param stage whose views show the marks
     * @param marks see marks.js
     */
    constructor(stage, marks) {
        this.stage = stage
        this.marks = marks
        this.selected = null  // identity of a mark
        this.draft = null  // a mark as it is being drawn, moved or resized: view, mark, and where from
        this.isShown = true
        this.withAuthor = (act) => act()  // see Toolbar
        marks.onChange = () => this.update()
    }

    get mark() { return this.marks.find(this.selected) }

    viewOf(mark) { return this.stage.views.find(({ cell }) => mark && cell.image_id === mark.image_id) }

    /** Draw the marks of a view. */
    draw(view, density) {
        if (!this.isShown || !view.source) return
        const changed = this.draft?.view === view ? this.draft.mark : null
        const others = this.marks.on(view.cell.image_id).filter(({ id }) => id !== changed?.id)
        drawMarks(view.context, changed ? [...others, changed] : others, view.source, density, changed?.id ?? this.selected)
    }

    update() {
        if (this.selected && !this.mark && this.draft?.mark.id !== this.selected) this.selected = null
        for (const view of this.stage.views) view.showMarks(this.marks.on(view.cell.image_id).length)
        this.stage.refresh()
        this.stage.onChange()
    }

    select(mark) {
        this.keepNudge()
        this.selected = mark?.id ?? null
        this.update()
    }

    /** Select the mark behind the selected one, over all views. */
    selectNext() {
        const all = this.stage.views.flatMap(({ cell }) => (cell.image_id ? this.marks.on(cell.image_id) : []))
        const next = all[(all.findIndex(({ id }) => id === this.selected) + 1) % all.length]
        if (!next) return
        this.select(next)
        const view = this.viewOf(next)
        this.stage.activate(view)
        view.element.scrollIntoView({ block: "nearest" })
    }

    toggle() {
        this.isShown = !this.isShown
        this.select(null)
    }

    /** Begin a drag; returns whether it is about marks. */
    press(view, tool, x, y) {
        this.keepNudge()
        if (!view.source || !this.marks.mayChange) return false
        const { mark } = this
        const point = pointAt(view.source, x, y)
        if (this.isShown && mark && this.viewOf(mark) === view) {
            const edges = handleAt(mark, view.source, x, y)
            if (edges || contains(mark, point)) {
                this.draft = { view, mark, start: point, original: mark, edges, at: [x, y] }
                return true
            }
        }
        if (tool !== "box" && tool !== "ellipse") return false
        this.isShown = true
        const region = { image_id: view.cell.image_id, shape: tool, pixel_mm: view.description.pixel_mm, ...this.marks.usual }
        this.draft = { view, mark: { ...region, ...boxBetween(point, point, view.description), id: null }, start: point, at: [x, y] }
        return true
    }

    drag(x, y) {
        const { draft } = this
        const { view, start, original, edges } = draft
        const point = pointAt(view.source, x, y)
        const [across, down] = [point.x - start.x, point.y - start.y]
        if (!original) draft.mark = { ...draft.mark, ...boxBetween(start, point, view.description) }
        else if (edges) draft.mark = resized(original, edges, across, down, view.description)
        else draft.mark = moved(original, across, down, view.description)
        draft.length = Math.max(draft.length ?? 0, Math.hypot(x - draft.at[0], y - draft.at[1]))
        this.stage.refresh([view])
    }

    /** End a drag: keep what was drawn or changed; a click selects. */
    release(view, x, y) {
        const { draft } = this
        this.draft = null
        if ((draft?.length ?? 0) < SMALLEST_DRAG) return this.click(view, x, y)
        if (draft.original) this.keep(() => this.marks.change(draft.mark.id, draft.mark))
        else if (isLarge(draft.mark)) this.keep(() => { this.selected = this.marks.draw(draft.mark) })
        this.update()
    }

    /** Do something in the name of a reader, who may have to give it first. */
    keep(act) {
        this.withAuthor(() => {
            act()
            this.update()
        })
    }

    click(view, x, y) {
        if (!view.source || !this.isShown) return
        this.select(markAt(this.marks.on(view.cell.image_id), pointAt(view.source, x, y)))
    }

    /** Cancel what is being drawn or moved, or end the selection; returns whether there was any. */
    cancel() {
        const isBusy = this.draft !== null || this.selected !== null
        clearTimeout(this.timer)
        if (!this.draft) this.selected = null
        this.draft = null
        if (isBusy) this.update()
        return isBusy
    }

    /** Move the selected mark by keys, or its right lower corner; returns whether there is one. */
    nudge(x, y, isResize) {
        const view = this.viewOf(this.mark)
        if (!view?.source || !this.marks.mayChange) return false
        const mark = this.draft?.mark ?? this.mark
        const [across, down] = [x * NUDGE * view.source.stepX, y * NUDGE * view.source.stepY]
        const side = view.source.stepX > 0 ? "right" : "left"  // as it is seen
        const changed = isResize
            ? resized(mark, ["bottom", side], across, down, view.description) : moved(mark, across, down, view.description)
        this.draft = { view, mark: changed, original: this.mark, isNudge: true }
        clearTimeout(this.timer)
        this.timer = setTimeout(() => this.keepNudge(), NUDGE_MS)
        this.stage.refresh([view])
        return true
    }

    keepNudge() {
        clearTimeout(this.timer)
        if (!this.draft?.isNudge) return
        const { mark } = this.draft
        this.draft = null
        this.keep(() => this.marks.change(mark.id, mark))
    }

    /** Change the kind or the finding of the selected mark. */
    name(change) {
        this.keepNudge()
        const { mark } = this
        if (mark && this.marks.mayChange) this.keep(() => this.marks.change(mark.id, { ...mark, ...change }))
    }

    delete() {
        this.cancelNudge()
        const { mark } = this
        if (!mark || !this.marks.mayChange) return
        this.keep(() => this.marks.change(mark.id, null))
    }

    cancelNudge() {
        clearTimeout(this.timer)
        this.draft = null
    }

    undo() { this.afterStep(() => this.marks.undo()) }

    redo() { this.afterStep(() => this.marks.redo()) }

    afterStep(step) {
        this.keepNudge()
        if (!this.marks.mayChange) return
        this.keep(() => {
            const id = step()
            if (id && this.marks.find(id)) this.selected = id
        })
    }

    dispose() {
        this.keepNudge()
        if (this.marks.onChange) this.marks.onChange = () => {}
    }
}
