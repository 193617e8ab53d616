// Where a view's pixels stand on the screen. Lengths of a view are in mm where all views have a spacing, else in pixels.
//
// Views hang with the chest wall in the middle: at the right edge of a right breast, at the left edge of any other. A camera
// looks at a point by its distance from the chest wall and from the breast's middle height, so that one camera fits both sides.

/** What a camera looks at; `u` and `v` are null while the view is filled as `fit` says: by the "breast" or the "image". */
export const filled = (fit = "breast") => ({ fit, zoom: 1, u: null, v: null })

const MIN_ZOOM = 0.25
const MAX_ZOOM = 64
export const limitZoom = (zoom) => Math.min(Math.max(zoom, MIN_ZOOM), MAX_ZOOM)

/** Height and width of a view's source pixel. */
export const unitOf = (description, inMm) => inMm && description.pixel_mm ? description.pixel_mm : [1, 1]

/** The part of a view that is to be seen: top, left, bottom and right as it hangs. */
export function partOf(view, fit, inMm) {
    const { description: { source_rows: rows, source_columns: columns, box } } = view
    const [down, across] = unitOf(view.description, inMm)
    const [top, left, bottom, right] = fit === "breast" && box ? box : [0, 0, rows, columns]
    const [start, end] = isMirrored(view) ? [columns - right, columns - left] : [left, right]
    return { top: top * down, bottom: bottom * down, left: start * across, right: end * across }
}

export const isRight = (view) => view.side === "R"

/** Whether a view is drawn mirrored, so that its chest wall is where it belongs. */
export const isMirrored = (view) =>
    view.description.chest_left !== null && view.description.chest_left === isRight(view)

/** Pixels of the screen for a unit, so that all views are seen at one scale. */
export function commonScale(views, fit, inMm, width, height) {
    const scales = views.map((view) => {
        const part = partOf(view, fit, inMm)
        return Math.min(width / (part.right - part.left), height / (part.bottom - part.top))
    })
    return Math.min(...scales)
}

/** The point in the middle of the screen, as the view hangs, and the scale. */
export function lookAt(view, camera, base, inMm, width) {
    const part = partOf(view, camera.fit, inMm)
    const scale = base * camera.zoom
    const u = camera.u ?? width / 2 / scale
    const x = isRight(view) ? part.right - u : part.left + u
    return { x, y: (part.top + part.bottom) / 2 + (camera.v ?? 0), scale }
}

/** The camera that has a point in the middle of the screen. */
export function cameraAt(view, camera, inMm, { x, y, scale }, base) {
    const part = partOf(view, camera.fit, inMm)
    const u = isRight(view) ? part.right - x : x - part.left
    return { fit: camera.fit, zoom: scale / base, u, v: y - (part.top + part.bottom) / 2 }
}

/** Convert a length of the screen from its left top corner into source pixels: start, and step for one pixel of it. */
export function toSource(view, look, inMm, width, height) {
    const [down, across] = unitOf(view.description, inMm)
    const top = (look.y - height / 2 / look.scale) / down
    const left = (look.x - width / 2 / look.scale) / across
    const [stepDown, stepAcross] = [1 / look.scale / down, 1 / look.scale / across]
    return isMirrored(view)
        ? { x: view.description.source_columns - left, y: top, stepX: -stepAcross, stepY: stepDown }
        : { x: left, y: top, stepX: stepAcross, stepY: stepDown }
}

/** The level of a pyramid of which a pixel of the screen covers about one pixel, and how it is sampled. */
export function sampling(levels, source, shift, density) {
    const [stepX, stepY] = [source.stepX / density, source.stepY / density]
    const level = levels.findLast(({ covers }) => covers <= Math.abs(stepY) * 1.01) ?? levels[0]
    return {
        level,
        origin: [(source.x + shift) / level.covers, (source.y + shift) / level.covers],
        stride: [stepX / level.covers, stepY / level.covers],
    }
}

const OPPOSITE = { A: "P", P: "A", R: "L", L: "R", H: "F", F: "H" }
const opposite = (direction) => [...direction].map((letter) => OPPOSITE[letter]).join("")

/** Where the edges of a view lie in the patient: left, right, top and bottom; null where the file doesn't say it. */
export function markersOf(view) {
    if (!view.description.directions) return null
    const [row, column] = view.description.directions
    const right = isMirrored(view) ? opposite(row) : row
    return { left: opposite(right), right, top: opposite(column), bottom: column }
}

const SCREEN_PIXELS_PER_MM = 96 / 25.4  // CSS pixels, as browsers count them

/** Pixels of the screen for a unit at which a view is as large as the breast; null where the size of its pixels isn't known. */
export function trueScale({ description }, inMm) {
    if (!description.pixel_mm) return null
    return inMm ? SCREEN_PIXELS_PER_MM : SCREEN_PIXELS_PER_MM * description.pixel_mm[1]
}

/** The same at which each of its pixels has one of the screen; `density` of these are a CSS pixel. */
export const pixelScale = ({ description }, inMm, density) => 1 / unitOf(description, inMm)[1] / density

const BARS_MM = [1, 2, 5, 10, 20, 50, 100]

/** The length of a scale bar in mm, and in pixels of the screen; null without a spacing. */
export function scaleBar(view, look, inMm, width) {
    if (!view.description.pixel_mm) return null
    const perMm = inMm ? look.scale : look.scale / view.description.pixel_mm[1]
    const length = BARS_MM.findLast((mm) => mm * perMm <= width / 4) ?? BARS_MM[0]
    return { length, pixels: length * perMm }
}
