import numpy as np
import pytest

from mammo_core.evaluation.drift import INPUT_STATISTICS, input_drift
from mammo_core.evaluation.ood import OOD_STATISTICS, OODDetector, fit_detector

COUNT = len(INPUT_STATISTICS)
LIKE = np.full(100, 0.5)  # scores of images that are like those of training


def training_images(count: int = 400) -> np.ndarray:
    """Features of the statistics and of two embedded ones."""
    return np.random.default_rng(0).normal(0.5, 0.1, (count, COUNT + 2))


@pytest.fixture
def detector() -> OODDetector:
    return fit_detector(training_images(), training_images())


def test_statistics_are_those_of_the_detector():
    assert COUNT == OOD_STATISTICS


def test_drift_measures_shifts_in_deviations_of_training(detector):
    here = training_images(100)[:, :COUNT]
    here[:, INPUT_STATISTICS.index("image_mean")] -= 0.2
    drift = input_drift(here, LIKE, detector)
    first = drift.statistics[0]
    assert first.statistic == "image_mean"
    assert first.training == pytest.approx(detector.mean[1])
    assert first.elsewhere - first.training == pytest.approx(first.shift * detector.scale[1])
    assert first.shift == pytest.approx(-2, abs=0.3)
    assert [abs(row.shift) for row in drift.statistics] == sorted(
        (abs(row.shift) for row in drift.statistics), reverse=True
    )
    assert "breasts are darker by much (0.50 in training, 0.3" in drift.verdict


@pytest.mark.parametrize(
    ("statistic", "amount", "words"),
    [
        ("image_area", 0.07, "breasts fill more of the image (0."),
        ("image_area", -0.07, "breasts fill less of the image (0."),
        ("image_deviation", 0.2, "contrast within breasts is higher by much"),
        ("breast_shape", 0.07, "breasts are narrower for their height"),
        ("breast_height", -0.07, "breasts take up less of the detector"),
    ],
)
def test_drift_is_described(detector, statistic, amount, words):
    here = np.tile(detector.mean[:COUNT], (10, 1))
    here[:, INPUT_STATISTICS.index(statistic)] += amount
    verdict = input_drift(here, LIKE[:10], detector).verdict
    assert words in verdict
    assert verdict.count("in training") == 1


def test_images_like_those_of_training_look_like_them(detector):
    drift = input_drift(training_images(100)[:, :COUNT], LIKE, detector)
    assert drift.verdict == (
        "0.0 % of the images are unlike those that the model was trained on, where up to 1 % is to be expected. On average "
        "they look like the training images."
    )
    assert (drift.images, drift.out_of_distribution) == (100, 0.0)


def test_many_unlike_images_have_no_basis(detector):
    drift = input_drift(training_images(4)[:, :COUNT], np.array([0.5, 1.0, 1.01, 7.0]), detector)
    assert drift.out_of_distribution == 0.5
    assert drift.verdict.startswith(
        "50.0 % of the images are unlike those that the model was trained on, where up to 1 %"
    )
    assert "to be expected: predictions for these have no basis." in drift.verdict
