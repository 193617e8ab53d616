import numpy as np
import pytest

from mammo_core.errors import ModelError
from mammo_core.evaluation.ood import OODDetector, fit_detector, ood_features
from mammo_core.preprocess import Geometry

GENERATOR = np.random.default_rng(3)
MIXING = GENERATOR.standard_normal((6, 6))


def descriptors(count: int) -> np.ndarray:
    return GENERATOR.standard_normal((count, 6)) @ MIXING + 5


@pytest.fixture(scope="module")
def reference() -> OODDetector:
    return fit_detector(descriptors(800), descriptors(200))


def test_ood_score_same_distribution_within_limit(reference):
    assert (reference.ood_score(descriptors(2000)) <= 1).mean() > 0.97


def test_ood_score_unusual_combination_of_usual_values_exceeds_limit(reference):
    usual = descriptors(2000)
    direction = np.linalg.svd(usual - usual.mean(axis=0))[2][-1]  # the direction in which they hardly vary
    odd = usual.mean(axis=0) + 8 * direction * (usual - usual.mean(axis=0)).std()
    assert reference.ood_score(odd[np.newaxis])[0] > 1


def test_ood_score_constant_feature_is_finite():
    constant = np.ones((50, 3))
    found = fit_detector(constant + GENERATOR.normal(0, [1, 1, 0], (50, 3)), constant)
    assert np.isfinite(found.ood_score(constant)).all()


def test_reference_save_and_read_gives_same_ood_score(reference, tmp_path):
    reference.save(tmp_path / "reference.npz")
    some = descriptors(5)
    assert np.array_equal(OODDetector.read(tmp_path / "reference.npz").ood_score(some), reference.ood_score(some))


def test_read_reference_corrupt_file_raises_model_error(tmp_path):
    (tmp_path / "reference.npz").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="isn't readable"):
        OODDetector.read(tmp_path / "reference.npz")


def test_describe_inputs_matches_hand_calculation():
    image = np.zeros((1, 4, 4), np.uint8)
    image[0, :, :2] = 255
    place = Geometry(100, 80, 10, 0, 90, 40, False, 0, 0, 4, 2)
    (found,) = ood_features(image, [place], np.array([[7.0]]))
    assert found[:2] == pytest.approx([0.5, 1.0])  # the breast's share, and its mean
    assert found[-3:] == pytest.approx([np.log(2), 0.8, 7.0])
