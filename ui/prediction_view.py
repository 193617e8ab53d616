"""An exam's answer on the predict page: model, breasts, hung views, and what can be said against it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from mammo_core.dicom import Source
from mammo_core.evaluation.operating import describe_percentile
from mammo_core.evaluation.report import format_estimate
from mammo_core.figures.exams import exam_score_figure
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.exams import Row, exam_warnings
from mammo_core.prediction.rendering import hung_picture, to_png
from mammo_core.prediction.results import ExamReport, Prediction
from mammo_core.prediction.viewing import ViewSettings
from ui.zoom import zoom


def show_model(bundle: Bundle) -> None:
    """Say which model answers, what it learnt from, and what its answers are worth."""
    card, auc = bundle.card, bundle.evaluation().auc
    origin = "synthetic images" if bundle.synthetic else "images"
    st.markdown(
        f":small[**{bundle.name}**: {card['network']} network, {card['weights']:,} weights, trained on {origin} "
        f"({card['data']['dataset']}). Breast-level AUC {format_estimate(auc)}. "
        f"Recall from {bundle.threshold:.2f}.]"
    )
    st.caption(" ".join(card["limits"]))


def choose_look() -> ViewSettings:
    """Let a person choose how the pictures are drawn."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        heated = st.toggle("Heatmap", value=True, key="heatmap", width="content")
        opacity = st.slider("Heatmap opacity", 0.05, 1.0, 0.6, 0.05, key="opacity", disabled=not heated, width=200)
        grey = st.slider("Black and white, grey levels", 0, 255, (0, 255), key="levels", width=260)
        width = st.slider("Width of a view, pixels", 200, 700, 320, 20, key="width", width=220)
    return ViewSettings(grey=grey, opacity=opacity if heated else 0.0, width=width)


def show_exam(
    answer: ExamReport, patient: str, rows: list[Row], bundle: Bundle, look: ViewSettings, sources: Mapping[str, Source]
) -> None:
    """Hang a patient's views with what the model says of images, breasts and patient."""
    breasts = answer.breasts[answer.breasts["patient"] == patient].sort_values("laterality", ascending=False)
    patients = answer.patients[answer.patients["patient"] == patient]
    validation = bundle.validation()
    with st.container(border=True):
        columns = st.columns([2, *[2] * len(patients), *[2] * len(breasts)], vertical_alignment="top")
        columns[0].markdown(f"#### Patient {patient}")
        units = [*patients.to_dict("records"), *breasts.to_dict("records")]
        for column, unit in zip(columns[1:], units, strict=True):
            with column:
                show_unit(unit, validation, bundle.threshold)
        for remark in exam_warnings(rows):
            st.caption(f":material/info: {remark}")
        if any(image and image.out_of_distribution for row in rows for image in row):
            st.warning(
                "Some images are unlike those that the model learnt from: what it says of them has no basis.",
                icon=":material/warning:",
            )
        for row in rows:
            with st.container(horizontal=True, horizontal_alignment="center", gap="xxsmall"):
                for image in row:
                    with st.container(width=look.width):
                        if image is not None:
                            show_image(image, look, sources)
        if len(breasts):
            with st.expander("Where the breasts' probabilities lie among the model's validation breasts"):
                st.plotly_chart(exam_score_figure(validation, breasts, bundle.threshold), key=f"place of {patient}")


def show_unit(unit: dict[str, Any], validation: pd.DataFrame, threshold: float) -> None:
    """Show what is said of a breast or a patient, and where that lies among validation."""
    side = unit.get("laterality")
    title = f"Breast {side}, mean of {unit['images']}" if side else "Patient, highest breast"
    decision = ":red-badge[recall]" if unit["recall"] else ":green-badge[no recall]"
    if unit["out_of_distribution"]:
        decision = ":orange-badge[no basis]"
    st.metric(title, f"{unit['probability']:.2f}")
    st.markdown(f"{decision} :small[from {threshold:.2f}]")
    st.caption(describe_percentile(validation, unit["probability"], "breast" if side else "patient"))


def show_image(image: Prediction, look: ViewSettings, sources: Mapping[str, Source]) -> None:
    """Show one image with its heat, and what was said of it."""
    upload = image.upload
    if upload is None:
        return
    st.image(to_png(hung_picture(image, look.opacity, look.grey)), width="stretch")
    text, button, details = st.columns([6, 1, 1], vertical_alignment="center")
    badge = " · :orange-badge[unlike the training images]" if image.out_of_distribution else ""
    text.markdown(
        f":small[{upload.laterality or '?'} {upload.view or '?'} · **{image.probability:.2f}** · {image.file}]{badge}"
    )
    if button.button(
        "", icon=":material/zoom_in:", key=f"zoom {upload.digest}", help="Full resolution", type="tertiary"
    ):
        zoom(image, look, sources[upload.digest])
    with details.popover("", icon=":material/info:", type="tertiary", help="Details"):
        st.image(upload.model_input, caption="What the network sees: chest wall at the left")
        if (outside := image.cam_outside_breast()) is not None:
            st.caption(f"Share of the heat outside the breast: {outside:.0%}")
        st.caption(f"Distance from the training images: {image.ood_score:.2f}; unlike them above 1")
        for note in upload.notes:
            st.caption(note)
        st.dataframe(pd.Series(upload.tags, name="value").rename_axis("tag"))
