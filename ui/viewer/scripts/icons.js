// Signs of the buttons, drawn in a square of 20 by 20: lines, and areas that are filled.

const SVG = "http://www.w3.org/2000/svg"
const SIGNS = {
    window: { lines: "M10 3a7 7 0 1 0 0 14a7 7 0 1 0 0-14", areas: "M10 3a7 7 0 0 1 0 14z" },
    move: { lines: "M10 2.5v15M2.5 10h15M7.5 5L10 2.5L12.5 5M7.5 15L10 17.5L12.5 15M5 7.5L2.5 10L5 12.5M15 7.5L17.5 10L15 12.5" },
    zoom: { lines: "M8.5 3a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M12.5 12.5L17 17M8.5 6v5M6 8.5h5" },
    box: { lines: "M3 5.5h14v9h-14z" },
    ellipse: { lines: "M3 10a7 5 0 1 0 14 0a7 5 0 1 0-14 0" },
    undo: { lines: "M7 4L3.5 7.5L7 11M3.5 7.5H12a4.5 4.5 0 0 1 0 9H8" },
    redo: { lines: "M13 4L16.5 7.5L13 11M16.5 7.5H8a4.5 4.5 0 0 0 0 9h4" },
    inverted: { lines: "M3.5 3.5h13v13h-13z", areas: "M3.5 16.5L16.5 3.5v13z" },
    reset: { lines: "M4 10a6 6 0 1 0 2-4.5M5.5 2v4h4" },
    single: { lines: "M3.5 3.5h13v13h-13zM10 10v6.5M10 10h6.5", areas: "M3.5 3.5h6.5v6.5h-6.5z" },
    linked: { lines: "M8.3 11.7a3 3 0 0 0 4.3 0l2.8-2.8a3 3 0 0 0-4.3-4.3l-1.2 1.2M11.7 8.3a3 3 0 0 0-4.3 0l-2.8 2.8a3 3 0 0 0 4.3 4.3l1.2-1.2" },
    layers: { lines: "M10 3.5L17 7.5L10 11.5L3 7.5zM3 11.5L10 15.5L17 11.5" },
    details: { lines: "M10 3a7 7 0 1 0 0 14a7 7 0 1 0 0-14M10 9.5v4M10 6.4v0.2" },
    screen: { lines: "M3.5 7.5v-4h4M12.5 3.5h4v4M16.5 12.5v4h-4M7.5 16.5h-4v-4" },
    keys: { lines: "M7 7.5a3 3 0 1 1 4.2 2.7c-0.8 0.4-1.2 0.9-1.2 1.8M10 15v0.2" },
}

/** The sign of a button; the button itself has a name for those who don't see it. */
export function createIcon(name) {
    const { lines, areas } = SIGNS[name]
    const icon = document.createElementNS(SVG, "svg")
    icon.setAttribute("viewBox", "0 0 20 20")
    icon.setAttribute("aria-hidden", "true")
    icon.append(path(lines, "line"))
    if (areas) icon.append(path(areas, "area"))
    return icon
}

function path(shape, className) {
    const element = document.createElementNS(SVG, "path")
    element.setAttribute("d", shape)
    element.setAttribute("class", className)
    return element
}
