"""An answer to an exam → pictures and a report to take away, and where its probabilities lie among known ones."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from PIL import Image, ImageDraw

from mammo_core.dropped import Row, remarks
from mammo_core.evaluation import to_unit
from mammo_core.evaluation.operating import place_among
from mammo_core.figures.evaluation import score_figure
from mammo_core.figures.images import hang, overlay, stretch, to_png
from mammo_core.figures.report import as_html_table, page
from mammo_core.figures.style import COLOURS
from mammo_core.inference import Answer, Prediction
from mammo_core.models import Bundle

TILE = 640  # pixels: height of a view in the picture of an exam
FOOT = 26  # pixels: height of a line of text


def hung_picture(image: Prediction, opacity: float, levels: tuple[int, int] = (0, 255)) -> np.ndarray:
    """Return an image with its heat as a reader hangs it, uint8 (rows, columns, 3).

    Args:
        image: one that could be read.
        opacity: of the heat, in [0, 1].
        levels: grey levels that become black and white, from 0 to 255.
    """
    upload = image.upload
    assert upload is not None, "only a readable image can be hung"
    heat = image.heatmap() if opacity else None
    return hang(
        overlay(stretch(upload.picture, levels), heat, opacity),
        upload.laterality,
        chest_left=not upload.geometry.flipped,
    )


def whole_picture(image: Prediction, picture: np.ndarray, opacity: float) -> np.ndarray:
    """Return another picture of an image, with its heat, as a reader hangs it, uint8 (rows, columns, 3).

    Args:
        image: one that could be read.
        picture: uint8 (rows, columns), the whole source at any resolution.
        opacity: of the heat, in [0, 1].
    """
    assert image.upload is not None, "only a readable image can be hung"
    return hung_picture(replace(image, upload=replace(image.upload, picture=picture)), opacity)


def exam_picture(rows: list[Row], answer: Answer, opacity: float) -> np.ndarray:
    """Return a patient's views hung side by side with what was said of each, uint8 (height, width, 3).

    Args:
        rows: of one patient, see `mammo_core.dropped.hang_exams`.
        answer: which model said it.
        opacity: of the heat, in [0, 1].
    """
    tiles = [[_tile(image, opacity) if image else None for image in row] for row in rows]
    sides = zip(*tiles, strict=True)
    widths = [max((tile.shape[1] for tile in side if tile is not None), default=TILE // 2) for side in sides]
    lines = [
        np.concatenate(
            [
                _padded(tile, width, right=side == 0)
                for side, (tile, width) in enumerate(zip(pair, widths, strict=True))
            ],
            1,
        )
        for pair in tiles
    ]
    foot = Image.new("RGB", (sum(widths), FOOT), "white")
    text = f"{answer.model}, recall from {answer.threshold:.2f}. Research use only, not a diagnosis."
    ImageDraw.Draw(foot).text((8, 6), text, fill="black", font_size=14)
    return np.concatenate([*lines, np.asarray(foot)])


def _tile(image: Prediction, opacity: float) -> np.ndarray:
    picture = Image.fromarray(np.ascontiguousarray(hung_picture(image, opacity)))
    picture = picture.resize((round(picture.width * TILE / picture.height), TILE))
    tile = Image.new("RGB", (picture.width, TILE + FOOT), "black")
    tile.paste(picture)
    ImageDraw.Draw(tile).text((8, TILE + 6), title_of(image), fill="white", font_size=14)
    return np.asarray(tile)


def _padded(tile: np.ndarray | None, width: int, right: bool) -> np.ndarray:
    """Fill a tile up to a width, at its outer side, so that chest walls meet in the middle."""
    if tile is None:
        return np.zeros((TILE + FOOT, width, 3), np.uint8)
    missing = width - tile.shape[1]
    return np.pad(tile, ((0, 0), (missing, 0) if right else (0, missing), (0, 0)))


def title_of(image: Prediction) -> str:
    """Return side, view and probability of an image that could be read."""
    upload = image.upload
    assert upload is not None, "only a readable image has a title"
    strange = ", unlike the training images" if image.strange else ""
    return f"{upload.laterality or 'side unknown'} {upload.view or 'view unknown'}: {image.probability:.2f}{strange}"


def place_figure(validation: pd.DataFrame, breasts: pd.DataFrame, threshold: float) -> go.Figure:
    """Draw where the breasts' probabilities lie among those of validation breasts with and without cancer.

    Args:
        validation: one row an image, with label and probability.
        breasts: laterality and probability.
        threshold: the operating point.
    """
    figure = score_figure(to_unit(validation, "breast"), threshold)
    for breast in breasts.to_dict("records"):
        figure.add_vline(
            breast["probability"],
            line={"color": COLOURS["neutral"], "width": 2},
            annotation={
                "text": f"<b>{breast['laterality']} {breast['probability']:.2f}</b>",
                "bgcolor": "white",
                "font": {"size": 15},
            },
        )
    return figure.update_layout(height=320)


def answer_html(answer: Answer, exams: Mapping[str, list[Row]], bundle: Bundle, opacity: float) -> str:
    """Return an answer as one HTML file that needs nothing else.

    Args:
        answer: what is reported, with or without the names of files.
        exams: its images by patient, see `mammo_core.dropped.hang_exams`.
        bundle: the model.
        opacity: of the heat, in [0, 1].
    """
    data = bundle.card["data"]
    parts = [
        "<h1>Answer of a model to mammograms</h1>",
        *(f"<p class=limit>{escape(limit)}</p>" for limit in bundle.card["limits"]),
        f"<p>Model {escape(bundle.name)}, {escape(bundle.card['network'])} network, trained on {escape(data['dataset'])}. "
        f"A breast is the mean of its images, a patient the highest breast; recall from {answer.threshold:.3f}.</p>",
    ]
    validation = bundle.validation()
    for patient, rows in exams.items():
        picture = base64.b64encode(to_png(exam_picture(rows, answer, opacity))).decode()
        parts += [
            f"<h2>Patient {escape(patient)}</h2>",
            as_html_table(_units(answer, patient, validation)),
            *(f"<p>{escape(remark)}</p>" for remark in remarks(rows)),
            f'<img alt="Views with heatmaps" style="max-width:100%" src="data:image/png;base64,{picture}">',
        ]
    images = pd.DataFrame(
        [image.to_json() | {"heat outside the breast": image.heat_outside()} for image in answer.images]
    )
    parts += ["<h2>Images</h2>", as_html_table(_shown(images))]
    return page("Answer of a model to mammograms", parts)


def _units(answer: Answer, patient: str, validation: pd.DataFrame) -> pd.DataFrame:
    """Return a table for people: the patient and each breast, and where they lie among the validation part."""
    breasts = answer.breasts[answer.breasts["patient"] == patient]
    whole = answer.patients[answer.patients["patient"] == patient].assign(laterality="patient, highest breast")
    table = pd.concat([breasts, whole]).drop(columns="patient").rename(columns={"laterality": "breast"})
    places = [place_among(validation, value, "breast") for value in breasts["probability"]]
    places += [place_among(validation, value, "patient") for value in whole["probability"]]
    return _shown(table.assign(place=places))


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    words = {
        "probability": lambda value: "–" if pd.isna(value) else f"{value:.3f}",
        "heat outside the breast": lambda value: "–" if pd.isna(value) else f"{value:.0%}",
        "recall": {True: "yes", False: "no"}.get,
        "unlike_training": {True: "yes: no basis", False: "no"}.get,
    }
    return table.assign(**{name: table[name].map(word) for name, word in words.items() if name in table})
