"""Let the browser show a notice when a run ends, if the user wants that.

The browser asks for its permission only after the user's click, and remembers the choice. The page that follows the run shows
the notice itself, also from a tab in the background, so it must stay open. Nothing is fetched from or sent to any server.
"""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from mammo_core.documents.job import FINAL
from mammo_core.jobs.folder import JobFolder

FOLLOWED = "runs with notices"  # in the session: those that were active while their page was open
_notice = st.components.v2.component(
    "run_notice",
    html='<label class="notice"><input type="checkbox"> Notify me when the run ends</label> <span role="status"></span>',
    css=Path(__file__).with_name("run_notice.css").read_text(encoding="utf-8"),
    js=Path(__file__).with_name("run_notice.js").read_text(encoding="utf-8"),
)


def offer_notice(runs: Sequence[JobFolder]) -> None:
    """Offer a notice at the end of runs.

    Nothing is shown unless one of them is active, or was while the page is open.

    Args:
        runs: those that the page follows.
    """
    states = {run.name: run.state() for run in runs}
    followed = st.session_state.setdefault(FOLLOWED, set())
    followed.update(name for name, state in states.items() if state not in FINAL)
    shown = [
        {"name": name, "state": state, "ended": state in FINAL} for name, state in states.items() if name in followed
    ]
    if shown:
        _notice(key="notice of runs", data={"runs": shown}, height="content")
