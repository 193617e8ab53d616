// Windows and tables: from modality values to grey levels, as mammo_core/dicom/voi.py does it (PS3.3 C.11.2).

export const CODES = 65536
const WHITE = 255
const clip = (share) => Math.min(Math.max(share, 0), 1)

/** What a user chose for a view: a preset by name, how it was changed, and whether black and white are exchanged. */
export const unchanged = (preset = "") => ({ preset, level: 0, contrast: 1, inverted: false })

export const presetOf = (description, choice) =>
    description.presets.find(({ name }) => name === choice.preset) ?? description.presets[0]

/** The function, centre and width that a choice means for a view; `table` has the entries where a table is unchanged. */
export function windowOf(description, choice) {
    const preset = presetOf(description, choice)
    if (choice.level === 0 && choice.contrast === 1) {
        return { ...preset, table: preset.function === "TABLE" ? entriesOf(preset) : null }
    }
    const brighter = description.inversion_sum === null ? 1 : -1  // windows hold before MONOCHROME1 is inverted
    return {
        function: preset.function === "TABLE" ? "LINEAR_EXACT" : preset.function,
        centre: preset.centre + brighter * choice.level * preset.width,
        width: Math.max(preset.width * choice.contrast, description.step),
        table: null,
    }
}

function entriesOf(preset) {
    const bytes = Uint8Array.from(atob(preset.entries), (letter) => letter.charCodeAt(0))
    return new Uint16Array(bytes.buffer)
}

/** The share of white of a modality value. */
function shareOf(shown, value) {
    const { centre, width } = shown
    if (shown.table) {
        const index = Math.round(value) - shown.first
        return clip(shown.table[Math.min(Math.max(index, 0), shown.table.length - 1)] / (2 ** shown.bits - 1))
    }
    if (shown.function === "SIGMOID") return 1 / (1 + Math.exp(Math.min(Math.max(-4 * (value - centre) / width, -80), 80)))
    if (shown.function === "LINEAR_EXACT") return clip((value - centre) / width + 0.5)
    if (width <= 1) return value > centre - 0.5 ? 1 : 0
    return clip((value - (centre - 0.5)) / (width - 1) + 0.5)
}

/** The grey level of each code, Uint8Array (65536). */
export function levelTable(description, choice) {
    const shown = windowOf(description, choice)
    const { lowest, step, inversion_sum: sum } = description
    const levels = new Uint8Array(CODES)
    for (let code = 0; code < CODES; code++) {
        const value = lowest + step * code
        const share = sum === null ? shareOf(shown, value) : 1 - shareOf(shown, sum - value)
        levels[code] = Math.round((choice.inverted ? 1 - share : share) * WHITE)
    }
    return levels
}
