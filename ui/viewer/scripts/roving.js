// One stop of the Tab key for many controls: arrows go from one to the next, as in every toolbar (ARIA APG).

const STEPS = { ArrowLeft: -1, ArrowRight: 1 }

export class Roving {
    /**
     * @param element that holds the controls
     * @param without a selector of parts with keys of their own
     */
    constructor(element, without) {
        Object.assign(this, { element, without, current: null })
        element.addEventListener("focusin", ({ target }) => { if (this.controls.includes(target)) this.choose(target) })
        element.addEventListener("keydown", (event) => this.press(event))
    }

    /** All controls, also those that are hidden or disabled at present. */
    get controls() {
        return [...this.element.querySelectorAll("button, select")].filter((control) => !control.closest(this.without))
    }

    get reachable() { return this.controls.filter((control) => !control.disabled && !control.closest("[hidden]")) }

    /** Have the Tab key come to one control only. */
    choose(control) {
        this.current = control
        for (const other of this.controls) other.tabIndex = other === control ? 0 : -1
    }

    /** Call this when controls were hidden or disabled: the nearest one that isn't takes over, with the focus. */
    refresh() {
        const { controls, reachable } = this
        if (reachable.includes(this.current) || !reachable.length) return
        const index = controls.indexOf(this.current)
        const hadFocus = this.current !== null && this.element.getRootNode().activeElement === this.current
        this.choose(reachable.findLast((control) => controls.indexOf(control) < index) ?? reachable[0])
        if (hadFocus) this.current.focus()
    }

    press(event) {
        const { reachable } = this
        const index = reachable.indexOf(event.composedPath()[0])
        const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey
        if (index < 0 || !isPlain) return
        const count = reachable.length
        const next = event.key in STEPS ? (index + STEPS[event.key] + count) % count
            : event.key === "Home" ? 0 : event.key === "End" ? count - 1 : null
        if (next === null) return
        event.preventDefault()  // a list of choices would take the arrows for its own
        event.stopPropagation()
        reachable[next].focus()
    }
}
