"""Measure whether heatmaps lie on known lesions: the pointing game."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mammo_core.documents.report import Localisation
from mammo_core.evaluation.intervals import share_estimate


@dataclass(frozen=True)
class LesionImage:
    """One positive image whose lesions are known, in pixels of the model input.

    Attributes:
        patient: patient_id.
        cam: class activation map of the positive class, float (h, w); it covers the model input.
        breast: bool (rows, columns).
        boxes: top, left, bottom, right of each malignant lesion, float (n, 4).
    """

    patient: str
    cam: np.ndarray
    breast: np.ndarray
    boxes: np.ndarray


def localisation(images: Iterable[LesionImage]) -> Localisation | None:
    """Play the pointing game (Zhang et al. 2018).

    A hit is a heatmap whose maximum lies within a lesion's box.

    Boxes are enlarged by half a cell of the map on each side, for the model and for chance alike.

    Args:
        images: positive images with known lesions; each is looked at once and not kept.

    Returns:
        None without images.
    """
    patients, rows = [], []
    for image in images:
        patients.append(image.patient)
        outside = cam_outside_breast(image.cam, image.breast)
        rows.append((_is_hit(image), _chance(image), outside, 1 - image.breast.mean()))
    if not rows:
        return None
    hits, chances, outsides, airs = np.array(rows, np.float64).T
    return Localisation(
        images=len(rows),
        patients=len(set(patients)),
        hit_rate=share_estimate(patients, hits),
        chance=float(chances.mean()),
        outside=float(outsides.mean()),
        outside_chance=float(airs.mean()),
    )


def cam_outside_breast(cam: np.ndarray, breast: np.ndarray) -> float:
    """Return the share of a heatmap's positive values outside the breast.

    A heatmap without positive values has the share 0.

    Args:
        cam: float (h, w); it covers the model input.
        breast: bool (rows, columns), multiples of h and w.
    """
    rows, columns = breast.shape[0] // cam.shape[0], breast.shape[1] // cam.shape[1]
    inside = breast.reshape(cam.shape[0], rows, cam.shape[1], columns).mean(axis=(1, 3))
    positive = np.clip(cam, 0, None)
    return float((positive * (1 - inside)).sum() / positive.sum()) if positive.any() else 0.0


def _is_hit(image: LesionImage) -> bool:
    peak = np.array(np.unravel_index(int(image.cam.argmax()), image.cam.shape))
    row, column = (peak + 0.5) * _cell(image)
    return bool(_in_boxes(image, row, column).any())


def _chance(image: LesionImage) -> float:
    """Return the share of the breast's pixels that count as a hit."""
    rows, columns = np.nonzero(image.breast)
    in_boxes = _in_boxes(image, rows[:, np.newaxis] + 0.5, columns[:, np.newaxis] + 0.5)
    return float(in_boxes.any(axis=1).mean()) if len(rows) else 0.0


def _in_boxes(image: LesionImage, row: np.ndarray | float, column: np.ndarray | float) -> np.ndarray:
    """Return whether points lie in each enlarged box, bool (…, n)."""
    down, across = _cell(image) / 2
    top, left, bottom, right = image.boxes.T
    return (row >= top - down) & (row <= bottom + down) & (column >= left - across) & (column <= right + across)


def _cell(image: LesionImage) -> np.ndarray:
    """Return height and width of a cell of the map in pixels, float64 (2,)."""
    return np.array(image.breast.shape) / image.cam.shape
