// The line below the views: the selected mark with its kind and finding, who drew it, and what became of changes.

import { createDialog } from "./dialogs.js"
import { create } from "./elements.js"
import { FINDINGS, KINDS } from "./marks.js"

const MAX_NAME = 64

export class MarkPanel {
    constructor() {
        this.editor = null
        this.isDrawing = false  // whether a drag draws a mark
        this.kind = this.choice("Kind", KINDS, (kind) => this.editor.name({ kind }))
        this.finding = this.choice("Finding", FINDINGS, (finding) => this.editor.name({ finding }))
        this.remove = create("button", { type: "button", title: "Delete the mark (Delete)", onclick: () => this.editor.delete() }, "Delete mark")
        this.about = create("span", { className: "about" })
        this.reader = create("button", { type: "button", title: "The name that is kept with each mark", onclick: () => this.askName(() => {}) })
        this.status = create("span", { className: "status", attributes: { role: "status" } })
        this.element = create("div", { className: "mark-panel", attributes: { role: "group", "aria-label": "Marks" } },
            this.kind, this.finding, this.remove, this.about, create("span", { className: "filler" }), this.status, this.reader)
        this.name = create("input", { type: "text", maxLength: MAX_NAME, ariaLabel: "Your name", autocomplete: "name", required: true })
        this.dialog = this.buildDialog()
    }

    choice(label, names, onChoice) {
        const select = create("select", { ariaLabel: label, onchange: () => onChoice(select.value) },
            ...Object.entries(names).map(([value, name]) => create("option", { value }, name)))
        return select
    }

    buildDialog() {
        const form = create("form", { method: "dialog" },
            create("h4", {}, "Your name"), create("p", {}, "It is kept with each mark that you draw or change, and exported with it."),
            create("p", {}, this.name),
            create("button", { type: "submit" }, "Save"), " ",
            create("button", { type: "button", onclick: () => this.dialog.close() }, "Cancel"))
        form.addEventListener("submit", () => {
            const name = this.name.value.trim()
            if (!name) return
            this.editor.marks.author = name
            this.then?.()
            this.then = null
            this.refresh()
        })
        return createDialog("Your name", form)
    }

    /** Do something once the reader's name is known. */
    withAuthor(act) {
        if (this.editor.marks.author) act()
        else this.askName(act)
    }

    askName(then) {
        this.then = then
        this.name.value = this.editor.marks.author
        this.dialog.showModal()
    }

    attach(editor) {
        this.editor = editor
        if (editor) editor.withAuthor = (act) => this.withAuthor(act)
        this.refresh()
    }

    refresh() {
        this.element.hidden = !this.editor
        if (!this.editor) return
        const { mark, marks } = this.editor
        for (const element of [this.kind, this.finding, this.remove, this.about]) element.hidden = !mark
        for (const element of [this.kind, this.finding, this.remove]) element.disabled = !marks.mayChange
        if (mark) {
            this.kind.value = mark.kind
            this.finding.value = mark.finding
            this.about.textContent = describe(mark)
        }
        this.reader.hidden = Boolean(mark) || !marks.mayChange || Boolean(marks.access.author) || !marks.author
        this.reader.textContent = `Reader: ${marks.author}`
        const count = marks.known.length
        const state = marks.isSaved ? `${count} ${count === 1 ? "mark" : "marks"}` : "Saving …"
        this.status.textContent = marks.problem || (count || marks.mayChange ? state : "")
        this.status.classList.toggle("problem-text", Boolean(marks.problem))
        this.element.classList.toggle("idle", !mark && !marks.problem && marks.isSaved && !this.isDrawing)
    }
}

/** One line on a mark: its size, its author, and when. */
function describe({ top, left, bottom, right, pixel_mm: spacing, author, time }) {
    const [down, across] = spacing ?? [1, 1]
    const size = [(bottom - top) * down, (right - left) * across].map((length) => length.toFixed(spacing ? 1 : 0)).join(" × ")
    return `${size} ${spacing ? "mm" : "pixels"} · ${author}, ${time.slice(0, 16).replace("T", " ")} UTC`
}
