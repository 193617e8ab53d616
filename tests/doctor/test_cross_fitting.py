import numpy as np

from mammo_core.doctor import cross_fitting
from mammo_core.doctor.cross_fitting import cross_fitted, divide


def test_a_patient_is_predicted_from_others_only():
    generator = np.random.default_rng(0)
    patients = np.repeat(np.arange(40), 2)
    labels = generator.permutation(np.repeat([0, 1], 20))[patients]  # unrelated to the features, which name the patient
    features = np.eye(40, dtype=np.float32)[patients]
    probability = cross_fitted(features, labels, divide(labels, patients), 100.0)
    assert abs(np.corrcoef(probability, labels)[0, 1]) < 0.5
    same_side = cross_fitted(features, labels, divide(labels, np.arange(80)), 100.0)
    assert np.corrcoef(same_side, labels)[0, 1] > 0.7


def test_a_large_store_is_sampled_and_every_image_predicted(monkeypatch):
    monkeypatch.setattr(cross_fitting, "MAX_FITTED", 40)
    labels = np.r_[np.ones(20, int), np.zeros(180, int)]
    features = (labels[:, np.newaxis] + np.random.default_rng(0).normal(0, 0.1, (200, 1))).astype(np.float32)
    probability = cross_fitted(features, labels, divide(labels, np.arange(200)), 10.0, balanced=True)
    assert (probability[:20] > 0.5).all()
    assert (probability[20:] < 0.5).all()
