"""Show a patient's exams in the viewer."""

from pathlib import Path

import pandas as pd
import streamlit as st

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.patients import patient_exams
from mammo_core.dicom.header import Source
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.image_results import ImagePrediction, UnreadableImage
from mammo_core.prediction.viewer_layout import Annotations, lay_out_patient
from mammo_core.prediction.viewing import by_source
from ui.exam_view import predict_exam, show_no_files, show_reservations
from ui.literal import literal
from ui.mark_access import grant_marks
from ui.pixel_route import grant_pixels
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
    return True


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
