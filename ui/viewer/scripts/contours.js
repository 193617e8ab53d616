// Lines around the hottest regions of a heatmap: where it passes a level, between the middles of its cells.

export const LEVEL = 0.5  // of the scale: half of what the hottest position of a typical positive image adds

// Which edges of a square a line connects, by which of its corners are hot: 1 left top, 2 right top, 4 right bottom, 8 left bottom
const EDGES = [[], ["left", "top"], ["top", "right"], ["left", "right"], ["right", "bottom"], ["left", "top", "right", "bottom"],
    ["top", "bottom"], ["left", "bottom"], ["bottom", "left"], ["top", "bottom"], ["top", "right", "bottom", "left"],
    ["right", "bottom"], ["left", "right"], ["top", "right"], ["left", "top"], []]

/** The lines of a heatmap as pairs of points; each point is a share of the frame's width and height. */
export function contoursOf({ rows, columns, levels }) {
    const bytes = Uint8Array.from(atob(levels), (letter) => letter.charCodeAt(0))
    const at = (row, column) => (row < 0 || column < 0 || row >= rows || column >= columns ? 0 : bytes[row * columns + column] / 255)
    const lines = []
    for (let row = -1; row < rows; row++) {
        for (let column = -1; column < columns; column++) {
            const corners = [at(row, column), at(row, column + 1), at(row + 1, column + 1), at(row + 1, column)]
            const edges = EDGES[corners.reduce((kind, value, bit) => kind + (value >= LEVEL ? 2 ** bit : 0), 0)]
            const points = edges.map((edge) => crossing(edge, corners)).map(
                ([x, y]) => [(column + 0.5 + x) / columns, (row + 0.5 + y) / rows])
            for (let index = 0; index < points.length; index += 2) lines.push([points[index], points[index + 1]])
        }
    }
    return lines
}

/** Where a line crosses an edge of a square. */
function crossing(edge, [leftTop, rightTop, rightBottom, leftBottom]) {
    const share = (start, end) => (LEVEL - start) / (end - start)
    if (edge === "top") return [share(leftTop, rightTop), 0]
    if (edge === "bottom") return [share(leftBottom, rightBottom), 1]
    if (edge === "left") return [0, share(leftTop, leftBottom)]
    return [1, share(rightTop, rightBottom)]
}

/** Draw lines over a view. */
export function drawContours(context, lines, source, { source_rows: rows, source_columns: columns }, density) {
    context.beginPath()
    for (const line of lines) {
        const [start, end] = line.map(([x, y]) => [
            (x * columns - source.x) / source.stepX * density, (y * rows - source.y) / source.stepY * density])
        context.moveTo(...start)
        context.lineTo(...end)
    }
    for (const [width, colour] of [[3.5, "rgb(0 0 0 / 0.6)"], [1.5, "rgb(255 240 120)"]]) {
        context.lineWidth = width * density
        context.strokeStyle = colour
        context.stroke()
    }
}
