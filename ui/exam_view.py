"""Show one exam.

Its images are hung with a model's predictions, and each can be shown in full resolution.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from mammo_core.dataset.patients import describe_findings, describe_patient, patient_exams
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.exams import hang_exams
from mammo_core.prediction.image_results import ONLY_SYNTHETIC, UnreadableImage
from mammo_core.prediction.predict import PredictionCache, predict_exams
from mammo_core.prediction.rendering import black_picture, draw_image, to_png
from mammo_core.prediction.viewing import (
    CataloguePredictor,
    HungImage,
    HungRow,
    ViewedImage,
    ViewSettings,
    beyond_model,
    hang_catalogue_exam,
    input_files,
    missing_partner,
    out_of_distribution,
)
from ui.literal import literal
from ui.prediction_view import show_units
from ui.resources import predictor, read_for_display, sandbox
from ui.session import current_workspace, errors_shown
from ui.zoom import zoom

INPUT_WIDTH = 208  # pixels of the page: beside two images of the usual width, four pictures fit into a row
SCORES = "scores of patients"  # in the session state, by model and patient
KEPT_PREDICTIONS = 64  # of images that this session looked at before


def show_patient_exams(
    images: pd.DataFrame, bundle: Bundle | None, lesions: pd.DataFrame | None, settings: ViewSettings
) -> None:
    """Show the exams of a data set's patient, the newest first.

    The arguments are those of `show_catalogue_exam`.
    """
    for title, rows in patient_exams(images):
        heading = f"**{literal(title)}** · " if title else ""
        about = " · ".join(filter(None, [describe_patient(rows), describe_findings(rows)]))
        st.markdown(f"{heading}{literal(about)}")
        show_catalogue_exam(rows, bundle, lesions, settings)


def show_catalogue_exam(
    images: pd.DataFrame, bundle: Bundle | None, lesions: pd.DataFrame | None, settings: ViewSettings
) -> None:
    """Show one exam of a data set's patient.

    Args:
        images: the exam's rows of the catalogue.
        bundle: the model whose predictions are shown, or None.
        lesions: lesions to outline, or None.
        settings: how the images are shown.
    """
    if images["file"].isna().all():
        show_no_files(images)
        return
    report = predict_exam(images, bundle) if bundle else None
    preprocessing = bundle.preprocessing if bundle else PreprocessingConfig()

    def read(file: Path, prepare: bool) -> ViewedImage:
        return read_for_display(file, preprocessing if prepare else None, settings.percentiles)

    show_rows(hang_catalogue_exam(images, read, report, lesions), settings)


def predict_exam(images: pd.DataFrame, bundle: Bundle) -> ExamReport:
    """Predict one exam of a data set's patient.

    What is predicted for the patient and the breasts is shown.

    Args:
        images: the exam's rows of the catalogue.
        bundle: the model that predicts.
    """
    cache = st.session_state.setdefault("exam predictions", PredictionCache(KEPT_PREDICTIONS))
    with errors_shown(), st.spinner("Predicting …"):
        files, network = input_files(images), CataloguePredictor(predictor(bundle))
        report = predict_exams(current_workspace(), files, network, sandbox(), cache=cache)
    with st.container(horizontal=True):
        for exam in hang_exams(report.images):
            show_units(report, exam, bundle)
    remember_score(images, report, bundle)
    return report


def show_no_files(images: pd.DataFrame) -> None:
    """Show that none of an exam's files is here.

    Args:
        images: the exam's rows of the catalogue.
    """
    st.info(f"None of the {len(images):,} files of this exam is on this machine.", icon=":material/folder_off:")


def known_score(bundle: Bundle, patient: str) -> float | None:
    """Return a patient's highest probability, if this session has asked for it."""
    return st.session_state.get(SCORES, {}).get((bundle.identity, patient))


def remember_score(images: pd.DataFrame, report: ExamReport, bundle: Bundle) -> None:
    """Keep a patient's highest probability for this session's list of patients.

    Args:
        images: the patient's rows of the catalogue.
        report: of these images.
        bundle: the model that predicted.
    """
    patients = [patient for exam in hang_exams(report.images) for patient in report.patient_predictions(exam.key)]
    if patients:
        scores = st.session_state.setdefault(SCORES, {})
        scores[bundle.identity, str(images["patient_id"].iloc[0])] = max(patient.probability for patient in patients)


def show_rows(rows: Sequence[HungRow], settings: ViewSettings) -> None:
    """Show the hung images of an exam: right breast at the left, chest walls together."""
    show_reservations(beyond_model(rows), out_of_distribution(rows))
    width = 2 * (settings.width + (INPUT_WIDTH if settings.inputs else 0))
    with st.container(horizontal_alignment="center"):
        for right, left in rows:
            # Side by side, also on a narrow screen
            with st.container(horizontal=True, wrap=False, gap="xxsmall", width=width):
                if settings.inputs:
                    show_input(right)
                for image, partner in ((right, left), (left, right)):
                    with st.container():
                        show_image(image, settings) if image else show_missing(partner)
                if settings.inputs:
                    show_input(left)


def show_reservations(is_beyond_model: bool, is_out_of_distribution: bool) -> None:
    """Show why the probabilities of an exam mean little.

    Args:
        is_beyond_model: whether the model has seen synthetic images only, and an image is none.
        is_out_of_distribution: whether an image is unlike the training images.
    """
    if is_beyond_model:
        st.caption(f":material/block: No decision: {literal(ONLY_SYNTHETIC)}.")
    if is_out_of_distribution:
        st.warning(
            "Some images differ too much from the training images. Ignore these probabilities.",
            icon=":material/warning:",
        )


def show_input(image: HungImage | UnreadableImage | None) -> None:
    """Show the network input of an image, or an empty column if there is none."""
    with st.container(width=INPUT_WIDTH):
        if isinstance(image, HungImage):
            show_model_input(image)


def show_model_input(image: HungImage) -> None:
    """Show what the network reads of an image."""
    if image.content.model_input is not None:
        st.image(
            image.content.model_input,
            caption="Network input (chest wall left)",
            output_format="PNG",
            alt=f"Network input of {image.name}",
        )


def show_missing(partner: HungImage | UnreadableImage | None) -> None:
    """Show a black picture in the place of a missing view.

    So the others hang where they belong.
    """
    if not isinstance(partner, HungImage):
        return
    name = missing_partner(partner)
    picture, alt = to_png(black_picture(partner.content)), f"{name} is missing" if name else None
    st.image(picture, width="stretch", output_format="PNG", alt=alt)
    if name:
        st.markdown(f":small[:gray[{literal(name)} missing]]")


def show_image(image: HungImage | UnreadableImage, settings: ViewSettings) -> None:
    """Show one image with its prediction, or why it can't be shown."""
    if isinstance(image, UnreadableImage):
        st.warning(f"**{literal(image.file)}**: {literal(image.error)}", icon=":material/broken_image:")
        return
    drawn = draw_image(image.content, image.laterality, settings, lesions=image.lesions)
    st.image(to_png(drawn), width="stretch", output_format="PNG", alt=alternative_text(image))
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall"):
        st.markdown(describe_image(image), width="stretch")
        name = literal(image.name)  # of the buttons: the style sheet shows their icons only
        enlarged = st.button(
            f"Enlarge {name}",
            icon=":material/zoom_in:",
            key=f"zoom {image.key}",
            help="Full resolution",
            type="tertiary",
        )
        details = st.popover(
            f"Details of {name}", icon=":material/info:", key=f"details {image.key}", type="tertiary", help="Details"
        )
    if enlarged:
        zoom(image, settings)
    if image.problem:
        st.warning(literal(image.problem), icon=":material/broken_image:")
    with details:
        show_details(image)


def show_details(image: HungImage) -> None:
    """Show what the network read of an image, what was unusual in it, and its header."""
    if image.prediction:
        show_model_input(image)
    for sentence in image.content.details:
        st.caption(literal(sentence))
    st.dataframe(image.content.tags)


def alternative_text(image: HungImage) -> str:
    """Return what tells a reader who can't see an image which one it is."""
    probability = f", probability {image.prediction.probability:.2f}" if image.prediction else ""
    return f"{image.name}, {image.label}{probability}"


def describe_image(image: HungImage) -> str:
    """Return the line below an image: side and view, name, probability and badges."""
    parts = [f":small[{literal(image.name)} · {literal(image.label)}]"]
    if image.prediction:
        probability = f"probability **{image.prediction.probability:.2f}**"
        parts.append(f":grey[{probability}]" if image.prediction.no_decision else probability)
        if image.prediction.out_of_distribution:
            parts.append(":orange-badge[unlike the training images]")
    if image.special_kind:
        parts.append(f":gray-badge[{literal(image.special_kind)}, not counted]")
    if image.cancer:
        parts.append(":orange-badge[cancer]")
    return " · ".join(parts)
