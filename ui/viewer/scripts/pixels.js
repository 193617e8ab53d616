// The pixels of a view: fetched, inflated, and reduced again and again for small pictures.

const SMALLEST = 128  // pixels: longer side below which nothing is reduced any more

/** A sentence to show in the place of a view. */
export class ViewProblem extends Error {}

/** Fetch a view at a resolution ("first" or "complete"). Returns its description and codes, Uint16Array. */
export async function fetchView(address, resolution, signal) {
    const response = await fetch(new URL(`${address}/${resolution}`, document.baseURI), { signal })
    if (response.status === 422) throw new ViewProblem((await response.json()).problem)
    if (response.status === 403) throw new ViewProblem("Sign in again to see this image.")
    if (response.status >= 500) throw new Error(`The server answered ${response.status}`)
    if (!response.ok) throw new ViewProblem("These pixels are no longer here. Show the page again.")
    const message = await response.arrayBuffer()
    const length = new DataView(message).getUint32(0, true)
    const description = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, length)))
    const planes = await inflate(new Uint8Array(message, 4 + length))
    return { description, codes: restoreCodes(planes, description.rows, description.columns) }
}

async function inflate(bytes) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))
    return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** Undo what `deflate_codes` of mammo_core/prediction/view_pixels.py did before it deflated. */
export function restoreCodes(planes, rows, columns) {
    const count = rows * columns
    const codes = new Uint16Array(count)
    const above = new Uint16Array(columns)  // differences between neighbours in the row above
    for (let row = 0, index = 0; row < rows; row++) {
        for (let column = 0, code = 0; column < columns; column++, index++) {
            const folded = (planes[index] << 8) | planes[count + index]
            above[column] += (folded >>> 1) ^ -(folded & 1)
            code = (code + above[column]) & 0xffff
            codes[index] = code
        }
    }
    return codes
}

/** The pixels at this resolution and at halves of it: codes, rows, columns, and source pixels that a pixel covers. */
export function buildPyramid({ description, codes }) {
    const { rows, columns, reduction } = description
    const levels = [{ codes, rows, columns, covers: 2 ** reduction }]
    while (Math.max(levels.at(-1).rows, levels.at(-1).columns) > SMALLEST) levels.push(halve(levels.at(-1)))
    return levels
}

function halve({ codes, rows, columns, covers }) {
    const [half, across] = [Math.ceil(rows / 2), Math.ceil(columns / 2)]
    const means = new Uint16Array(half * across)
    for (let row = 0, index = 0; row < half; row++) {
        const upper = 2 * row * columns
        const lower = Math.min(2 * row + 1, rows - 1) * columns
        for (let column = 0; column < across; column++, index++) {
            const left = 2 * column
            const right = Math.min(left + 1, columns - 1)
            means[index] = (codes[upper + left] + codes[upper + right] + codes[lower + left] + codes[lower + right] + 2) >> 2
        }
    }
    return { codes: means, rows: half, columns: across, covers: 2 * covers }
}
