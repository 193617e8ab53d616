"""Predictions → metrics with intervals over patients, compared with baselines."""

from mammo_core.evaluation.baselines import STATISTICS, image_statistics
from mammo_core.evaluation.calibration import Calibration, fit_platt
from mammo_core.evaluation.operating import POLICIES, at_threshold, choose_threshold, per_thousand
from mammo_core.evaluation.report import evaluate
from mammo_core.evaluation.units import to_breasts, to_patients, to_unit

__all__ = [
    "POLICIES",
    "STATISTICS",
    "Calibration",
    "at_threshold",
    "choose_threshold",
    "evaluate",
    "fit_platt",
    "image_statistics",
    "per_thousand",
    "to_breasts",
    "to_patients",
    "to_unit",
]
