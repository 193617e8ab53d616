// What is shown over the images, each with a box to tick: a menu of the toolbar.

import { create } from "./elements.js"
import { createIcon } from "./icons.js"

const LABELS_HELP = "What the data set says of each image"
const MARKS_HELP = "Drawn by readers: cyan where malignant, green where benign, orange where unsure"
const LESIONS_HELP = "Outlined: cyan where malignant, green where benign"

export class LayerMenu {
    /** @param bar whose stage is shown; see toolbar.js */
    constructor(bar) {
        this.bar = bar
        this.opacity = create("input", { type: "range", min: 0, max: 1, step: 0.05, title: "Opacity of the heatmaps",
            ariaLabel: "Opacity of the heatmaps", oninput: () => bar.stage.showHeatmaps(Number(this.opacity.value)) })
        this.scale = create("div", { className: "scale", title: "What each region adds to the probability: nothing to much" },
            this.opacity, create("span", { className: "ramp", ariaHidden: "true" }))
        this.layers = {
            heatmap: layer("Heatmap", "H", "What each region adds to the probability", () => bar.toggleHeatmaps()),
            contours: layer("Contours", "C", "Where the heatmap passes half of its scale", () => bar.stage.toggleContours()),
            lesions: layer("Lesions", "L", LESIONS_HELP, () => bar.stage.toggleLesions()),
            marks: layer("Marks", "A", MARKS_HELP, () => bar.stage.editor.toggle()),
            labels: layer("Labels", "T", LABELS_HELP, () => bar.stage.toggleLabels()),
            text: layer("Text", "O", "Name, window and scale over the images", () => bar.toggleText()),
        }
        const { heatmap, ...others } = this.layers
        this.list = create("div", { className: "menu", hidden: true, attributes: { role: "group", "aria-label": "Shown over the images" } },
            heatmap.element, this.scale, ...Object.values(others).map(({ element }) => element))
        this.button = create("button", { type: "button", className: "wide", title: "What is shown over the images",
            onclick: () => this.open(this.list.hidden), attributes: { "aria-expanded": "false" } }, createIcon("layers"), "Show")
        this.element = create("span", { className: "menu-holder" }, this.button, this.list)
        this.element.addEventListener("focusout", ({ relatedTarget }) => {
            if (relatedTarget && !this.element.contains(relatedTarget)) this.open(false)
        })
        this.list.addEventListener("keydown", (event) => this.pressKey(event))
    }

    open(isOpen) {
        this.list.hidden = !isOpen
        this.button.setAttribute("aria-expanded", String(isOpen))
    }

    /** Close the menu for a press of the pointer elsewhere. */
    leave(event) { if (!event.composedPath().includes(this.element)) this.open(false) }

    pressKey(event) {
        if (event.key !== "Escape") return
        event.stopPropagation()
        this.open(false)
        this.button.focus()
    }

    refresh() {
        const { stage, root } = this.bar
        const marks = stage.editor?.marks.known.length ?? 0
        this.opacity.value = stage.opacity
        this.scale.hidden = !stage.hasHeatmaps
        this.layers.heatmap.show(stage.opacity > 0, stage.hasHeatmaps)
        this.layers.contours.show(stage.contours, stage.hasHeatmaps)
        this.layers.lesions.show(stage.lesions, stage.hasLesions)
        this.layers.marks.show(stage.editor?.isShown, marks > 0, marks)
        this.layers.labels.show(stage.labels, stage.hasLabels)
        this.layers.text.show(!root.classList.contains("without-text"), true)
    }
}

/** A line of the menu, with a function that shows whether it is ticked, whether it is there, and how many it has. */
function layer(name, key, title, onchange) {
    const box = create("input", { type: "checkbox", onchange })
    const count = create("span", { className: "count" })
    const element = create("label", { title }, box, create("span", {}, name, count), create("kbd", { ariaHidden: "true" }, key))
    const show = (isTicked, isThere, number = 0) => {
        box.checked = Boolean(isTicked)
        element.hidden = !isThere
        count.textContent = number ? ` (${number})` : ""
    }
    return { element, show }
}
