"""Calibrate a network's output, so that probabilities match observed shares.

Training on balanced classes shifts probabilities far up. A logistic curve fitted on validation images, which keep their
natural prevalence, corrects that without changing their order.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

MIN_DISTANCE = 1e-7  # of probabilities from 0 and 1, so that logits are finite


@dataclass(frozen=True)
class Calibration:
    """A logistic curve on the logit of a probability.

    It maps p to 1 / (1 + exp(-(slope · logit(p) + intercept))).

    Attributes:
        slope: above 0, so that the order of images does not change.
        intercept: in logits.
    """

    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, probability: npt.ArrayLike) -> np.ndarray:
        """Return calibrated probabilities, float64 of the input's shape."""
        return expit(self.slope * logit(probability) + self.intercept)


def logit(probability: npt.ArrayLike) -> np.ndarray:
    """Return log(p / (1 - p)), finite also for 0 and 1."""
    clipped = np.clip(np.asarray(probability, np.float64), MIN_DISTANCE, 1 - MIN_DISTANCE)
    return np.log(clipped) - np.log1p(-clipped)


def fit_platt(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> Calibration:
    """Fit a calibration by maximum likelihood.

    The targets are smoothed (Platt 1999).

    Args:
        labels: 0 or 1, (n,), at natural prevalence.
        probabilities: the network's output, (n,) in [0, 1].
    """
    y, x = np.asarray(labels, np.float64), logit(probabilities)
    positives, negatives = y.sum(), len(y) - y.sum()
    target = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        value = np.exp(parameters[0]) * x + parameters[1]  # the exponential keeps the slope above 0
        error = expit(value) - target
        gradient = np.array([np.sum(error * x) * np.exp(parameters[0]), np.sum(error)])
        return float(np.sum(np.logaddexp(0, value) - target * value)), gradient

    result = minimize(loss, np.array([0.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(-5, 5), (-30, 30)])
    return Calibration(float(np.exp(result.x[0])), float(result.x[1]))
