"""Show a run's example breasts with their activation map after each epoch."""

from pathlib import Path

import streamlit as st

from mammo_core.models.example_maps import EXAMPLE_MAPS, ExampleMaps, read_example_maps
from mammo_core.prediction.example_pictures import OPACITY, example_picture
from mammo_core.prediction.rendering import cam_legend, to_png
from mammo_core.storage.hashing import FileStates, file_states
from ui.session import errors_shown_here

LATEST = "latest"
LABELS = ("negative", "positive")
BADGES = (":blue-badge[negative]", ":orange-badge[positive]")


def show_example_breasts(run: Path) -> None:
    """Show the example breasts of a run after an epoch that the user chooses.

    Nothing is shown before the first epoch, and for a run that kept none.

    Args:
        run: the run's folder.
    """
    with errors_shown_here():
        states = file_states([run / EXAMPLE_MAPS])
        maps = read_once(run, states)
        if maps is None or not len(maps.epochs) or not len(maps.labels):
            return
        st.markdown("**Example breasts**")
        epoch = choose_epoch(run.name, maps.epochs.tolist())
        with st.container(key=f"examples of {run.name}"):  # the style sheet puts two side by side on a small screen
            cells = st.columns(max(len(maps.labels), 4), gap="small")
        pictures = draw_once(run, states, epoch)
        for index, label in enumerate(maps.labels.tolist()):
            with cells[index]:
                show_example(pictures[index], maps, epoch, index, label)
        show_explanation(maps)


@st.cache_data(show_spinner=False, max_entries=16)
def read_once(run: Path, states: FileStates) -> ExampleMaps | None:
    """Read a run's example maps, again only after the file has changed."""
    return read_example_maps(run)


@st.cache_data(show_spinner=False, max_entries=64)
def draw_once(run: Path, states: FileStates, epoch: int) -> list[bytes]:
    """Draw a run's examples after an epoch, as PNG files; once for all sessions."""
    maps = read_once(run, states)
    return [] if maps is None else [example_picture(maps, epoch, index) for index in range(len(maps.labels))]


def choose_epoch(run: str, epochs: list[int]) -> int:
    """Let the user choose an epoch; the latest one follows the training."""
    key = f"epoch of {run}"
    chosen = st.select_slider("Epoch", [*epochs, LATEST], value=LATEST, key=key, width=420)
    return next((epoch for epoch in epochs if epoch == chosen), epochs[-1])


def show_example(picture: bytes, maps: ExampleMaps, epoch: int, index: int, label: int) -> None:
    """Show one example with its label and probability."""
    probability = maps.probability(epoch, index)
    alt = f"Example {index + 1}, {LABELS[label]}, after epoch {epoch}: predicted {probability:.2f}"
    st.image(picture, width="stretch", output_format="PNG", alt=alt)
    st.caption(f"{BADGES[label]} predicted {probability:.2f} after epoch {epoch:d}")


def show_explanation(maps: ExampleMaps) -> None:
    """Show what the pictures and their colours mean."""
    st.caption(
        "The same images of the validation part after each epoch. Their probabilities aren't calibrated; "
        "a few images show how the network develops, not how good it is."
    )
    if not maps.has_cams:
        st.caption("This network has no class activation map, so the images are shown without one.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(to_png(cam_legend(OPACITY)), width=120, output_format="PNG", alt="Colours of the heatmap, low to high")
        st.caption("Where the network sees signs of cancer, from none to most, on one scale for all epochs.")
