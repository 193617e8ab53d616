"""An exam's answer on the predict page: model, breasts, hung views, and what can be said against it."""

import pandas as pd
import streamlit as st

from mammo_core.dropped import SIDES, VIEWS, Row, View, corrected, remarks
from mammo_core.figures.answer import hung_picture, place_figure
from mammo_core.figures.images import to_png
from mammo_core.inference import Answer, Prediction
from mammo_core.models import Bundle
from pages._inference import heat_opacity, show_limit

UNSAID = "?"


def show_model(bundle: Bundle) -> None:
    """Say which model answers, and what its answers are worth."""
    card = bundle.card
    auc = bundle.evaluation()["auc"]
    text = (
        f"**{bundle.name}** · {card['network']} network, {card['weights']:,} weights, trained on {card['data']['dataset']} · "
        f"breast-level AUC {auc['value']:.2f} (95 % CI {auc['low']:.2f}–{auc['high']:.2f}) · recall from {bundle.threshold:.2f}"
    )
    st.markdown(text)
    show_limit(bundle)


def correct_views(images: list[Prediction]) -> list[Prediction]:
    """Show what is known of each file, and let side and view be set."""
    rows = [
        {
            "file": image.file,
            "patient": image.upload.patient or "unknown",
            "side": image.upload.laterality or UNSAID,
            "view": image.upload.view or UNSAID,
            "read": " ".join(image.upload.notes) or "as it is",
        }
        for image in images
        if image.upload
    ]
    if not rows:
        return images
    unknown = any(UNSAID in (row["side"], row["view"]) for row in rows)
    views = sorted({*VIEWS, UNSAID, *(row["view"] for row in rows)})
    with st.expander("Files: side and view can be set here", expanded=unknown, icon=":material/edit_note:"):
        said = st.data_editor(
            pd.DataFrame(rows),
            hide_index=True,
            disabled=["file", "patient", "read"],
            column_config={
                "side": st.column_config.SelectboxColumn(options=[*SIDES, UNSAID], required=True),
                "view": st.column_config.SelectboxColumn(options=views, required=True),
            },
            key=f"views of {hash(tuple(row['file'] for row in rows))}",
        )
    return corrected(images, {row["file"]: _view(row) for row in said.to_dict("records")})


def _view(row: dict[str, str]) -> View:
    side, view = (None if row[name] == UNSAID else row[name] for name in ("side", "view"))
    return side, view


def show_exam(answer: Answer, patient: str, rows: list[Row], bundle: Bundle) -> None:
    """Hang a patient's views with what the model says of images and breasts."""
    width = st.session_state["width"]
    with st.container(border=True):
        breasts = answer.breasts[answer.breasts["patient"] == patient].sort_values("laterality", ascending=False)
        columns = st.columns([2, *[1] * len(breasts)], vertical_alignment="center")
        columns[0].markdown(f"#### Patient {patient}")
        for column, breast in zip(columns[1:], breasts.to_dict("records"), strict=True):
            decision = ":red-badge[recall]" if breast["recall"] else ":green-badge[no recall]"
            column.metric(f"Breast {breast['laterality']}, mean of {breast['images']}", f"{breast['probability']:.2f}")
            column.markdown(decision)
        for remark in remarks(rows):
            st.caption(f":material/info: {remark}")
        if any(image and image.strange for row in rows for image in row):
            st.warning(
                "Some images are unlike those that the model learnt from: what it says of them has no basis.",
                icon=":material/warning:",
            )
        for row in rows:
            with st.container(horizontal=True, horizontal_alignment="center", gap="xxsmall"):
                for image in row:
                    with st.container(width=width):
                        if image is not None:
                            show_image(image)
        with st.expander("Where these probabilities lie among the model's validation breasts"):
            predictions = bundle.predictions()
            validation = predictions[predictions["part"] == "validation"]
            st.plotly_chart(place_figure(validation, breasts, bundle.threshold), key=f"place of {patient}")


def show_image(image: Prediction) -> None:
    """Show one image with its heat, and what was said of it."""
    upload = image.upload
    if upload is None:
        return
    st.image(to_png(hung_picture(image, heat_opacity(), st.session_state["levels"])), width="stretch")
    text, details = st.columns([5, 1], vertical_alignment="center")
    strange = " · :orange-badge[unlike the training images]" if image.strange else ""
    text.markdown(
        f":small[{upload.laterality or '?'} {upload.view or '?'} · **{image.probability:.2f}** · {image.file}]{strange}"
    )
    with details.popover("", icon=":material/info:", type="tertiary", help="Details"):
        st.image(upload.model_input, caption="What the network sees: chest wall at the left")
        if (outside := image.heat_outside()) is not None:
            st.caption(f"Share of the heat outside the breast: {outside:.0%}")
        st.caption(f"Distance from the training images: {image.strangeness:.2f}; unlike them above 1")
        for note in upload.notes:
            st.caption(note)
        st.dataframe(pd.Series(upload.tags, name="value").rename_axis("tag"))
