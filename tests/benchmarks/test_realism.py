import numpy as np
import pytest

from benchmarks.realism import frechet, measure, random_half


def test_frechet_distance_of_shifted_samples_is_the_squared_shift():
    sample = np.random.default_rng(0).normal(size=(200, 3))
    assert frechet(sample, sample) == pytest.approx(0, abs=1e-6)
    assert frechet(sample, sample + np.array([2, 0, 0])) == pytest.approx(4, abs=1e-6)


def test_measure_stripes_are_coherent_and_noise_has_a_flat_spectrum():
    rng = np.random.default_rng(0)
    noise = rng.integers(90, 110, (128, 128)).astype(np.uint8)
    stripes = np.broadcast_to(100 + 20 * np.sin(np.arange(128)), (128, 128)).astype(np.uint8)
    assert measure(stripes)["coherence over 6 px"] > 0.95
    assert measure(noise)["coherence over 6 px"] < 0.4
    assert measure(noise)["slope of the power"] == pytest.approx(0, abs=0.2)
    assert measure(noise)["grey level, percentile 50"] == pytest.approx(100 / 255, abs=0.01)


def test_measure_breast_too_small_has_its_size_only():
    image = np.zeros((128, 128), np.uint8)
    image[40:80, :30] = 100
    assert measure(image) == {
        "breast, share of the image": pytest.approx(40 * 30 / 128**2, abs=0.01),
        "breast, width by height": pytest.approx(0.75),
    }


def test_random_half_keeps_a_patient_together():
    patients = np.repeat(np.arange(10), 4)
    half = random_half(patients, 0).reshape(10, 4)
    assert (half.all(1) | ~half.any(1)).all()
    assert half.any(1).sum() == 5
