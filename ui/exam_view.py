"""One exam as it hangs on a page: its views with what the model makes of them, and each in full resolution."""

import numpy as np
import pandas as pd
import streamlit as st

from mammo_core.errors import ImageError
from mammo_core.figures.viewer import zoom_figure
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.rendering import hang, outline_lesions, overlay, to_png
from mammo_core.prediction.viewing import View, ViewSettings, hang_rows
from mammo_core.preprocess import to_source
from mammo_core.storage.hashing import modified_time
from ui.resources import predictor, view_of
from ui.session import errors_shown

INPUT_WIDTH = 208  # pixels of the page: beside two views of the usual width four pictures fit into a row


def show_exam(images: pd.DataFrame, bundle: Bundle | None, lesions: pd.DataFrame | None, look: ViewSettings) -> None:
    """Hang a patient's views: right breast at the left, chest walls together.

    Args:
        images: the patient's rows of the catalogue.
        bundle: the model to ask for probabilities and heat, or None.
        lesions: lesions to outline, or None.
        look: how.
    """
    for right, left in hang_rows(images):
        with st.container(horizontal=True, horizontal_alignment="center", gap="xxsmall"):
            if look.inputs:
                show_input(right, bundle)
            for image in (right, left):
                with st.container(width=look.width):
                    if image is not None:
                        show_image(image, bundle, lesions, look)
            if look.inputs:
                show_input(left, bundle)


def show_input(image: pd.Series | None, bundle: Bundle | None) -> None:
    """Show what the network sees of an image; nothing if there is no such image or no breast in it."""
    with st.container(width=INPUT_WIDTH):
        if image is None:
            return
        try:
            view = view_of(image["file"], modified_time(image["file"]), bundle)
        except ImageError:
            return  # its own place says why
        if view.model_input is not None:
            st.image(view.model_input, caption="What the network sees, chest wall at the left")


def show_image(image: pd.Series, bundle: Bundle | None, lesions: pd.DataFrame | None, look: ViewSettings) -> None:
    """Show one image, or why it can't be shown."""
    name = f"{image['laterality']} {image['view']}"
    try:
        view = view_of(image["file"], modified_time(image["file"]), bundle, look.levels)
    except ImageError as error:
        st.warning(f"**{name}** · image {image['image_id']}: {error}", icon=":material/broken_image:")
        return
    probability, cam = predict_image(view, bundle)
    st.image(to_png(drawn(view, image, cam, lesions, look.opacity)), width="stretch")
    text, button, details = st.columns([4, 1, 1], vertical_alignment="center")
    score = "" if probability is None else f" · probability **{probability:.2f}**"
    label = " · :orange-badge[cancer]" if image["cancer"] == 1 else ""
    text.markdown(f":small[{name} · image {image['image_id']}]{score}{label}")
    if button.button(
        "", icon=":material/zoom_in:", key=f"zoom {image['image_id']}", help="Full resolution", type="tertiary"
    ):
        zoom(image, bundle, lesions, look)
    if view.model_input is None:
        st.warning(view.notes[-1], icon=":material/broken_image:")  # why the network can't see it
    with details.popover("", icon=":material/info:", type="tertiary", help="Details"):
        for note in view.notes:
            st.caption(note)
        st.dataframe(pd.Series(view.tags, name="value").rename_axis("tag"))


@st.dialog("Full resolution", width="large")
def zoom(image: pd.Series, bundle: Bundle | None, lesions: pd.DataFrame | None, look: ViewSettings) -> None:
    """Show one image in all its pixels."""
    with errors_shown():
        view = view_of(image["file"], modified_time(image["file"]), bundle, look.levels, full=True)
    st.caption(
        f"{view.source_columns} × {view.source_rows} pixels. Scroll to zoom, drag to move, double-click to reset."
    )
    picture = drawn(view, image, predict_image(view, bundle)[1], lesions, look.opacity)
    st.plotly_chart(zoom_figure(picture), key="zoom", config={"scrollZoom": True})


def predict_image(view: View, bundle: Bundle | None) -> tuple[float | None, np.ndarray | None]:
    """Return a model's probability and heat for an image, if one is asked and there is a model input."""
    if bundle is None or view.model_input is None:
        return None, None
    probabilities, cam, _ = predictor(bundle)(view.model_input[np.newaxis])
    return float(probabilities[0]), None if cam is None else cam[0]


def drawn(
    view: View, image: pd.Series, cam: np.ndarray | None, lesions: pd.DataFrame | None, opacity: float
) -> np.ndarray:
    """Return the picture with heat and lesions laid over it, hung."""
    picture = view.picture
    if cam is not None and view.geometry is not None:
        picture = overlay(picture, to_source(cam, view.geometry, *picture.shape), opacity)
    if lesions is not None:
        lesions = lesions[lesions["image_id"] == image["image_id"]]
        picture = outline_lesions(picture, lesions, view.source_rows, view.source_columns)
    chest_left = not view.geometry.flipped if view.geometry else image["laterality"] == "L"
    return hang(picture, image["laterality"], chest_left)
