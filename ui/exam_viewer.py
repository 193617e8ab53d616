"""Show exams in the viewer: a patient's, and those of predicted files."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.patients import patient_exams
from mammo_core.dicom.header import Source
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.files import InputFile
from mammo_core.prediction.image_results import ImagePrediction, UnreadableImage
from mammo_core.prediction.viewer_layout import Annotations, lay_out_patient, lay_out_predictions
from mammo_core.prediction.viewing import (
    HungImage,
    HungRow,
    ViewSettings,
    beyond_model,
    by_source,
    hang_catalogue_predictions,
    out_of_distribution,
)
from ui.exam_view import (
    INPUT_WIDTH,
    describe_image,
    predict_exam,
    show_details,
    show_no_files,
    show_reservations,
    show_rows,
)
from ui.literal import literal
from ui.mark_access import grant_marks
from ui.pixel_route import grant_pixels, grant_upload
from ui.prediction_view import choose_settings
from ui.resources import sandbox
from ui.viewer import is_supported, show_viewer

Predictions = dict[Source, ImagePrediction | UnreadableImage]


def show_patient_viewer(
    catalogue: Catalogue, images: pd.DataFrame, bundle: Bundle | None, lesions: pd.DataFrame | None
) -> bool:
    """Show the exams of a data set's patient, the newest first.

    Args:
        catalogue: of the data set.
        images: the patient's rows of it.
        bundle: the model whose predictions are shown, or None.
        lesions: lesions to outline, or None.

    Returns:
        Whether this browser can show the viewer; where it can't, one sentence says so.
    """
    if not is_supported():
        return False
    if images["file"].isna().all():
        show_no_files(images)
        return True

    def address(file: Path) -> str:
        return grant_pixels(file, sandbox())

    predictions = predict_patient(images, bundle) if bundle else {}
    layout = lay_out_patient(images, address, Annotations(lesions, predictions))
    show_viewer(layout, "viewer", grant_marks(catalogue, images))
    if predicted := hang_catalogue_predictions(images, predictions):
        show_network_inputs(predicted)
    return True


def show_predicted_exam(rows: Sequence[HungRow]) -> ViewSettings:
    """Show an exam of predicted files, in the viewer or as pictures.

    Args:
        rows: of the exam, see `hang_predictions`.

    Returns:
        The settings with which it is exported.
    """
    shown = st.segmented_control("Images in", ["viewer", "pictures"], default="viewer", required=True, key="show exam")
    if shown == "viewer" and is_supported():
        show_prediction_viewer(rows)
        return ViewSettings()
    settings = choose_settings()
    show_rows(rows, settings)
    return settings


def show_prediction_viewer(rows: Sequence[HungRow]) -> None:
    """Show an exam of predicted files in the viewer.

    What the network sees of each image is shown below it on request.

    Args:
        rows: of the exam, see `hang_predictions`.
    """

    def address(image: HungImage) -> str:
        return grant_upload(InputFile(image.label, image.source, image.key), sandbox())

    show_reservations(beyond_model(rows), out_of_distribution(rows))
    show_viewer(lay_out_predictions(rows, address), "viewer of predictions")
    show_network_inputs([image for row in rows for image in row if isinstance(image, HungImage)])


def show_network_inputs(images: Sequence[HungImage]) -> None:
    """Show on request what the network reads of each image, and the image's details.

    Args:
        images: with their predictions, in the order in which they hang.
    """
    if st.toggle("What the network sees", key="network inputs", help="Its input, and details of each image"):
        with st.container(horizontal=True):
            for image in images:
                with st.container(width=INPUT_WIDTH):
                    st.markdown(describe_image(image))
                    show_details(image)


def predict_patient(images: pd.DataFrame, bundle: Bundle) -> Predictions:
    """Predict a patient's exams, and show what was predicted for each and its breasts.

    Args:
        images: the patient's rows of a catalogue.
        bundle: the model that predicts.
    """
    predictions: Predictions = {}
    for title, rows in patient_exams(images):
        if title:
            st.markdown(f"**{literal(title)}**")
        if rows["file"].notna().any():
            predictions |= by_source(predict_exam(rows, bundle))
    read = [image for image in predictions.values() if isinstance(image, ImagePrediction)]
    show_reservations(any(image.beyond_model for image in read), any(image.out_of_distribution for image in read))
    return predictions
