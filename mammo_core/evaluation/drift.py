"""Describe how other images differ from those that a model was trained on."""

from collections.abc import Sequence

import numpy as np

from mammo_core.documents.store_evaluation import InputDrift, StatisticShift
from mammo_core.evaluation.baselines import STATISTICS
from mammo_core.evaluation.ood import OODDetector

INPUT_STATISTICS = (*STATISTICS, "breast_shape", "breast_height")  # in the order of `ood_features`
SMALL, LARGE = 0.5, 1.0  # shifts in standard deviations: below the first nothing is said, from the second on "much"
MANY_UNLIKE = 0.05  # share of images; see `ood.HELD_OUT_QUANTILE` for what is expected
WORDS = {  # of each named statistic, where it is lower and where it is higher; percentiles follow from the others
    "image_area": ("breasts fill less of the image", "breasts fill more of the image"),
    "image_mean": ("breasts are darker", "breasts are brighter"),
    "image_deviation": ("contrast within breasts is lower", "contrast within breasts is higher"),
    "breast_shape": ("breasts are wider for their height", "breasts are narrower for their height"),
    "breast_height": ("breasts take up less of the detector", "breasts take up more of the detector"),
}


def input_drift(features: np.ndarray, ood_scores: np.ndarray, detector: OODDetector) -> InputDrift:
    """Compare images with the training images of a model.

    Args:
        features: the first features of each image, see `mammo_core.evaluation.ood.ood_features`, float64 (n, 12).
        ood_scores: of each image, float64 (n,).
        detector: of the model; it holds mean and standard deviation of the training images' features.
    """
    count = len(INPUT_STATISTICS)
    training, scale, elsewhere = detector.mean[:count], detector.scale[:count], features.mean(axis=0)
    shifts = [
        StatisticShift(
            statistic=name, training=float(home), elsewhere=float(here), shift=float((here - home) / deviation)
        )
        for name, home, here, deviation in zip(INPUT_STATISTICS, training, elsewhere, scale, strict=True)
    ]
    shifts.sort(key=lambda shift: -abs(shift.shift))
    unlike = float((ood_scores > 1).mean())
    return InputDrift(
        images=len(features),
        out_of_distribution=unlike,
        statistics=tuple(shifts),
        verdict=f"{_describe_unlike(unlike)} {_describe_shifts(shifts)}",
    )


def _describe_unlike(share: float) -> str:
    many = ": predictions for these have no basis" if share > MANY_UNLIKE else ""
    return (
        f"{100 * share:.1f} % of the images are unlike those that the model was trained on, where up to 1 % is to be "
        f"expected{many}."
    )


def _describe_shifts(shifts: Sequence[StatisticShift]) -> str:
    named = [
        f"{WORDS[shift.statistic][shift.shift > 0]}{' by much' if abs(shift.shift) >= LARGE else ''} "
        f"({shift.training:.2f} in training, {shift.elsewhere:.2f} here)"
        for shift in shifts
        if shift.statistic in WORDS and abs(shift.shift) >= SMALL
    ]
    if not named:
        return "On average they look like the training images."
    text = "; ".join(named)
    return f"On average {text}."
