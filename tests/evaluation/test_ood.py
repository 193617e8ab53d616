import numpy as np
import pytest

from builders.geometry import geometry
from mammo_core.evaluation.ood import OODDetector, fit_detector, ood_features

MIXING = np.random.default_rng(3).standard_normal((6, 6))


def features(count: int, seed: int) -> np.ndarray:
    """Correlated features of images from one distribution, (count, 6)."""
    return np.random.default_rng(seed).standard_normal((count, 6)) @ MIXING + 5


@pytest.fixture(scope="module")
def detector() -> OODDetector:
    return fit_detector(features(800, seed=0), features(200, seed=1))


def test_ood_score_same_distribution_within_limit(detector):
    assert (detector.ood_score(features(2000, seed=2)) <= 1).mean() > 0.97


def test_ood_score_unusual_combination_of_usual_values_exceeds_limit(detector):
    usual = features(2000, seed=2)
    direction = np.linalg.svd(usual - usual.mean(axis=0))[2][-1]  # the direction in which they hardly vary
    odd = usual.mean(axis=0) + 8 * direction * (usual - usual.mean(axis=0)).std()
    assert detector.ood_score(odd[np.newaxis])[0] > 1


def test_ood_score_constant_feature_is_finite():
    constant = np.ones((50, 3))
    varied = constant + np.random.default_rng(4).normal(0, [1, 1, 0], (50, 3))
    assert np.isfinite(fit_detector(varied, constant).ood_score(constant)).all()


def test_detector_to_arrays_and_back_gives_same_ood_score(detector):
    images = features(5, seed=2)
    again = OODDetector.from_arrays(detector.to_arrays())
    assert np.array_equal(again.ood_score(images), detector.ood_score(images))


def test_detector_from_incomplete_arrays_raises_key_error(detector):
    arrays = detector.to_arrays()
    del arrays["scale"]
    with pytest.raises(KeyError, match="scale"):
        OODDetector.from_arrays(arrays)


def test_ood_features_match_hand_calculation():
    image = np.zeros((1, 4, 4), np.uint8)
    image[0, :, :2] = 255
    crop = geometry((100, 80), (4, 2), (10, 0, 90, 40))
    (row,) = ood_features(image, [crop], np.array([[7.0]]))
    assert row[:2] == pytest.approx([0.5, 1.0])  # the breast's share, and its mean
    assert row[-3:] == pytest.approx([np.log(2), 0.8, 7.0])
