const WANTED = "mammo: notice at the end of runs"
const UNABLE = "This browser shows no notices from this page's address."
const REFUSED = "The browser doesn't allow notices from this page; its settings for this site change that."
const active = new Set() // runs that were active when last seen; a run's end is shown once

const stored = () => { try { return localStorage.getItem(WANTED) === "1" } catch { return false } }
const store = (wanted) => { try { localStorage.setItem(WANTED, wanted ? "1" : "0") } catch { /* for this page only */ } }
const able = () => window.isSecureContext && "Notification" in window
let wanted = stored()

const show = (run) => {
    const notice = new Notification(`Run ${run.state}`, { body: run.name, tag: run.name })
    notice.onclick = () => { window.focus(); notice.close() }
}

const permitted = async () => {
    if (!able()) return UNABLE
    return await Notification.requestPermission() === "granted" ? "" : REFUSED
}

export default function ({ data, parentElement }) {
    const [box, status] = ["input", "[role=status]"].map((selector) => parentElement.querySelector(selector))
    box.checked = wanted && able() && Notification.permission === "granted"
    box.onchange = async () => {
        const problem = box.checked ? await permitted() : ""
        box.checked = box.checked && !problem
        store(wanted = box.checked)
        status.textContent = problem
    }
    for (const run of data.runs) {
        if (!run.ended) active.add(run.name)
        else if (active.delete(run.name) && box.checked) {
            try { show(run) } catch { status.textContent = UNABLE } // some telephones only let service workers show one
        }
    }
}
