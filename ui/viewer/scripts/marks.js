// The marks that readers draw: those that are known, what can be undone, and what the server hasn't kept yet.

const RETRY_MS = 3000
const NAME = "mammo reader"  // of the reader, in this browser
const UNSENT = "Not kept yet: the server doesn't answer. Trying again …"
const CHANGED = "Somebody else has changed this mark since, so that can't be undone."
const FIELDS = ["image_id", "shape", "kind", "finding", "top", "left", "bottom", "right", "pixel_mm"]

export const KINDS = { mass: "Mass", calcifications: "Calcifications", asymmetry: "Asymmetry", distortion: "Distortion" }
export const FINDINGS = { malignant: "Malignant", benign: "Benign", unsure: "Unsure" }

const regionOf = (mark) => mark && Object.fromEntries(FIELDS.map((name) => [name, mark[name] ?? null]))
const areSame = (one, other) => JSON.stringify(regionOf(one)) === JSON.stringify(regionOf(other))

/** A new identity of a mark; crypto.randomUUID isn't there on pages without TLS. */
function newId() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")
}

export class Marks {
    /** @param access see `MarkAccess` of mammo_core/documents/marks.py */
    constructor(access) {
        this.access = access
        this.known = []  // with the changes that the server hasn't kept yet
        this.done = []
        this.undone = []
        this.waiting = []
        this.isSending = false
        this.problem = ""
        this.usual = { kind: "mass", finding: "unsure" }  // of the next mark: what the last one had
        this.onChange = () => {}
    }

    get mayChange() { return this.access.may_change }
    get author() { return this.access.author || localStorage.getItem(NAME) || "" }
    set author(name) { localStorage.setItem(NAME, name) }
    get isSaved() { return !this.waiting.length }

    on(image) { return this.known.filter((mark) => mark.image_id === image) }
    find(id) { return this.known.find((mark) => mark.id === id) ?? null }

    /** Draw a mark; returns its identity. */
    draw(region) {
        const id = newId()
        this.change(id, { ...this.usual, ...region })
        return id
    }

    /** Change a mark to another region, or delete it with null. */
    change(id, region) {
        const before = regionOf(this.find(id))
        if (areSame(before, region)) return
        this.done.push({ id, before, after: regionOf(region) })
        this.undone = []
        if (region) this.usual = { kind: region.kind, finding: region.finding }
        this.apply(id, regionOf(region))
    }

    /** Undo the last change; returns the identity of its mark. */
    undo() { return this.step(this.done, this.undone, ({ before, after }) => [after, before]) }

    redo() { return this.step(this.undone, this.done, ({ before, after }) => [before, after]) }

    step(from, to, order) {
        const step = from.pop()
        if (!step) return null
        const [expected, wanted] = order(step)
        if (!areSame(this.find(step.id), expected)) {
            this.report(CHANGED)
            return null
        }
        to.push(step)
        this.apply(step.id, wanted)
        return step.id
    }

    apply(id, region) {
        const there = this.find(id)
        const version = there?.version ?? 0
        const mark = region && { ...there, ...region, id, version: version + 1, author: this.author, time: new Date().toISOString() }
        if (!mark) this.known = this.known.filter((other) => other.id !== id)
        else if (there) this.known = this.known.map((other) => (other.id === id ? mark : other))
        else this.known = [...this.known, mark]
        this.waiting.push({ id, version, region, author: this.author })
        this.report("")
        this.send()
    }

    /** Get the marks as others have left them, unless changes are on their way. */
    async refresh() {
        if (this.waiting.length) return this.send()
        try {
            const response = await fetch(new URL(this.access.address, document.baseURI))
            if (!response.ok) return this.report((await problemOf(response)).problem)
            const { marks } = await response.json()
            if (!this.waiting.length) this.adopt(marks)
        } catch (error) {
            if (!(error instanceof TypeError)) throw error  // the server doesn't answer: what is shown stays
        }
    }

    async send() {
        if (this.isSending) return
        this.isSending = true
        clearTimeout(this.timer)
        while (this.waiting.length && await this.sendFirst()) { /* one after the other, in their order */ }
        this.isSending = false
        if (this.waiting.length) this.timer = setTimeout(() => this.send(), RETRY_MS)
        this.onChange()
    }

    /** Send the change that waits longest; returns whether the server has answered. */
    async sendFirst() {
        let response
        try {
            response = await fetch(new URL(this.access.address, document.baseURI), {
                method: "POST", keepalive: true, headers: { "Content-Type": "application/json" },
                body: JSON.stringify(this.waiting[0]) })
        } catch (error) {
            if (!(error instanceof TypeError)) throw error
        }
        if (!response || response.status >= 500) {
            this.report(UNSENT)
            return false
        }
        if (response.ok) {
            this.waiting.shift()
            this.problem = ""
            if (!this.waiting.length) this.adopt((await response.json()).marks)
        } else {
            const { problem, marks } = await problemOf(response)
            this.waiting = []
            this.done = []
            this.undone = []
            if (marks) this.adopt(marks)
            this.report(problem)
        }
        return true
    }

    adopt(marks) {
        this.known = marks
        this.onChange()
    }

    report(problem) {
        this.problem = problem
        this.onChange()
    }
}

/** What an answer that isn't OK says, and the marks as they are now where it has them. */
async function problemOf(response) {
    const text = await response.text()
    if (response.headers.get("Content-Type")?.includes("json")) return JSON.parse(text)
    return { problem: text || `The server answered ${response.status}.`, marks: null }
}
