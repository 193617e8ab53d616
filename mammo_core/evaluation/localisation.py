"""Does the heat lie on the lesion? The pointing game, on data that know where their lesions are."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mammo_core.evaluation.metrics import interval

RESAMPLES = 2000


@dataclass(frozen=True)
class Located:
    """One positive image whose lesions are known, in pixels of the model input.

    Attributes:
        patient: patient_id.
        cam: evidence for the positive class, float (h, w); it covers the model input.
        breast: bool (size, size).
        boxes: top, left, bottom, right of each malignant lesion, float (n, 4).
    """

    patient: Any
    cam: np.ndarray
    breast: np.ndarray
    boxes: np.ndarray


def localisation(images: list[Located], resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Any] | None:
    """Play the pointing game (Zhang et al. 2018): a hit is a hottest place within a lesion's box.

    Boxes are enlarged by half a place of the map on each side, for the model and for chance alike.

    Returns:
        images, patients; hit_rate {value, low, high} by bootstrap over patients; chance: the rate of pointing anywhere in
        the breast; outside: share of the heat outside the breast; outside_chance: share of the model input that is. None
        without images.
    """
    if not images:
        return None
    hits = np.array([_hit(image) for image in images], float)
    _, index = np.unique([image.patient for image in images], return_inverse=True)
    total, number = np.bincount(index, hits), np.bincount(index)
    draws = np.random.default_rng(seed).integers(len(number), size=(resamples, len(number)))
    low, high = interval(total[draws].sum(axis=1) / number[draws].sum(axis=1))
    return {
        "images": len(images),
        "patients": len(number),
        "hit_rate": {"value": float(hits.mean()), "low": low, "high": high},
        "chance": float(np.mean([_chance(image) for image in images])),
        "outside": float(np.mean([cam_outside_breast(image.cam, image.breast) for image in images])),
        "outside_chance": float(np.mean([1 - image.breast.mean() for image in images])),
    }


def cam_outside_breast(cam: np.ndarray, breast: np.ndarray) -> float:
    """Return the share of the positive heat that lies outside the breast, 0 without heat.

    Args:
        cam: float (h, w), covers the model input.
        breast: bool (size, size), size a multiple of h and w.
    """
    rows, columns = breast.shape[0] // cam.shape[0], breast.shape[1] // cam.shape[1]
    inside = breast.reshape(cam.shape[0], rows, cam.shape[1], columns).mean(axis=(1, 3))
    positive = np.clip(cam, 0, None)
    return float((positive * (1 - inside)).sum() / positive.sum()) if positive.any() else 0.0


def _hit(image: Located) -> bool:
    step = image.breast.shape[0] / image.cam.shape[0]
    place = np.array(np.unravel_index(int(image.cam.argmax()), image.cam.shape))
    row, column = (place + 0.5) * step
    return bool(_covers(image, row, column).any())


def _chance(image: Located) -> float:
    rows, columns = np.nonzero(image.breast)
    covered = _covers(image, rows[:, np.newaxis] + 0.5, columns[:, np.newaxis] + 0.5)
    return float(covered.any(axis=1).mean()) if len(rows) else 0.0


def _covers(image: Located, row: np.ndarray | float, column: np.ndarray | float) -> np.ndarray:
    reach = image.breast.shape[0] / image.cam.shape[0] / 2
    top, left, bottom, right = image.boxes.T
    return (row >= top - reach) & (row <= bottom + reach) & (column >= left - reach) & (column <= right + reach)
