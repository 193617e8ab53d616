// How marks are drawn, and which part of which one the pointer is at. All lengths are in source pixels unless they say otherwise.

const REACH = 9  // CSS pixels within which the pointer is at a handle
const SMALLEST = 2  // source pixels that a side of a mark has at least
const COLOURS = { malignant: "rgb(0 220 255)", benign: "rgb(120 230 90)", unsure: "rgb(255 183 90)" }
const EDGES = [null, "left", "right"].flatMap((side) => [null, "top", "bottom"].map((level) => [level, side])).slice(1)

const middle = (mark, start, end) => (mark[start] + mark[end]) / 2

/** A point of the screen, in CSS pixels from a view's left top corner, in source pixels. */
export const pointAt = (source, x, y) => ({ x: source.x + x * source.stepX, y: source.y + y * source.stepY })

/** The same the other way round. */
const onScreen = (source, x, y) => [(x - source.x) / source.stepX, (y - source.y) / source.stepY]

/** The corners and edges by which a mark is resized, in CSS pixels. */
function handlesOf(mark, source) {
    return EDGES.map(([level, side]) => {
        const x = side ? mark[side] : middle(mark, "left", "right")
        const y = level ? mark[level] : middle(mark, "top", "bottom")
        return { edges: [level, side], at: onScreen(source, x, y) }
    })
}

/** The handle of a mark at a point of the screen; null where there is none. */
export function handleAt(mark, source, x, y) {
    const near = handlesOf(mark, source).filter(({ at }) => Math.hypot(at[0] - x, at[1] - y) <= REACH)
    return near.at(-1)?.edges ?? null  // corners come last
}

export function contains(mark, { x, y }) {
    const across = (x - middle(mark, "left", "right")) / (mark.right - mark.left) * 2
    const down = (y - middle(mark, "top", "bottom")) / (mark.bottom - mark.top) * 2
    return mark.shape === "box" ? Math.abs(across) <= 1 && Math.abs(down) <= 1 : across ** 2 + down ** 2 <= 1
}

/** The smallest mark around a point, or null. */
export function markAt(marks, point) {
    const area = ({ top, left, bottom, right }) => (bottom - top) * (right - left)
    return marks.filter((mark) => contains(mark, point)).sort((one, other) => area(one) - area(other))[0] ?? null
}

const clamp = (value, highest) => Math.min(Math.max(value, 0), highest)

/** The box between two points, within the frame of a view. */
export function boxBetween(one, other, { source_rows: rows, source_columns: columns }) {
    return {
        top: clamp(Math.min(one.y, other.y), rows), bottom: clamp(Math.max(one.y, other.y), rows),
        left: clamp(Math.min(one.x, other.x), columns), right: clamp(Math.max(one.x, other.x), columns),
    }
}

/** A mark that was moved as a whole; it stays within the frame. */
export function moved(mark, x, y, { source_rows: rows, source_columns: columns }) {
    const [height, width] = [mark.bottom - mark.top, mark.right - mark.left]
    const top = Math.min(Math.max(mark.top + y, 0), rows - height)
    const left = Math.min(Math.max(mark.left + x, 0), columns - width)
    return { ...mark, top, left, bottom: top + height, right: left + width }
}

/** A mark of which one or two edges were moved. */
export function resized(mark, [level, side], x, y, description) {
    const changed = { ...mark }
    if (level) changed[level] += y
    if (side) changed[side] += x
    const box = boxBetween({ x: changed.left, y: changed.top }, { x: changed.right, y: changed.bottom }, description)
    return isLarge(box) ? { ...changed, ...box } : mark
}

export const isLarge = ({ top, left, bottom, right }) => bottom - top >= SMALLEST && right - left >= SMALLEST

/** Draw marks over a view; the one that is selected has handles. */
export function drawMarks(context, marks, source, density, selected) {
    context.save()
    context.scale(density, density)
    context.font = "12px sans-serif"
    context.textBaseline = "bottom"
    for (const mark of marks) {
        outline(context, mark, source, mark.id === selected)
        if (mark.id !== selected) continue
        for (const { at: [x, y] } of handlesOf(mark, source)) {
            context.fillStyle = "white"
            context.fillRect(x - 4, y - 4, 8, 8)
            context.lineWidth = 1
            context.strokeStyle = "black"
            context.strokeRect(x - 4, y - 4, 8, 8)
        }
    }
    context.restore()
}

function outline(context, mark, source, isSelected) {
    const [[x1, y1], [x2, y2]] = [onScreen(source, mark.left, mark.top), onScreen(source, mark.right, mark.bottom)]
    const [left, right] = [Math.min(x1, x2), Math.max(x1, x2)]
    context.beginPath()
    if (mark.shape === "box") context.rect(left, y1, right - left, y2 - y1)
    else context.ellipse((left + right) / 2, (y1 + y2) / 2, (right - left) / 2, (y2 - y1) / 2, 0, 0, 2 * Math.PI)
    for (const [width, colour] of [[isSelected ? 5 : 4, "rgb(0 0 0 / 0.6)"], [isSelected ? 3 : 2, COLOURS[mark.finding]]]) {
        context.lineWidth = width
        context.strokeStyle = colour
        context.stroke()
    }
    const name = mark.finding === "unsure" ? `${mark.kind}?` : mark.kind
    context.lineWidth = 3
    context.strokeStyle = "black"
    context.strokeText(name, left, y1 - 3)
    context.fillStyle = COLOURS[mark.finding]
    context.fillText(name, left, y1 - 3)
}
