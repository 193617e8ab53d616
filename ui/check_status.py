"""Check the images of imported data: start, follow, stop and resume."""

from collections.abc import Sequence
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mammo_core.dataset.store import Store
from mammo_core.dataset.store_checks import StoreCheck, comparable_stores, estimate_check
from mammo_core.documents.job import FINAL
from mammo_core.jobs.doctor import DoctorJob, check_job, last_request
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.process import launch
from mammo_core.models.registry import compatible_models
from ui.access.sign_in import request
from ui.literal import literal
from ui.session import announce, current_workspace, errors_shown, errors_shown_here, state_badge
from ui.stop_button import show_stop_button

REFRESH_SECONDS = 1.0
WHAT = (
    "The check looks for the same exposure twice, also under other patients; sides and views that contradict the pixels; "
    "ages and labels that contradict each other; images unlike all others; labels that other patients' images speak "
    "against; and what gives the label away beside the breast."
)
COMPARE_HELP = "The same exposures are looked for in these, too: other data sets, prepared in the same way."
MODELS_HELP = (
    "Models for images of this size. Images are listed whose exposure such a model was trained on, under whatever name; its "
    "evaluation on these data leaves their patients out."
)


def show_check(bar: DeltaGenerator, store: Store, images: int, check: StoreCheck | None, damaged: bool) -> None:
    """Show the state of a store's check, and what can be done about it.

    Args:
        bar: where the button to start a check belongs.
        store: the imported data.
        images: how many they are.
        check: the last one that came to its end; None without one.
        damaged: whether its report can't be read.
    """
    job = check_job(current_workspace(), store.name)
    if job.exists and job.state() not in FINAL:
        st.fragment(errors_shown_here()(follow_check), run_every=REFRESH_SECONDS)(job)
        return
    if not images:
        st.info("No image was imported, so there is nothing to check.", icon=":material/photo_library:")
        return
    if check is None and not damaged:
        st.info(
            f"These {images:,} images aren't checked yet. {WHAT} It takes {literal(estimate_check(images))} on two "
            "processor cores, and goes on while this page is closed.",
            icon=":material/stethoscope:",
        )
    interrupted = job.exists and (state := job.state()) != "finished"
    if interrupted:
        st.markdown(f"{state_badge(state)} {literal(job.message())}")
    if check is not None and check.outdated:
        st.warning(
            "These images were imported anew after the check. Check them again: what is listed here may be out of date.",
            icon=":material/history:",
        )
    label = "Resume the check" if interrupted else "Check again" if check is not None or damaged else "Check the images"
    with bar:
        start = offer_check(store, last_request(job), label, is_first=check is None)
    if start is not None:
        start_check(start)


def follow_check(job: JobFolder) -> None:
    """Show the progress of a check; a fragment calls this every second."""
    if job.state() in FINAL:
        announce(f"Check of {job.name}: {job.state()}.")
        st.rerun()  # the complete page once more, without polling
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.progress(job.fraction(), text=literal(job.progress_text()))
    with right:
        show_stop_button(job, "What was computed is kept, and an earlier report stays.")


def offer_check(store: Store, last: DoctorJob | None, label: str, *, is_first: bool) -> DoctorJob | None:
    """Show the button that starts a check, and what to compare with.

    Args:
        store: the imported data.
        last: the last check that was requested.
        label: of the button.
        is_first: whether nothing of an earlier check can be shown.

    Returns:
        The check, once the button was clicked; else None.
    """
    others = choose_compared(
        "Compare with",
        comparable_stores(current_workspace(), store),
        last.others if last else (),
        f"compare {store.name}",
        "no other data",
        COMPARE_HELP,
    )
    models = choose_compared(
        "Trained models",
        compatible_models(current_workspace(), store.preprocessing),
        last.models if last else (),
        f"models {store.name}",
        "no model",
        MODELS_HELP,
    )
    kind: Literal["primary", "secondary"] = "primary" if is_first else "secondary"
    clicked = st.button(literal(label), key="check images", icon=":material/stethoscope:", type=kind)
    return DoctorJob(store=store.name, others=tuple(others), models=tuple(models)) if clicked else None


def choose_compared(
    label: str, names: Sequence[str], last: Sequence[str], key: str, placeholder: str, explanation: str
) -> list[str]:
    """Let the user choose what a check compares with, if there is anything.

    Args:
        label: of the box.
        names: to choose from.
        last: chosen for the last check.
        key: of the box.
        placeholder: shown while nothing is chosen.
        explanation: what the choice is for.
    """
    if not names:
        return []
    kept = [name for name in last if name in names]
    return st.multiselect(
        literal(label), names, kept, placeholder=placeholder, key=key, help=literal(explanation), width=260
    )


def start_check(job: DoctorJob) -> None:
    """Start a check and show the page again; an error ends the page here."""
    with errors_shown(), st.spinner("Starting …"):
        request("check data", job.store)
        launch(job, current_workspace())
    st.rerun()
