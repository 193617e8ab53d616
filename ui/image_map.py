"""Show a data set's imported images as a map, and those that are selected.

This is the tab Map of the Explore page.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from mammo_core.assessment.image_predictions import image_predictions, predicting_models
from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.store import MANIFEST, Store
from mammo_core.doctor.image_map import open_map
from mammo_core.documents.image_map import ImageMap
from mammo_core.errors import MammoError, StoreUnchecked
from mammo_core.figures.image_map import PREDICTION, MapFigure, colourings, map_figure
from mammo_core.storage.hashing import FileStates, file_states
from mammo_core.storage.path_text import path_text
from ui.image_grid import Parameters, show_images
from ui.literal import literal
from ui.quality import choose_store, quality_address
from ui.session import current_workspace, errors_shown, errors_shown_here

MAP = "Map"  # name of the tab
KEPT = 4  # maps that are kept for all sessions
BY_MODEL = "Prediction of "  # before the name of a model
MEANING = (
    "Images that lie close together look alike to the network: in shape, density and texture of the breast. How far two groups "
    "are from each other, how large a group is, and the directions mean nothing. Nor does it mean that two images have the same "
    "outcome: a cancer is a small part of an image."
)
BUTTONS = [["lasso2d", "select2d"], ["pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]]
HOW = "Draw around points with the lasso, or with the box, to see their images below. A double click clears the selection."


def show_map(catalogue: Catalogue, images: pd.DataFrame, prepared: Mapping[str, Path], parameters: Parameters) -> None:
    """Show the map of a data set's imported images.

    Args:
        catalogue: the data set.
        images: rows of its table that the filters keep.
        prepared: PNG files of prepared stores, by image_id.
        parameters: see `show_images`.
    """
    bar = st.container(horizontal=True, vertical_alignment="bottom")
    store = choose_store(catalogue, bar, "so there is no map of them")
    if store is None:
        return
    known = known_map(store)
    if known is None:
        return
    document, table = known
    shown = table[table["image_id"].astype("str").isin(list(images["image_id"]))]
    if shown.empty:
        st.info("None of the images that the filters keep is on the map.", icon=":material/filter_alt_off:")
        return
    with bar:
        by = choose_colouring(store, table)
    sentence = f"{len(shown):,} images. {MEANING} {document.describe()}"
    with errors_shown():
        key, drawn = f"map of {store.name} by {by}", draw(store, shown, by)
    st.fragment(errors_shown_here()(show_points))(drawn, key, sentence, images, prepared, parameters)


def known_map(store: Store) -> tuple[ImageMap, pd.DataFrame] | None:
    """Return the map of a store, see `open_map`; without a sound one, lead to Quality."""
    try:
        return map_of(store, path_text(store.folder), map_states(store))
    except StoreUnchecked as error:
        st.info(f"{literal(error)} The check draws the map.", icon=":material/scatter_plot:")
    except MammoError as error:
        st.error(literal(error))
    st.page_link(
        "pages/explore.py",
        label="Go to Quality",
        icon=":material/arrow_forward:",
        query_params=quality_address(store),
    )
    return None


def show_points(
    drawn: MapFigure,
    key: str,
    sentence: str,
    images: pd.DataFrame,
    prepared: Mapping[str, Path],
    parameters: Parameters,
) -> None:
    """Show the map, and below it the images of the selected points.

    A fragment calls this, so that a selection doesn't draw the page around it.

    Args:
        drawn: the map.
        key: of the chart: one that is coloured in another way has no selection.
        sentence: what the map means.
        images: rows of the data set's table.
        prepared: see `show_map`.
        parameters: see `show_map`.
    """
    chosen = st.plotly_chart(
        drawn.figure,
        key=key,
        config={"displaylogo": False, "modeBarButtons": BUTTONS},
        selection_mode=("box", "lasso"),
        on_select="rerun",
        alt=sentence,
    )
    st.caption(literal(sentence))
    points = chosen.selection.points
    selected = drawn.selected((point["curve_number"], point["point_index"]) for point in points)
    if not selected:
        st.markdown(HOW)
        return
    count = "1 image is" if len(selected) == 1 else f"{len(selected):,} images are"
    st.markdown(f"**{count} selected.**")
    show_images(images[images["image_id"].isin(selected)], prepared, parameters)


def choose_colouring(store: Store, table: pd.DataFrame) -> str:
    """Let the user choose by what the points are coloured."""
    predicted = [f"{BY_MODEL}{name}" for name in predicting_models(current_workspace(), store)]
    choices = [*colourings(table), *predicted]
    return st.selectbox("Colour by", choices, key=f"colour of {store.name}", width=260)


def draw(store: Store, table: pd.DataFrame, by: str) -> MapFigure:
    """Draw the points in a colour, see `choose_colouring`."""
    if not by.startswith(BY_MODEL):
        return map_figure(table, by)
    predictions = image_predictions(current_workspace(), by.removeprefix(BY_MODEL), store)
    return map_figure(table.assign(**{PREDICTION: table["image_id"].astype("str").map(predictions)}), PREDICTION)


def map_states(store: Store) -> FileStates:
    """Return the states of a store's images and of their map."""
    return file_states([store.folder / MANIFEST, store.folder / ImageMap.file_name])


@st.cache_resource(show_spinner="Reading the map …", max_entries=KEPT)
def map_of(_store: Store, folder: str, states: FileStates) -> tuple[ImageMap, pd.DataFrame]:
    """Return the map of a store, which is read again when it changes."""
    return open_map(_store)
