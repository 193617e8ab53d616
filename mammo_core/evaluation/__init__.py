"""Predictions → what a reviewer would accept: metrics with confidence intervals over patients, beside baselines."""

from mammo_core.evaluation.calibration import Calibration, fit_platt
from mammo_core.evaluation.operating import at_threshold, choose_threshold
from mammo_core.evaluation.report import Report, evaluate
from mammo_core.evaluation.units import to_breasts, to_patients, to_unit

__all__ = [
    "Calibration",
    "Report",
    "at_threshold",
    "choose_threshold",
    "evaluate",
    "fit_platt",
    "to_breasts",
    "to_patients",
    "to_unit",
]
