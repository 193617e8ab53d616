import numpy as np
import pytest

from mammo_core.evaluation.calibration import Calibration, fit_platt, logit


def test_default_calibration_is_identity():
    assert Calibration().apply([0.1, 0.5]) == pytest.approx([0.1, 0.5])


def test_fit_platt_recovers_probabilities_shifted_by_balanced_training():
    generator = np.random.default_rng(0)
    true_probability = 1 / (1 + np.exp(-(2 * generator.standard_normal(40_000) - 4)))
    labels = (generator.random(40_000) < true_probability).astype(int)
    shifted = 1 / (1 + np.exp(-(0.5 * logit(true_probability) + 2)))
    calibration = fit_platt(labels, shifted)
    assert calibration.slope == pytest.approx(2, abs=0.1)
    assert calibration.intercept == pytest.approx(-4, abs=0.2)
    assert calibration.apply(shifted).mean() == pytest.approx(labels.mean(), abs=0.002)


def test_fit_platt_inverted_predictions_keeps_order():
    labels, probabilities = [1, 1, 0, 0], np.array([0.1, 0.2, 0.8, 0.9])
    assert (np.diff(fit_platt(labels, probabilities).apply(probabilities)) >= 0).all()
