"""Lay out exams for the viewer: of a data set's patient, and of predicted files."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from mammo_core.dataset.patients import describe_findings, describe_patient, patient_exams
from mammo_core.dicom.header import Source
from mammo_core.dicom.special_images import special_view
from mammo_core.documents.viewer import Heatmap, LesionBox, ViewerCell, ViewerExam, ViewerLayout
from mammo_core.prediction.exams import SIDES, STANDARD_VIEWS, hang_images
from mammo_core.prediction.image_results import ImagePrediction, UnreadableImage
from mammo_core.prediction.viewing import NO_SIDE, HungImage, HungRow, missing_partner
from mammo_core.storage.path_text import text_path

HEATMAP_SIDE = 128  # pixels: longer side of a heatmap, which is coarser than that

# Returns the address at which the viewer gets a file's pixels.
Address = Callable[[Path], str]


@dataclass(frozen=True)
class Annotations:
    """What is shown over the images of a data set.

    Attributes:
        lesions: of the data set, to be outlined, or None.
        predictions: by file, see `by_source`.
    """

    lesions: pd.DataFrame | None = None
    predictions: Mapping[Source, ImagePrediction | UnreadableImage] = field(default_factory=dict)


def lay_out_patient(images: pd.DataFrame, address: Address, annotations: Annotations) -> ViewerLayout:
    """Lay out a patient's exams, the newest first.

    Args:
        images: the patient's rows of a catalogue; their laterality and view decide how they hang.
        address: of a file's pixels.
        annotations: shown over the images.
    """
    return ViewerLayout(
        exams=tuple(_lay_out_exam(title, rows, address, annotations) for title, rows in patient_exams(images))
    )


def _lay_out_exam(title: str, images: pd.DataFrame, address: Address, annotations: Annotations) -> ViewerExam:
    def laid_out(row: pd.Series | None, partner: pd.Series | None) -> ViewerCell:
        return _missing_cell(partner) if row is None else _lay_out_cell(row, address, annotations)

    hung = hang_images((row for _, row in images.iterrows()), lambda row: (row["laterality"], row["view"]))
    return ViewerExam(
        title=title,
        description=describe_patient(images),
        findings=describe_findings(images),
        rows=tuple((laid_out(right, left), laid_out(left, right)) for right, left in hung),
    )


def lay_out_predictions(rows: Sequence[HungRow], address: Callable[[HungImage], str]) -> ViewerLayout:
    """Lay out an exam of predicted files.

    Args:
        rows: of one exam, see `hang_predictions`.
        address: of an image's pixels.
    """

    def laid_out(image: HungImage | UnreadableImage | None, partner: HungImage | UnreadableImage | None) -> ViewerCell:
        if isinstance(image, HungImage):
            return _lay_out_prediction(image, address)
        name = missing_partner(partner) if isinstance(partner, HungImage) else None
        return ViewerCell(name=name, problem=f"{name} is missing.") if name else ViewerCell()

    cells = tuple((laid_out(right, left), laid_out(left, right)) for right, left in rows)
    return ViewerLayout(exams=(ViewerExam(title="", description="", rows=cells),))


def _lay_out_prediction(image: HungImage, address: Callable[[HungImage], str]) -> ViewerCell:
    cell = ViewerCell(
        name=image.name,
        label=image.label,
        address=address(image),
        special_kind=image.special_kind,
        cancer=image.cancer,
        lesions=None if image.lesions is None else _lesion_boxes(image.lesions),
    )
    return _with_prediction(cell, image.prediction)


def _lay_out_cell(row: pd.Series, address: Address, annotations: Annotations) -> ViewerCell:
    image_id, lesions = str(row["image_id"]), annotations.lesions
    side = None if pd.isna(row["laterality"]) else str(row["laterality"])
    cell = ViewerCell(
        name=f"{side or '?'} {row['view']}",
        image_id=image_id,
        label=f"image {image_id}",
        special_kind=special_view(str(row["view"])) or (None if side else NO_SIDE),
        cancer=bool(row["cancer"] == 1) if pd.notna(row["cancer"]) else None,
        lesions=None if lesions is None else _lesion_boxes(lesions[lesions["image_id"] == row["image_id"]]),
    )
    if pd.isna(row["file"]):
        return cell.model_copy(update={"problem": "File missing."})
    file = text_path(row["file"])
    predicted = _with_prediction(cell, annotations.predictions.get(file))
    return predicted.model_copy(update={"address": address(file)})


def _with_prediction(cell: ViewerCell, prediction: ImagePrediction | UnreadableImage | None) -> ViewerCell:
    """Return a cell with a prediction and its heatmap, or why there is none."""
    if isinstance(prediction, UnreadableImage):
        return cell.model_copy(update={"unpredicted": prediction.error})
    if prediction is None:
        return cell
    update = {
        "probability": float(prediction.probability),
        "no_decision": prediction.no_decision,
        "heatmap": _reduce_heatmap(prediction),
    }
    return cell.model_copy(update=update)


def _reduce_heatmap(prediction: ImagePrediction) -> Heatmap | None:
    """Return a prediction's heatmap over the source's frame, as coarse as it is."""
    rows, columns = prediction.source_shape
    scale = HEATMAP_SIDE / max(rows, columns)
    heatmap = prediction.heatmap(max(1, round(rows * scale)), max(1, round(columns * scale)))
    if heatmap is None:
        return None
    levels = np.round(np.clip(heatmap, 0, 1) * 255).astype(np.uint8)
    return Heatmap(rows=levels.shape[0], columns=levels.shape[1], levels=base64.b64encode(levels.tobytes()).decode())


def _missing_cell(partner: pd.Series | None) -> ViewerCell:
    """Return the cell opposite an image without a partner.

    It names the view that is missing if screening takes it of both breasts.
    """
    if partner is None or partner["laterality"] not in SIDES or partner["view"] not in STANDARD_VIEWS:
        return ViewerCell()
    name = f"{'L' if partner['laterality'] == 'R' else 'R'} {partner['view']}"
    return ViewerCell(name=name, problem=f"{name} is missing.")


def _lesion_boxes(lesions: pd.DataFrame) -> tuple[LesionBox, ...]:
    return tuple(
        LesionBox(
            malignant=bool(lesion.malignant),
            top=float(lesion.top),
            left=float(lesion.left),
            bottom=float(lesion.bottom),
            right=float(lesion.right),
        )
        for lesion in lesions.itertuples()
    )
